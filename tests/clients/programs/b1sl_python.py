"""Has b1sl-python do one thing and prints what came of it as JSON: ACT URL [ARGUMENT]."""

from __future__ import annotations

import json
import sys

from b1sl.b1sl import B1Client, B1Config, ODataQuery


def read(b1, key):
    order = b1.orders.get(int(key))
    lines = [[line.line_num, line.item_code] for line in order.document_lines]
    return [type(order).__name__, order.doc_entry, order.card_code, str(order.doc_date), lines]


def stream(b1, page_size):
    query = ODataQuery(select=["DocEntry"], filter="DocumentStatus eq 'bost_Open'")
    return [order.doc_entry for order in b1.orders.stream(query, page_size=int(page_size))]


def count(b1):
    return b1.orders.count()


def missing(b1, key):
    try:
        b1.orders.get(int(key))
    except Exception as error:
        return type(error).__name__


def twice(b1, key):
    return [b1.orders.get(int(key)).doc_entry for _ in range(2)]


def batch(b1, *keys):
    with b1.batch() as batch:
        for key in keys:
            batch.orders.get(int(key))
        return [[each.outcome.value, each.status, entry(each)] for each in batch.execute()]


def change_set(b1, *keys):
    with b1.batch() as batch:
        with batch.changeset() as changes:
            for key in keys:
                changes.orders.action(int(key), "Close")
        return [[each.outcome.value, each.status] for each in batch.execute()]


def entry(result):
    return result.data.get("DocEntry") if isinstance(result.data, dict) else None


def lines(b1, key):
    rows = (
        b1.query_service("$crossjoin(Orders,Orders/DocumentLines)")
        .expand({"Orders": ["DocEntry"], "Orders/DocumentLines": ["LineNum", "ItemCode"]})
        .filter(f"Orders/DocEntry eq Orders/DocumentLines/DocEntry and Orders/DocEntry eq {key}")
        .execute()
    )
    return [row["Orders/DocumentLines"] for row in rows]


def sql(b1, code, page_size, least):
    try:
        b1.sql_queries.run(code, least=int(least), unknown=1)
    except Exception as error:
        refusal = type(error).__name__
    rows = b1.sql_queries.run_stream(code, page_size=int(page_size), least=int(least))
    return [refusal, list(rows)]


ACTS = {
    act.__name__: act
    for act in (read, stream, count, missing, twice, batch, change_set, lines, sql)
}


def main(act, url, *arguments):
    config = B1Config(base_url=url, username="manager", password="sandbox", company_db="SBODEMO")
    with B1Client(config) as b1:
        sys.stdout.write(json.dumps(ACTS[act](b1, *arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
