"""All checks in order. What rests on a failed one is skipped, with the reason."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from ordermirror.conf import GATEWAY, QUERY_SERVICE, Settings
from ordermirror.doctor import certificate, gateway, local, sap
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
from ordermirror.doctor.peers import SAP, THE_GATEWAY, Peer
from ordermirror.errors import ConfigError
from ordermirror.sap.access import access_of, gateway_access_of
from ordermirror.sap.gateway_session import GatewayAccess
from ordermirror.sap.session import Access

AnyAccess = TypeVar("AnyAccess", Access, GatewayAccess)
AFTER_ADDRESS = (certificate.CERTIFICATE, sap.LOGIN, *sap.AFTER_LOGIN)


def examine(
    variables: Mapping[str, str], *, set_up_django: Callable[[], None]
) -> Iterator[Finding]:
    """Findings as they are made; secrets never show in them."""
    settings, findings = local.settings(variables)
    yield from findings
    if settings is None:
        titles = (local.FOLDER, *ABOUT_DATABASE, certificate.ADDRESS, *AFTER_ADDRESS, *ABOUT_MIRROR)
        yield from skipped(titles, "the settings can't be read")
        return
    for finding in _all(settings, set_up_django):
        yield finding.without((settings.sap_password, settings.gateway_token, settings.secret_key))


def _all(settings: Settings, set_up_django: Callable[[], None]) -> Iterator[Finding]:
    folders = local.data_folder(settings)
    yield from folders
    database = []
    for finding in _database(settings, set_up_django, folder_failed=failed(folders)):
        database.append(finding)
        yield finding
    yield from _source(settings)
    if not any(finding.title == TABLES and finding.level is Level.OK for finding in database):
        yield from skipped(ABOUT_MIRROR, "there is no database with all its tables")
    elif not settings.company():
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


def _source(settings: Settings) -> Iterator[Finding]:
    if settings.source == GATEWAY:
        yield from _at(
            lambda: gateway_access_of(settings),
            lambda access: [gateway.orders(access)],
            after=(gateway.ORDERS,), peer=THE_GATEWAY,
        )  # fmt: skip
    else:
        yield from _at(
            lambda: access_of(settings),
            partial(sap.examine, joined_lines=settings.sap_lines == QUERY_SERVICE),
            after=AFTER_ADDRESS[1:], peer=SAP,
        )  # fmt: skip


def _at(
    named: Callable[[], AnyAccess],
    examine: Callable[[AnyAccess], Iterable[Finding]],
    *,
    after: tuple[str, ...],
    peer: Peer,
) -> Iterator[Finding]:
    """The way there, and only over a trusted one what is there; `after` are its titles."""
    try:
        access = named()
    except ConfigError:
        titles = (certificate.ADDRESS, certificate.CERTIFICATE, *after)
        yield from skipped(titles, "settings are missing")
        return
    reached = certificate.address(access.url, peer)
    yield reached
    if failed([reached]):
        yield from skipped((certificate.CERTIFICATE, *after), f"{peer.name} can't be reached")
        return
    shown = certificate.certificate(
        access.url,
        ca_file=access.ca_file,
        fingerprint=access.fingerprint,
        now=datetime.now(UTC),
        peer=peer,
    )
    yield shown
    if failed([shown]):
        yield from skipped(after, f"{peer.sent} is sent over a trusted way only")
        return
    yield from examine(access)


def _stored() -> Any:
    """Imported late: it can be loaded once Django is set up."""
    return importlib.import_module("ordermirror.doctor.stored")
