"""The names of systems and cases, apart from what needs Django."""

from __future__ import annotations

PRODUCT, FLOOR, BEFORE, TUNED = "OrderMirror", "floor", "before", "tuned"
INCREMENTAL, KEYS_ONLY = "incremental", "incremental, keys only"
BULK_CREATE = "bulk_create"
SYSTEMS = (PRODUCT, FLOOR, BULK_CREATE, KEYS_ONLY, INCREMENTAL, TUNED, BEFORE)
ONE_AT_A_TIME = (KEYS_ONLY, INCREMENTAL, TUNED, BEFORE)
"""Clients that ask SAP one question at a time."""
BASELINES = (BULK_CREATE, *ONE_AT_A_TIME)
PRODUCT_TABLES = (PRODUCT, FLOOR, BULK_CREATE)
"""Whose orders and lines are in OrderMirror's own tables."""

FIRST_LOAD, QUIET = "first load", "quiet"
TEN_CHANGED, MANY_CHANGED, TEN_CLOSED = "10 changed", "500 changed", "10 closed"
AFTER_MANY = "after 500 changed"
CASES = (FIRST_LOAD, QUIET, TEN_CHANGED, MANY_CHANGED, AFTER_MANY, TEN_CLOSED)
CHANGED_ORDERS = {TEN_CHANGED: 10, MANY_CHANGED: 500, TEN_CLOSED: 10}

NO_LATENCY, SAP_LATENCY = "none", "sap"

REFRESH, READ_ALL, PAGE = "quiet run", "every order read again", "list page"
PAGE_MEANWHILE, PENDING_TOTALS = "list page meanwhile", "pending totals of a page"
AS_IT_IS = "as it is"
IN_THREAD, ELSEWHERE = "a run in a thread of the same process", "a run in another process"
"""The other one is forked; a worker of Celery is one that stays."""
