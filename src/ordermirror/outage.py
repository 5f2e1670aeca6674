"""A database that stops answering, told in words: where, what became of the work, what to do."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, connection


def trouble(exc: BaseException) -> str | None:
    """What to tell when the database fails under a command; None for any other error."""
    if not isinstance(exc, OperationalError | InterfaceError):
        return None
    said = " ".join(str(exc).split())
    return (
        f"the database failed ({said}) at {_address()}; what was committed stays, the rest was "
        "rolled back, and the next run goes on from there once the database answers"
    )


def _address() -> str:
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return str(known["NAME"])
    return f"{known['HOST'] or 'localhost'}:{known['PORT'] or 'its usual port'}/{known['NAME']}"
