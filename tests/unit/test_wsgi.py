"""What a process that serves pages has done before the first page is asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys

TOLD = """
import gc, json, sys
from ordermirror.project import wsgi
views = "ordermirror.web.views" in sys.modules
print(json.dumps({"frozen": gc.get_freeze_count(), "views": views}))
"""


def test_views_are_imported_and_left_out_of_the_search_for_cycles(tmp_path):
    """A page that the search fell into took 30 ms longer."""
    environment = os.environ | {"ORDERMIRROR_DATA_DIR": str(tmp_path)}
    environment |= {"DJANGO_SETTINGS_MODULE": "ordermirror.project.settings"}

    ended = subprocess.run(
        [sys.executable, "-c", TOLD], env=environment, capture_output=True, text=True, check=True
    )

    told = json.loads(ended.stdout)
    assert told["views"]
    assert told["frozen"] > 50_000
