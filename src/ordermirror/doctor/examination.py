"""All checks in order. What rests on a failed one is skipped, with the reason."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ordermirror.conf import Settings
from ordermirror.doctor import certificate, local, sap
from ordermirror.doctor.findings import (
    ABOUT_DATABASE,
    ABOUT_MIRROR,
    DATABASE,
    TABLES,
    Finding,
    Level,
    fail,
    failed,
    skipped,
    warn,
)
from ordermirror.errors import ConfigError
from ordermirror.sap.access import access_of

AFTER_ADDRESS = (certificate.CERTIFICATE, sap.LOGIN, *sap.AFTER_LOGIN)


def examine(
    variables: Mapping[str, str], *, set_up_django: Callable[[], None], save: Path | None = None
) -> Iterator[Finding]:
    """Findings as they are made; secrets never show in them.

    `save` names a file for a certificate that is not trusted yet.
    """
    settings, findings = local.settings(variables)
    yield from findings
    if settings is None:
        titles = (local.FOLDER, *ABOUT_DATABASE, certificate.ADDRESS, *AFTER_ADDRESS, *ABOUT_MIRROR)
        yield from skipped(titles, "the settings can't be read")
        return
    for finding in _all(settings, set_up_django, save):
        yield finding.without((settings.sap_password, settings.secret_key))


def _all(
    settings: Settings, set_up_django: Callable[[], None], save: Path | None
) -> Iterator[Finding]:
    folders = local.data_folder(settings)
    yield from folders
    database = []
    for finding in _database(settings, set_up_django, folder_failed=failed(folders)):
        database.append(finding)
        yield finding
    yield from _sap(settings, save)
    if not any(finding.title == TABLES and finding.level is Level.OK for finding in database):
        yield from skipped(ABOUT_MIRROR, "there is no database with all its tables")
    elif not settings.sap_company_db:
        yield from skipped(ABOUT_MIRROR, "the settings name no company")
    else:
        yield from _stored().mirror(settings, now=datetime.now(UTC))


def _database(
    settings: Settings, set_up_django: Callable[[], None], *, folder_failed: bool
) -> Iterator[Finding]:
    """Looks only: neither the file nor the key that goes with it is made."""
    file = local.database_file(settings)
    if folder_failed:
        yield from skipped(ABOUT_DATABASE, "its folder can't be used")
    elif file and not file.exists():
        yield warn(DATABASE, f"{file} does not exist yet", "the first `ordermirror sync` makes it")
        yield from skipped(ABOUT_DATABASE[1:], "there is no database yet")
    else:
        try:
            set_up_django()
        except OSError as exc:
            yield fail(DATABASE, f"{exc.filename} can't be used: {exc.strerror}", "mend its rights")
            yield from skipped(ABOUT_DATABASE[1:], "OrderMirror can't start")
            return
        yield from _stored().database()


def _sap(settings: Settings, save: Path | None) -> Iterator[Finding]:
    try:
        access = access_of(settings)
    except ConfigError:
        yield from skipped((certificate.ADDRESS, *AFTER_ADDRESS), "settings are missing")
        return
    reached = certificate.address(access.url)
    yield reached
    if failed([reached]):
        yield from skipped(AFTER_ADDRESS, "SAP can't be reached")
        return
    shown = certificate.certificate(access.url, access.ca_file, now=datetime.now(UTC), save=save)
    yield from shown
    if failed(shown):
        yield from skipped(AFTER_ADDRESS[1:], "the password is sent over a trusted way only")
        return
    yield from sap.examine(access)


def _stored() -> Any:
    """Imported late: it can be loaded once Django is set up."""
    return importlib.import_module("ordermirror.doctor.stored")
