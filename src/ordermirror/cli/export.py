"""`ordermirror export`: mirrored data for other programs."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import msgspec

from ordermirror import companies
from ordermirror.database import require_tables
from ordermirror.errors import ConfigError
from ordermirror.export import exported_lines, exported_orders


def run(arguments: Namespace) -> int:
    require_tables()
    company = companies.to_read(arguments.company)
    encoder = msgspec.json.Encoder()
    for row in _rows(company.pk, arguments):
        sys.stdout.buffer.write(encoder.encode(row) + b"\n")
    sys.stdout.buffer.flush()
    return 0


def _rows(company_id: int, arguments: Namespace) -> Iterator[dict[str, Any]]:
    if arguments.what == "lines":
        return exported_lines(
            company_id, open_only=arguments.open, item=arguments.item, most=arguments.most
        )
    if arguments.item is not None or arguments.most is not None:
        raise ConfigError(["--item and --most are for `export lines`"])
    return exported_orders(company_id, open_only=arguments.open)
