"""`ordermirror company`: which are mirrored, and what a person decides when writing has stopped."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping
from typing import Any

from ordermirror import companies, conf, conflicts, registry, steering
from ordermirror.cli import output
from ordermirror.cli.moments import at
from ordermirror.cli.parser import COMPANY_ACTIONS
from ordermirror.cli.user import ON_THE_SERVER
from ordermirror.database import require_tables
from ordermirror.errors import ConfigError, OrderMirrorError
from ordermirror.models import Company, SalesOrder
from ordermirror.owned.models import Approval, LinePrice, OrderNote

CHOICES = """
What happened?
  The settings or SAP were wrong for a while, and are right again:
      ordermirror company false-alarm      goes on where writing stopped
  SAP was restored from a backup:
      ordermirror company new-epoch        reads everything anew over what is stored;
                                           orders the backup lost stay, marked as missing
  This is another company on purpose:
      ordermirror company new-company      keeps the old mirror under another name
                                           and starts an empty one
"""


def run(arguments: Namespace) -> int:
    require_tables()
    if arguments.action == "list":
        _list(as_json=arguments.json)
        return 0
    if arguments.action in COMPANY_ACTIONS:
        return _manage(arguments)
    company = companies.to_read(arguments.name)
    if arguments.action is None:
        _print(company)
        return 1 if company.conflict else 0
    if not company.conflict:
        raise OrderMirrorError(f"writing for {company.company_db} has not stopped")
    output.say(_decide(company, arguments.action))
    return 0


def _manage(arguments: Namespace) -> int:
    action, name = arguments.action, arguments.name
    if not name:
        raise ConfigError([f"say which company: `ordermirror company {action} NAME`"])
    if action == "add":
        registry.add(name, _settings(arguments.settings))
        output.plain(f"{name} is mirrored from the next refresh on.")
        return 0
    company = companies.to_read(name)
    if action == "set":
        registry.change(company, _settings(arguments.settings))
        output.plain(f"The settings of {name} are changed.")
    elif action == "pause":
        steering.pause(company, steering.by(ON_THE_SERVER))
        output.plain(f"{name} is not refreshed until `ordermirror company resume {name}`.")
    elif action == "resume":
        steering.resume(company, steering.by(ON_THE_SERVER))
        output.plain(f"{name} is refreshed again.")
    else:
        return _remove(company, arguments)
    return 0


def _settings(words: Iterable[str]) -> Mapping[str, str]:
    """By field name: EVERY=10m and ORDERMIRROR_EVERY=10m are the same."""
    given, problems = {}, []
    for word in words:
        name, equals, value = word.partition("=")
        field = name.upper().removeprefix(conf.PREFIX).lower()
        if not equals:
            problems.append(f"{word} is not SETTING=VALUE")
        elif field not in conf.PER_COMPANY:
            problems.append(conf.not_of_a_company(field))
        given[field] = value.strip()
    if problems:
        raise ConfigError(problems)
    return given


def _remove(company: Company, arguments: Namespace) -> int:
    name, deleting = company.company_db, arguments.delete_data
    output.plain(_what_goes(company) if deleting else _what_stays(company))
    if not arguments.yes and not _confirmed(name):
        output.problem("Nothing was removed.")
        return 1
    if deleting:
        registry.delete(company)
        output.plain(f"{name} and all its data are gone.")
    else:
        registry.remove(company)
        output.plain(f"{name} is refreshed no more.")
    return 0


def _what_stays(company: Company) -> str:
    orders = SalesOrder.objects.filter(company=company).count()
    return (
        f"{company.company_db} will be refreshed no more, and its own settings are forgotten. "
        f"Its {orders:,} orders stay and can be read; --delete-data deletes them."
    )


def _what_goes(company: Company) -> str:
    orders = SalesOrder.objects.filter(company=company)
    keys = orders.values("id")
    written = [
        (OrderNote.objects.filter(order__in=keys).count(), "notes"),
        (Approval.objects.filter(order__in=keys).count(), "approvals"),
        (LinePrice.objects.filter(order__in=keys).count(), "revised prices"),
    ]
    return (
        f"{company.company_db} will be deleted with {orders.count():,} orders, their lines and "
        f"history, {', '.join(f'{number:,} {what}' for number, what in written)}. "
        "What people wrote exists nowhere else."
    )


def _confirmed(name: str) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError(["nobody is there to ask; say --yes"])
    return input(f"Type {name} to go on: ").strip() == name


def _list(*, as_json: bool) -> None:
    rows = [_facts(company) for company in Company.objects.order_by("pk")]
    if as_json:
        output.json(rows)
        return
    output.table(
        "Companies",
        ("company", "state", "every", "zone", "own settings"),
        [(*list(row.values())[:4], _own_text(row["own_settings"])) for row in rows],
    )


def _facts(company: Company) -> dict[str, Any]:
    return {
        "company_db": company.company_db,
        "state": _state(company),
        "every": f"{companies.shown(company).every.total_seconds():g}s",
        "time_zone": companies.shown(company).time_zone,
        "own_settings": company.own_settings or {},
    }


def _state(company: Company) -> str:
    if company.conflict:
        return "writing stopped"
    if company.own_settings is None and company.company_db != companies.named_by_environment():
        return "kept"
    return "paused" if company.paused_at else "refreshed"


def _own_text(own: Mapping[str, str]) -> str:
    return " ".join(f"{name.upper()}={text}" for name, text in own.items())


def _print(company: Company) -> None:
    output.pairs(
        company.company_db,
        [
            ("mirrored since", at(company.created_at)),
            ("state", _state(company)),
            ("epoch", company.epoch),
            ("writing", "stopped" if company.conflict else "goes on"),
            ("since", at(company.conflict_at)),
            ("because", company.conflict or "-"),
        ],
    )
    if company.conflict:
        output.console.print(CHOICES, markup=False)


def _decide(company: Company, decision: str) -> str:
    if decision == "new-company":
        name = conflicts.new_company(company)
        return f'The old mirror is kept as "{name}"; the next run starts an empty one.'
    if decision == "new-epoch":
        conflicts.new_epoch(company)
        return "The next run reads every order anew."
    conflicts.false_alarm(company)
    return "The next run goes on where writing stopped."
