"""Checks on this machine that need no database: settings and folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ordermirror import conf
from ordermirror.conf import Settings
from ordermirror.doctor.findings import Finding, fail, ok, warn
from ordermirror.errors import ConfigError

SETTINGS = "settings"
FOLDER = "data folder"

WANTED_BYTES = 10**9
NEEDED_BYTES = 10**8


def settings(variables: Mapping[str, str]) -> tuple[Settings | None, list[Finding]]:
    """The settings, None when they can't be read, and a finding for each mistake."""
    try:
        loaded = conf.load(variables)
    except ConfigError as exc:
        return None, [_mistake(problem) for problem in (*exc.problems, *_missing(variables))]
    missing = _missing(variables)
    if missing:
        return loaded, [_mistake(problem) for problem in missing]
    if trouble := loaded.celery_trouble():
        return loaded, [_mistake(trouble)]
    return loaded, [ok(SETTINGS, f"{len(variables)} set, all of them readable")]


def data_folder(settings: Settings, *, free_bytes: int | None = None) -> list[Finding]:
    """The data folder, and the database's own when that is another."""
    findings = [_folder(FOLDER, settings.data_dir, free_bytes)]
    file = database_file(settings)
    if file and file.parent.resolve() != settings.data_dir.resolve():
        findings.append(_folder("database folder", file.parent, free_bytes))
    return findings


def database_file(settings: Settings) -> Path | None:
    """None when the database is a server's."""
    address = urlsplit(settings.database())
    return Path(unquote(address.path[1:])) if address.scheme == "sqlite" else None


def _mistake(problem: str) -> Finding:
    return fail(
        SETTINGS, problem, "see `ordermirror settings` for every setting, its meaning and value"
    )


def _missing(variables: Mapping[str, str]) -> list[str]:
    source = variables.get(conf.variable("source"), conf.SERVICE_LAYER)
    names = [
        name
        for name in conf.NEEDED.get(source, ())
        if conf.variable(name) not in variables and conf.variable(name) + "_FILE" not in variables
    ]
    return [f"{conf.variable(name)} is not set: {conf.MEANINGS[name]}" for name in names]


def _folder(title: str, folder: Path, free_bytes: int | None) -> Finding:
    if not folder.exists():
        return _absent(title, folder)
    if not folder.is_dir():
        return fail(title, f"{folder} is not a folder", _choose(title))
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    except OSError as exc:
        return fail(
            title,
            f"{folder} can't be written to: {exc.strerror}",
            "give the account that runs OrderMirror the right to write there, or free the disk",
        )
    told = f"{folder} can be written to; {free / 1e9:,.1f} GB are free"
    room = "free some disk space: a full disk stops every refresh"
    if free < NEEDED_BYTES:
        return fail(title, told, room)
    return warn(title, told, room) if free < WANTED_BYTES else ok(title, told)


def _absent(title: str, folder: Path) -> Finding:
    above = next((parent for parent in folder.absolute().parents if parent.exists()), None)
    if above is None or not above.is_dir() or not os.access(above, os.W_OK):
        return fail(title, f"{folder} does not exist and can't be made", _choose(title))
    return warn(
        title,
        f"{folder} does not exist yet",
        f"the first `ordermirror sync` makes it; if there should be data, {_choose(title)}",
    )


def _choose(title: str) -> str:
    name = "data_dir" if title == FOLDER else "database_url"
    return f"check {conf.variable(name)}"
