"""What can be typed. Standard library only, so that --help needs neither settings nor database."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from ordermirror import __version__, conf

SUMMARY = "An exact, always fresh copy of SAP Business One sales orders."
EXIT_CODES = (
    "exit codes: 0 done, 1 failed or incomplete, 2 misuse or wrong settings, 3 busy or stale"
)

COMPANY_ACTIONS = ("add", "set", "pause", "resume", "remove")
DECISIONS = ("false-alarm", "new-epoch", "new-company")


def build() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ordermirror", description=SUMMARY, epilog=EXIT_CODES)
    parser.add_argument("--version", action="version", version=f"ordermirror {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, (describe, add_arguments) in COMMANDS.items():
        command = commands.add_parser(name, help=describe, description=_sentence(describe))
        add_arguments(command)
    return parser


def _sync(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--full", action="store_true", help="read every order again")
    parser.add_argument("--profile", action="store_true", help="tell where the time went")
    _company_name(parser)
    _json(parser)


def _reconcile(parser: argparse.ArgumentParser) -> None:
    _company_name(parser)
    _json(parser)


def _run(parser: argparse.ArgumentParser) -> None:
    _address(parser)
    parser.add_argument(
        "--every", type=_duration, help="time from one refresh to the next, such as 5m"
    )


def _serve(parser: argparse.ArgumentParser) -> None:
    _address(parser)


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["orders", "lines"])
    parser.add_argument(
        "--format", choices=["ndjson"], default="ndjson", help="one JSON object a line (default)"
    )
    parser.add_argument(
        "--open",
        action="store_true",
        help="open ones only; lines with the largest amount pending first",
    )
    parser.add_argument("--item", metavar="CODE", help="lines of this item only")
    parser.add_argument("--most", type=_above_zero, metavar="N", help="so many lines at the most")
    _company_name(parser)


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("doc_num", type=int, help="the order's number as people say it")
    _company_name(parser)


def _quarantine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", nargs="?", choices=["list", "show", "retry"], default="list", help="(list)"
    )
    parser.add_argument("doc_entry", nargs="?", type=int, help="one order only, by its DocEntry")
    _company_name(parser)
    _json(parser)


def _company(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=["list", *COMPANY_ACTIONS, *DECISIONS],
        help="what to do, or to decide when writing has stopped; without it, the state is told",
    )
    parser.add_argument("name", nargs="?", help="the company's name, as SAP's database is called")
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="SETTING=VALUE",
        help="for add and set, such as EVERY=10m or SAP_PASSWORD=env:MY_PASSWORD; empty: as all",
    )
    parser.add_argument(
        "--delete-data",
        action="store_true",
        help="with remove: its orders, history and notes too, for good",
    )
    parser.add_argument("--yes", action="store_true", help="with remove: do not ask")
    _json(parser)


def _alerts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=["list", "test"],
        default="list",
        help="list what is wrong now and was lately (default), or send a test message",
    )
    _json(parser)


def _status(parser: argparse.ArgumentParser) -> None:
    _company_name(parser)
    _json(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    _json(parser)
    parser.add_argument(
        "--trust",
        action="store_true",
        help="show SAP's certificate or the gateway's to compare, and what trusts it",
    )
    parser.add_argument(
        "--probe-updates",
        type=int,
        metavar="DOC_NUM",
        help="find out, with a test order of yours, what moves UpdateDate at this SAP",
    )


def _settings(parser: argparse.ArgumentParser) -> None:
    _json(parser)


def _nothing(parser: argparse.ArgumentParser) -> None:
    """A command without arguments."""


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup")


def _move_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to",
        type=_database_url,
        required=True,
        metavar="URL",
        help="the other, empty database, as in ORDERMIRROR_DATABASE_URL",
    )


def _user(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["add", "limit", "unlimit"])
    parser.add_argument("name")
    parser.add_argument(
        "--company",
        action="append",
        default=[],
        metavar="NAME",
        help="with add and limit: sees this company only; repeatable",
    )
    parser.add_argument("--admin", action="store_true", help="may do all, and add users at /admin/")
    parser.add_argument(
        "--may",
        action="append",
        default=[],
        choices=["note", "approve", "price", "steer"],
        help="may write notes, decide approvals, revise prices, steer refreshes; repeatable",
    )
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )


def _prune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="count only")
    _json(parser)


def _upgrade(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done")
    parser.add_argument(
        "--backed-up",
        action="store_true",
        help="a backup is made already; needed for a database on a server",
    )


def _manage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="Django's own command")


def _sandbox(parser: argparse.ArgumentParser) -> None:
    _company_size(parser, orders=2000)
    parser.add_argument("--port", type=int, default=50000, help="port to listen on (50000)")
    parser.add_argument(
        "--fat", action="store_true", help="answer every property, so payloads have real size"
    )
    parser.add_argument("--tls", action="store_true", help="https with a certificate of its own")
    parser.add_argument(
        "--latency", default="none", help="none, sap, or milliseconds a request (none)"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="FAULT",
        help="html@3: the third answer is HTML; reset/10: each tenth connection breaks; repeatable",
    )
    parser.add_argument(
        "--business", type=float, default=0.0, metavar="RATE", help="business events a minute (0)"
    )
    parser.add_argument("--open-share", type=float, default=0.35, help="share of open orders")
    parser.add_argument(
        "--stamp-all",
        action="store_true",
        help="every event moves UpdateDate, not only a person's edits",
    )
    parser.add_argument(
        "--max-sessions", type=_above_zero, metavar="N", help="refuse a login beyond N sessions"
    )
    parser.add_argument("--company-db", default="SBODEMO")
    parser.add_argument("--user", default="manager")
    parser.add_argument("--password", default="sandbox")
    parser.add_argument("--gateway-token", metavar="TOKEN", help="what the gateway wants to see")
    parser.add_argument(
        "--gateway-count",
        choices=("text", "number", "none", "bare"),
        default="text",
        help="how the gateway counts; bare: pages are plain lists (text)",
    )
    parser.add_argument(
        "--gateway-dates",
        choices=("dashes", "slashes"),
        default="dashes",
        help="how the gateway writes dates (dashes)",
    )


def _demo(parser: argparse.ArgumentParser) -> None:
    _company_size(parser, orders=2000)
    parser.add_argument("--no-serve", action="store_true", help="end after the first load")
    parser.add_argument("--port", type=int, help="port of the pages (8000, or a free one)")
    parser.add_argument(
        "--every", type=_duration, default="1m", help="time from one refresh to the next (1m)"
    )
    parser.add_argument(
        "--business", type=float, default=20.0, metavar="RATE", help="business events a minute (20)"
    )
    parser.add_argument("--data-dir", type=Path, help="keep the data here (a temporary folder)")
    parser.add_argument(
        "--source",
        choices=(conf.SERVICE_LAYER, conf.GATEWAY),
        default=conf.SERVICE_LAYER,
        help="what is read, the Service Layer or a gateway (service_layer)",
    )


def _company_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--company", metavar="NAME", help="which company, where there are several")


def _company_size(parser: argparse.ArgumentParser, *, orders: int) -> None:
    parser.add_argument("--orders", type=int, default=orders, help=f"how many orders ({orders})")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same orders (1)")


def _address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to serve on")
    parser.add_argument("--port", type=int, help="port to serve on")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _duration(text: str) -> timedelta:
    try:
        return conf.duration(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _above_zero(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def _database_url(text: str) -> str:
    try:
        return conf.database_url(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "demo": ("show the whole product on made-up orders", _demo),
    "sync": ("refresh the mirror once", _sync),
    "reconcile": ("refresh once, and compare counts and sums with SAP's", _reconcile),
    "run": ("serve the pages and keep refreshing", _run),
    "serve": ("serve the pages only", _serve),
    "status": ("tell how fresh the mirror is", _status),
    "alerts": ("tell what is wrong, or test how people are told", _alerts),
    "show": ("print an order with its lines and history", _show),
    "explain": ("tell why an order is shown as it is, and if that is current", _show),
    "refresh": ("ask for one order to be read again by the next run", _show),
    "quarantine": ("list, show or retry documents that could not be taken", _quarantine),
    "company": ("add, pause or remove companies; decide when writing has stopped", _company),
    "export": ("print mirrored data for other programs", _export),
    "doctor": ("check that everything is in place, and say how to mend it", _doctor),
    "settings": ("list every setting with its current value", _settings),
    "migrate": ("prepare or upgrade the database", _nothing),
    "upgrade": ("after a new version: back up, upgrade and check the database", _upgrade),
    "backup": ("copy the SQLite file, while programs use it", _file),
    "restore": ("put a backup in the SQLite file's place", _file),
    "prune": ("let go old history, reads, runs, reconciliations and alerts", _prune),
    "move-database": ("copy everything into another, empty database", _move_database),
    "user": ("add a login for the pages, or limit it to companies", _user),
    "manage": ("run one of Django's own commands", _manage),
    "sandbox": ("run a pretend SAP Business One", _sandbox),
}
