"""`ordermirror doctor`: is everything in place, and if not, how is it mended?"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape

from ordermirror import conf
from ordermirror.cli import output
from ordermirror.cli.main import FAILED, MISUSE, set_up_django
from ordermirror.doctor import local, sap, trust, updates
from ordermirror.doctor.examination import examine
from ordermirror.doctor.findings import Finding, Level, failed
from ordermirror.errors import OrderMirrorError, SAPError
from ordermirror.sap.access import access_of

COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red", Level.SKIPPED: "dim"}


def run(arguments: Namespace) -> int:
    variables = conf.read_environment()
    if arguments.probe_updates is not None:
        return _probe_updates(conf.load(variables), arguments)
    if arguments.trust:
        return _trust(conf.load(variables), arguments)
    found = examine(variables, set_up_django=set_up_django)
    findings = list(found) if arguments.json else list(_printed(found))
    code = _exit_code(findings)
    if arguments.json:
        output.json({"exit_code": code, "findings": [asdict(each) for each in findings]})
    else:
        output.say(_summary(findings))
    return code


def _exit_code(findings: Iterable[Finding]) -> int:
    findings = list(findings)
    if failed(finding for finding in findings if finding.title == local.SETTINGS):
        return MISUSE
    return FAILED if failed(findings) else 0


def _printed(found: Iterable[Finding]) -> Iterator[Finding]:
    """Each as soon as it is made; those skipped for one reason share a line."""
    held: list[Finding] = []
    for finding in found:
        if held and finding.detail != held[0].detail:
            _print(*held)
            held = []
        if finding.level is Level.SKIPPED:
            held.append(finding)
        else:
            _print(finding)
        yield finding
    if held:
        _print(*held)


def _print(finding: Finding, *alike: Finding) -> None:
    title = ", ".join(each.title for each in (finding, *alike))
    colour = COLOURS[finding.level]
    mend = f" -> {finding.mend}" if finding.mend else ""
    output.say(
        f"[{colour}]{finding.level:<7}[/{colour}] "
        f"[bold]{title}[/bold]: {escape(finding.detail + mend)}"
    )


def _summary(findings: list[Finding]) -> str:
    counts = [(sum(each.level is level for each in findings), level) for level in Level]
    return ", ".join(f"{number} {level}" for number, level in counts if number)


def _trust(settings: conf.Settings, arguments: Namespace) -> int:
    looked = trust.look(settings, now=datetime.now(UTC))
    if arguments.json:
        output.json(looked.as_json())
        return 0
    output.pairs(f"The certificate of {looked.host}, port {looked.port}", looked.facts())
    for sentence in looked.advice():
        output.say(escape(sentence))
    return 0


def _probe_updates(settings: conf.Settings, arguments: Namespace) -> int:
    """Talks on standard error when standard output is for a program."""
    access = access_of(settings)
    console = output.errors if arguments.json else output.console

    def say(text: str) -> None:
        console.print(text, markup=False)

    with closing(sap.session_of(access)) as session:
        try:
            probed = updates.probe(session, arguments.probe_updates, say=say, answer=input)
        except SAPError as exc:
            raise OrderMirrorError(sap.words(exc, access)) from exc
    if arguments.json:
        output.json(_as_json(probed))
    else:
        columns = ("done in SAP", "UpdateDate", "before", "after", "DataVersion")
        output.table("What moved the stamp", columns, updates.rows(probed.measured))
        for sentence in updates.meaning(probed):
            say(sentence)
    measured = any(it.verdict is not updates.Verdict.SKIPPED for it in probed.measured)
    return 0 if measured else FAILED


def _as_json(probed: updates.Probed) -> dict[str, Any]:
    return {
        "steps": {it.step.key: it.verdict.value for it in probed.measured},
        "update_time_to_the_second": probed.to_the_second,
        "data_version_offered": probed.data_version_offered,
        "meaning": list(updates.meaning(probed)),
    }
