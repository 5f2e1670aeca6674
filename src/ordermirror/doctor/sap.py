"""Checks on SAP: login, rights, and how it answers.

Sends nothing but Login, Logout and GET; where lines are to come from QueryService, one query too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from statistics import median

from ordermirror.doctor.findings import Finding, Level, fail, ok, skipped, warn
from ordermirror.errors import BadAnswer, SAPError, SAPRefused
from ordermirror.sap import wire, wire_masters
from ordermirror.sap.line_rows import rows_after
from ordermirror.sap.service_layer import utc_now
from ordermirror.sap.session import Access, Session, message_of
from ordermirror.sap.source import Traffic
from ordermirror.sap.transport import Answer, HttpTransport

LOGIN, VERSION, PAGES = "login", "Service Layer", "page size"
COMPRESSION, ROUND_TRIP, CLOCK = "compression", "round trip", "clock"
LINES = "QueryService"

PAGE = 50
SLOW_SECONDS = 2.0
CLOCK_TOLERANCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Need:
    """What the product asks of an entity set, and what suffers when it may not."""

    entity: str
    select: str
    suffers: str
    level: Level = Level.WARN

    @property
    def title(self) -> str:
        return f"reading {self.entity}"


NEEDS = (
    Need("Orders", wire.HEADER_SELECT, "nothing can be mirrored", Level.FAIL),
    Need(
        "SalesPersons",
        wire_masters.SALES_PERSON_SELECT,
        "refreshes end before they begin",
        Level.FAIL,
    ),
    Need("Items", wire_masters.ITEM_SELECT, "items show their codes only"),
    Need("Manufacturers", wire_masters.MANUFACTURER_SELECT, "manufacturers show their codes only"),
    Need(
        "BusinessPartners",
        wire_masters.CUSTOMER_SELECT,
        "customers show what their orders say only",
    ),
    Need(
        "DeliveryNotes", wire.FOLLOW_UP_SELECT, "deliveries are found by the audit only, hours late"
    ),
    Need(
        "Invoices", wire.FOLLOW_UP_SELECT,
        "invoices drawn straight from orders are found by the audit only, hours late",
    ),
    Need("Returns", wire.FOLLOW_UP_SELECT, "returned goods are found by the audit only"),
    Need("CreditNotes", wire.FOLLOW_UP_SELECT, "credited goods are found by the audit only"),
)  # fmt: skip
AFTER_LOGIN = (
    VERSION, *(need.title for need in NEEDS), PAGES, COMPRESSION, ROUND_TRIP, CLOCK
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, how long it took and when it came; or why there is none."""

    answer: Answer | None
    problem: str
    seconds: float
    at: datetime


def session_of(access: Access) -> Session:
    transport = HttpTransport(
        ca_file=access.ca_file,
        fingerprint=access.fingerprint,
        total_seconds=access.total_seconds,
        connections=1,
    )
    return Session(access, Traffic(), transport)


def examine(
    access: Access, *, joined_lines: bool = False, clock: Callable[[], datetime] = utc_now
) -> Iterator[Finding]:
    """`joined_lines`: whether refreshes are to read lines by QueryService."""
    with closing(session_of(access)) as session:
        try:
            session.log_in()
        except SAPError as exc:
            yield _no_login(exc, access)
            yield from skipped(AFTER_LOGIN, "there is no login")
            return
        yield ok(LOGIN, f"{access.company_db} lets the SAP user in")
        yield _version(session.version)
        questions = []
        for need in NEEDS:
            asked = _ask(session, need.entity, need.select, 1, access, clock)
            questions.append(asked)
            yield permission(need, asked)
        page = _ask(session, "Orders", wire.LIGHT_SELECT, PAGE, access, clock)
        yield from _page(page)
        if joined_lines:
            yield _lines(session, page, access)
        yield _round_trip(questions)
        yield clock_offset(page)


def words(exc: SAPError, access: Access) -> str:
    """What happened, without the user's name."""
    return str(exc).replace(f" of {access.user} ", " of the SAP user ")


def permission(need: Need, asked: Asked) -> Finding:
    if asked.answer is None:
        return fail(need.title, asked.problem, "run `ordermirror doctor` again")
    answer, then = asked.answer, f"otherwise {need.suffers}"
    if answer.status == 200:
        return _rows_of(need, answer)
    told = f"SAP answered {answer.status}: {message_of(answer)}"
    if answer.status in (401, 403):
        mend = "let the SAP user read it (Administration > Authorizations, and its licence)"
    elif answer.status == 400:
        mend = "this release of SAP does not know all fields that OrderMirror asks for; report it"
    elif answer.status == 404:
        mend = "this release of SAP does not offer it"
    else:
        return fail(need.title, told, "try again later; SAP's own logs tell more")
    return Finding(need.level, need.title, told, f"{mend}; {then}")


def clock_offset(asked: Asked) -> Finding:
    date = asked.answer.headers.get("Date") if asked.answer else None
    try:
        theirs = parsedate_to_datetime(date or "").astimezone(UTC)
    except ValueError:
        return ok(CLOCK, "SAP does not say what time it is")
    offset = theirs - asked.at
    told = f"SAP's server is {abs(offset.total_seconds()):.0f} seconds " + (
        "ahead of" if offset > timedelta() else "behind"
    )
    if abs(offset) <= CLOCK_TOLERANCE:
        return ok(CLOCK, f"{told} this machine")
    return warn(
        CLOCK,
        f"{told} this machine; orders are found all the same, since what to ask for is taken from "
        "SAP's own stamps, but the ages and times that the pages show are this machine's",
        "let both machines set their clocks by a time server",
    )


def _no_login(exc: SAPError, access: Access) -> Finding:
    told = words(exc, access)
    if isinstance(exc, SAPRefused):
        return fail(
            LOGIN, told, "it was tried once and is not tried again, so that SAP does not lock the "
            "user; mend ORDERMIRROR_SAP_USER, _PASSWORD or _COMPANY_DB first"
        )  # fmt: skip
    return fail(LOGIN, told, "try again later; if it stays so, ask the SAP administrator")


def _version(version: str | None) -> Finding:
    if not version:
        return warn(VERSION, "SAP does not say which version it is", "is a proxy in between?")
    digits = version if version.isdigit() and len(version) >= 6 else ""
    release = f" (release {digits[:-5]}.{digits[-5:-3]}.{digits[-3:]})" if digits else ""
    return ok(VERSION, f"version {version}{release}")


def _rows_of(need: Need, answer: Answer) -> Finding:
    try:
        rows = wire.decode_page(answer.body).rows
    except BadAnswer as exc:
        return fail(need.title, str(exc), "does a proxy or portal answer in SAP's place?")
    return ok(need.title, "allowed" if rows else "allowed; there are none yet")


def _page(asked: Asked) -> Iterator[Finding]:
    answer = asked.answer
    if answer is None or answer.status != 200:
        reason = asked.problem if answer is None else f"SAP answered {answer.status}"
        yield from skipped((PAGES, COMPRESSION), reason)
        return
    yield page_size(answer)
    encoding = answer.headers.get("Content-Encoding")
    if encoding:
        yield ok(COMPRESSION, f"used ({encoding})")
    else:
        yield ok(COMPRESSION, "not used; that matters on a slow line to SAP only")


def page_size(answer: Answer) -> Finding:
    try:
        page = wire.decode_page(answer.body)
    except BadAnswer as exc:
        return fail(PAGES, str(exc), "does a proxy or portal answer in SAP's place?")
    got = len(page.rows)
    if got == PAGE:
        return ok(PAGES, f"honoured: {PAGE} rows were asked for, {got} came")
    if got > PAGE:
        return warn(PAGES, f"{PAGE} rows were asked for, {got} came", "is a proxy in between?")
    if page.remaining is not None and page.remaining <= got:
        return ok(PAGES, f"there are {got} orders only, too few to tell")
    return warn(
        PAGES,
        f"{PAGE} rows were asked for, {got} came: a refresh still gets all, with more requests",
        "let the SAP administrator see whether a proxy drops the header `Prefer`, and raise "
        "PageSize in the Service Layer's b1s.conf",
    )


def _lines(session: Session, asked: Asked, access: Access) -> Finding:
    """Of the first order that was shown."""
    try:
        orders = wire.decode_page(asked.answer.body).rows if asked.answer else []
        keys = [wire.decode_doc_entry(order) for order in orders[:1]]
        rows = rows_after(session, keys, None, most=PAGE) if keys else []
    except SAPError as exc:
        return warn(
            LINES, words(exc, access),
            "orders are read whole meanwhile, which is safe; remove ORDERMIRROR_SAP_LINES"
        )  # fmt: skip
    if not rows:
        return ok(LINES, "there is no order with lines yet, so it could not be tried")
    return ok(LINES, "answers; lines come with the fields that are mirrored only")


def _round_trip(questions: list[Asked]) -> Finding:
    seconds = [asked.seconds for asked in questions if asked.answer]
    if not seconds:
        return skipped([ROUND_TRIP], "no question was answered")[0]
    middle = median(seconds)
    told = f"a light request takes {middle * 1000:,.0f} ms (the middle one of {len(seconds)})"
    if middle > SLOW_SECONDS:
        return warn(ROUND_TRIP, told, "run OrderMirror nearer to SAP; refreshes take long so")
    return ok(ROUND_TRIP, told)


def _ask(
    session: Session,
    entity: str,
    select: str,
    rows: int,
    access: Access,
    clock: Callable[[], datetime],
) -> Asked:
    headers = {"Prefer": f"odata.maxpagesize={rows}", "B1S-PageSize": str(rows)}
    counting = "$inlinecount=allpages" if access.url.endswith("/v1") else "$count=true"
    started = time.monotonic()
    try:
        path = f"/{entity}?$select={select}&$top={rows}&{counting}"
        answer, problem = session.ask(path, headers), ""
    except SAPError as exc:
        answer, problem = None, words(exc, access)
    return Asked(answer, problem, time.monotonic() - started, clock())
