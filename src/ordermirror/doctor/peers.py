"""Who is at the other end by the settings, and what the doctor's sentences call it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ordermirror.conf import GATEWAY, NEEDED, SERVICE_LAYER, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`address` is the setting that says where it is; `sent` what lets us in."""

    name: str
    program: str
    address: str
    sent: str
    keeper: str
    """Who can mend it."""
    machine: str
    port: str = ""
    """What to know of its port."""


SAP = Peer(
    name="SAP",
    program="the Service Layer",
    address=NEEDED[SERVICE_LAYER][0],
    sent="the SAP user's password",
    keeper="the SAP administrator",
    machine="the SAP server",
    port=" (usually 50000)",
)
THE_GATEWAY = Peer(
    name="the gateway",
    program="the gateway",
    address=NEEDED[GATEWAY][0],
    sent="the token",
    keeper="who runs the gateway",
    machine="the gateway's machine",
)


def peer_of(settings: Settings) -> Peer:
    return THE_GATEWAY if settings.source == GATEWAY else SAP


def url_of(settings: Settings) -> str | None:
    url: str | None = getattr(settings, peer_of(settings).address)
    return url
