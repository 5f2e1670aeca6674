"""The ways to people: e-mail, and whatever Apprise knows. And the ping that a silence betrays.

E-mail goes out by Django's own SMTP backend, made here: its settings' names differ between
Django's versions.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from importlib import import_module
from smtplib import SMTPException
from urllib.parse import unquote, urlsplit

import urllib3
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from ordermirror.alerts.messages import Message

logger = logging.getLogger(__name__)

SECONDS = 10

Channel = Callable[[Message], None]
"""Sends a message to people; raises ChannelError when none of them will see it."""


class ChannelError(Exception):
    """A message could not be sent; says where and why."""


def email(url: str, *, sender: str, to: Sequence[str]) -> Channel:
    """`url`: smtp://user:password@host:587 (STARTTLS where offered a user), smtps://…:465."""
    parts = urlsplit(url)
    backend = EmailBackend(
        alias="alerts",  # Django 6.1 warns without one, 5.2 has none and passes it over
        host=parts.hostname or "localhost",
        port=parts.port or (465 if parts.scheme == "smtps" else 587 if parts.username else 25),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_ssl=parts.scheme == "smtps",
        # A password never goes over the network in the clear.
        use_tls=parts.scheme == "smtp" and bool(parts.username),
        timeout=SECONDS,
    )

    def send(message: Message) -> None:
        mail = EmailMessage(message.title, message.text, sender, list(to))
        try:
            backend.send_messages([mail])
        except (SMTPException, OSError) as exc:
            raise ChannelError(f"e-mail by {parts.hostname}: {exc}") from exc

    return send


def apprise(urls: Sequence[str]) -> Channel:
    """Telegram, Teams, ntfy and many more; needs the extra `notify`."""
    library = import_module("apprise")
    told = library.Apprise(asset=library.AppriseAsset(app_id="OrderMirror"))
    for url in urls:
        if not told.add(url):
            raise ChannelError("an address in ORDERMIRROR_ALERT_URLS is not one of Apprise's")

    def send(message: Message) -> None:
        kind = library.NotifyType.SUCCESS if message.good else library.NotifyType.FAILURE
        if not told.notify(title=message.title, body=message.text, notify_type=kind):
            raise ChannelError(f"Apprise could not tell all of {len(urls)} addresses")

    return send


def all_of(channels: Sequence[Channel]) -> Channel:
    """Tells by every channel; raises ChannelError only when none took the message.

    A channel that fails beside one that works is logged: the message has arrived.
    """

    def send(message: Message) -> None:
        problems = []
        for channel in channels:
            try:
                channel(message)
            except ChannelError as exc:
                problems.append(str(exc))
        if problems and len(problems) == len(channels):
            raise ChannelError("; ".join(problems))
        for problem in problems:
            logger.error("one way of telling an alert failed: %s", problem)

    return send


def ping(url: str) -> None:
    """Tell a dead man's switch (such as Healthchecks) that all is well. Never raises."""
    try:
        with urllib3.PoolManager(retries=False, timeout=SECONDS) as pool:
            answer = pool.request("GET", url, redirect=False)
        if answer.status >= 400:
            logger.error("the ping was answered with %d", answer.status)
    except (urllib3.exceptions.HTTPError, socket.gaierror) as exc:
        logger.error("the ping failed: %s", type(exc).__name__)
