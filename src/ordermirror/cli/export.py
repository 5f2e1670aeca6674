"""`ordermirror export`: mirrored data for other programs."""

from __future__ import annotations

import sys
from argparse import Namespace

import msgspec
from django.conf import settings

from ordermirror import companies
from ordermirror.database import require_tables
from ordermirror.export import exported_orders


def run(arguments: Namespace) -> int:
    require_tables()
    company = companies.to_read(settings.ORDERMIRROR)
    encoder = msgspec.json.Encoder()
    for order in exported_orders(company.pk, open_only=arguments.open):
        sys.stdout.buffer.write(encoder.encode(order) + b"\n")
    sys.stdout.buffer.flush()
    return 0
