"""`python -m ordermirror` is the `ordermirror` command."""

from __future__ import annotations

import sys

from ordermirror.cli import main

sys.exit(main())
