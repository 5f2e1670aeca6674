"""Orders put together from headers and line rows, so that lines travel with our fields only.

An order is taken when its line rows show the header's stamp and explain its totals; any other one
is read whole. Each run first proves on some orders that both ways yield the same.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from ordermirror.core import torn
from ordermirror.core.fetched import Document
from ordermirror.errors import BadAnswer, BadOrder, SAPRefused
from ordermirror.phases import Phase, during
from ordermirror.records import STATUS_WORDS, LightOrder, Order, light_of
from ordermirror.sap import wire
from ordermirror.sap.query import page_headers
from ordermirror.sap.session import Session
from ordermirror.sap.wire import LineRow

logger = logging.getLogger(__name__)

QUERY_PATH = "$crossjoin(Orders,Orders/DocumentLines)"
EXPAND = f"Orders($select={wire.LIGHT_SELECT}),Orders/DocumentLines($select={wire.LINE_SELECT})"
SAMPLE = 10
_KNOWN_STATUSES = frozenset(STATUS_WORDS.values())


class LineRows:
    """`read_whole` answers documents for keys, and raises when one of them is not shown."""

    def __init__(
        self,
        session: Session,
        *,
        rows_at_once: int,
        read_whole: Callable[[Sequence[int]], list[Document]],
    ) -> None:
        self._session = session
        self._rows_at_once = rows_at_once
        self._read_whole = read_whole
        self._proving = threading.Lock()
        self._proven = False
        self.usable = True
        """False once SAP has refused to answer so, or has answered something else."""

    def documents(
        self, keys: Sequence[int], headers: Sequence[msgspec.Raw], read_at: datetime
    ) -> list[Document]:
        """The same as if the orders had been read whole, in the order of `keys`."""
        found = self._put_together(dict(zip(keys, headers, strict=True)), read_at)
        left = [key for key in keys if key not in found]
        if left:
            found |= {document.doc_entry: document for document in self._read_whole(left)}
        return [found[key] for key in keys]

    def _put_together(
        self, headers: dict[int, msgspec.Raw], read_at: datetime
    ) -> dict[int, Document]:
        """Those orders that can be believed; none when SAP does not answer so."""
        if not self.usable or not headers:
            return {}
        try:
            rows = self._rows(sorted(headers))
        except (SAPRefused, BadAnswer) as exc:
            self._give_up(str(exc))
            return {}
        with during(Phase.DECODE):
            made = [_made(headers[key], rows[key]) for key in headers if key in rows]
        found = {
            order.doc_entry: (Document(order.doc_entry, payload, read_at), order)
            for order, payload in filter(None, made)
        }
        if not self._is_proven({key: order for key, (_, order) in found.items()}):
            return {}
        return {key: document for key, (document, _) in found.items()}

    def _rows(self, keys: Sequence[int]) -> dict[int, list[LineRow]]:
        """All line rows of these orders, page by page until an empty one proves the end."""
        rows: dict[int, list[LineRow]] = defaultdict(list)
        last: LineRow | None = None
        while page := rows_after(self._session, keys, last, most=self._rows_at_once):
            for row in page:
                rows[row.doc_entry].append(row)
            last = page[-1]
        return rows

    def _is_proven(self, orders: dict[int, Order]) -> bool:
        """Once a run, some orders are read whole as well and compared."""
        with self._proving:
            if orders and not self._proven and self.usable:
                sample = list(orders)[:: max(len(orders) // SAMPLE, 1)][:SAMPLE]
                self._proven = all(map(_same(orders), self._read_whole(sample)))
                if not self._proven:
                    self._give_up("its rows differ from the same orders read whole")
            return self.usable

    def _give_up(self, reason: str) -> None:
        if self.usable:
            self.usable = False
            told = f"orders are read whole, since QueryService can't be used: {reason}"
            logger.warning("%s", told)
            self._session.note(told)


def rows_after(
    session: Session, keys: Sequence[int], last: LineRow | None, *, most: int
) -> list[LineRow]:
    """The next line rows of these orders (ascending keys); none when there are no more.

    Raises SAPRefused where SAP does not answer so, BadAnswer for other rows than those asked for.
    """
    body = msgspec.json.encode({"QueryPath": QUERY_PATH, "QueryOption": _option(keys, last, most)})
    headers = {"Content-Type": "application/json", **page_headers(most)}
    page = session.query(body, headers, wire.decode_line_rows)
    for row in page:
        if not keys[0] <= row.doc_entry <= keys[-1] or (last and row[:2] <= last[:2]):
            raise BadAnswer(f"SAP's line rows are not those asked for: {row[:2]}")
        last = row
    return page


def _made(header: msgspec.Raw, rows: Sequence[LineRow]) -> tuple[Order, bytes] | None:
    """The order and its JSON, when header and rows are of one state and nothing is odd."""
    body = bytes(header).rstrip()[:-1]
    lines = b",".join(bytes(row.line) for row in rows)
    payload = body + b',"DocumentLines":[' + lines + b"]}"
    try:
        order = wire.decode_order(rows[0].doc_entry, payload)
        stamps = {wire.decode_light(msgspec.Raw(each)) for each in {bytes(r.order) for r in rows}}
    except (BadOrder, ValueError):
        return None
    return (order, payload) if _believed(order, stamps) else None


def _believed(order: Order, stamps: set[LightOrder]) -> bool:
    statuses = {line.line_status for line in order.lines}
    return (
        stamps == {light_of(order)}
        and statuses <= _KNOWN_STATUSES
        and torn.imbalance(order) is not None
        and not torn.looks_torn(order, None)
    )


def _same(orders: dict[int, Order]) -> Callable[[Document], bool]:
    """Whether a whole document says the same; one that has a new stamp since proves nothing."""

    def same(document: Document) -> bool:
        order = orders[document.doc_entry]
        try:
            whole = wire.decode_order(document.doc_entry, document.payload)
        except BadOrder:
            return False
        return whole == order or light_of(whole) != light_of(order)

    return same


def _option(keys: Sequence[int], last: LineRow | None, rows: int) -> str:
    condition = f"Orders/DocEntry eq Orders/DocumentLines/DocEntry and {_which(keys)}"
    if last:
        condition += (
            f" and (Orders/DocEntry gt {last.doc_entry} or (Orders/DocEntry eq {last.doc_entry} "
            f"and Orders/DocumentLines/LineNum gt {last.line_num}))"
        )
    return (
        f"$expand={EXPAND}&$filter={condition}"
        f"&$orderby=Orders/DocEntry,Orders/DocumentLines/LineNum&$top={rows}"
    )


def _which(keys: Sequence[int]) -> str:
    """A range where the keys are dense, else one by one: a body has room for them."""
    if keys[-1] - keys[0] < 2 * len(keys):
        return f"Orders/DocEntry ge {keys[0]} and Orders/DocEntry le {keys[-1]}"
    return f"({' or '.join(f'Orders/DocEntry eq {key}' for key in keys)})"
