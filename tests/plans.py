"""How the database at hand answers a statement: what it reads from end to end, what it sorts."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.db import connection

BIG = ("ordermirror_salesorder", "ordermirror_orderline", "ordermirror_referenceword",
       "ordermirror_orderread", "ordermirror_orderchange")  # fmt: skip
MANY_ROWS = 5000
"""More than any table has that may be read through, fewer than any that may not."""


def scans(sql: str) -> list[str]:
    """The large tables that would be read from end to end, by table or by index."""
    return list(_OF[connection.vendor][0](sql))


def sorts(sql: str) -> bool:
    """Whether rows are collected and sorted instead of read in order."""
    return _OF[connection.vendor][1](sql)


def _rows(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def _sqlite_scans(sql: str) -> Iterator[str]:
    """By the program itself, since the plan in words names tables by aliases that recur.

    A cursor that is put at the first or last row, instead of being sought, reads all of them.
    """
    tables = dict(_rows("SELECT rootpage, tbl_name FROM sqlite_master WHERE rootpage"))
    opened = {}
    for _, operation, cursor, page, *_ in _rows(f"EXPLAIN {sql}"):
        if operation in ("OpenRead", "OpenWrite"):
            opened[cursor] = tables.get(page)
        if operation in ("Rewind", "Last") and opened.get(cursor) in BIG:
            yield opened[cursor]


def _sqlite_sorts(sql: str) -> bool:
    return any("TEMP B-TREE FOR" in detail for *_, detail in _rows(f"EXPLAIN QUERY PLAN {sql}"))


def _nodes(plan: object) -> Iterator[dict]:
    if isinstance(plan, dict):
        yield plan
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _nodes(part)


def _postgresql_nodes(sql: str) -> Iterator[dict]:
    ((plan,),) = _rows(f"EXPLAIN (FORMAT JSON) {sql}")
    return _nodes(plan if isinstance(plan, list) else json.loads(plan))


def _postgresql_scans(sql: str) -> Iterator[str]:
    for node in _postgresql_nodes(sql):
        by_index = "Index" in node.get("Node Type", "") and "Index Name" in node
        through = by_index and "Index Cond" not in node
        if (node.get("Node Type") == "Seq Scan" or through) and _is_big(node):
            yield node.get("Relation Name") or node["Index Name"]


def _is_big(node: dict) -> bool:
    named = node.get("Relation Name")
    return named in BIG if named else True


def _postgresql_sorts(sql: str) -> bool:
    return any("Sort" in node.get("Node Type", "") for node in _postgresql_nodes(sql))


def _mysql_nodes(sql: str) -> Iterator[dict]:
    ((plan,),) = _rows(f"EXPLAIN FORMAT=JSON {sql}")
    return _nodes(json.loads(plan))


def _mysql_scans(sql: str) -> Iterator[str]:
    """By the number of rows, since the plan names tables by aliases that recur."""
    for node in _mysql_nodes(sql):
        through = node.get("access_type") in ("ALL", "index")
        if through and node.get("rows", node.get("rows_examined_per_scan", 0)) > MANY_ROWS:
            yield node["table_name"]


def _mysql_sorts(sql: str) -> bool:
    return any({"filesort", "read_sorted_file"} & node.keys() for node in _mysql_nodes(sql))


_OF = {
    "sqlite": (_sqlite_scans, _sqlite_sorts),
    "postgresql": (_postgresql_scans, _postgresql_sorts),
    "mysql": (_mysql_scans, _mysql_sorts),
}
