"""dlt on the same orders, as its users would set it up: run by `.bench/venv`, which has dlt.

`python benchmarks/peer.py URL FOLDER` loads or refreshes once and prints what that cost. The REST
source asks for orders stamped since the last run, 100 a page, and merges them into SQLite; it does
not see an order that was closed without a stamp.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import dlt
import requests
from dlt.sources.rest_api import rest_api_source

LOGIN = {"CompanyDB": "SBODEMO", "UserName": "manager", "Password": "sandbox"}
PAGE = 100


def refresh(url: str, folder: Path) -> None:
    session = requests.post(f"{url}/Login", json=LOGIN, timeout=60)
    cookie = "; ".join(f"{it.name}={it.value}" for it in session.cookies)
    headers = {"Cookie": cookie, "Prefer": f"odata.maxpagesize={PAGE}"}
    source = rest_api_source(
        {
            "client": {
                "base_url": url,
                "headers": headers,
                "paginator": {
                    "type": "offset",
                    "limit": PAGE,
                    "offset_param": "$skip",
                    "limit_param": "$top",
                    "total_path": None,
                    "stop_after_empty_page": True,
                },
            },
            "resource_defaults": {"primary_key": "DocEntry", "write_disposition": "merge"},
            "resources": [
                {
                    "name": "orders",
                    "endpoint": {
                        "path": "Orders",
                        "data_selector": "value",
                        "params": {"$filter": "UpdateDate ge '{incremental.start_value}'"},
                        "incremental": {
                            "cursor_path": "UpdateDate",
                            "initial_value": "2000-01-01",
                            "convert": lambda stamp: stamp[:10],
                        },
                    },
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "orders",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{folder}/orders.sqlite3"),
        dataset_name="mirror",
        pipelines_dir=str(folder),
    )
    pipeline.run(source)
    requests.post(f"{url}/Logout", headers=headers, timeout=60)


def main(url: str, folder: str) -> None:
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()
    refresh(url, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "memory": (peak - idle) / 1024,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
