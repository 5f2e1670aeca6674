"""`ordermirror user add`: a login for the pages."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from ordermirror.cli import output
from ordermirror.database import require_tables
from ordermirror.errors import ConfigError


def run(arguments: Namespace) -> int:
    require_tables()
    users = get_user_model()
    user = users(username=arguments.name, is_staff=arguments.admin, is_superuser=arguments.admin)
    password = _password(from_stdin=arguments.password_stdin)
    try:
        user.full_clean(exclude=["password"])
        validate_password(password, user)
    except ValidationError as exc:
        raise ConfigError(exc.messages) from exc
    user.set_password(password)
    user.save()
    output.say(f"{arguments.name} can now log in.")
    return 0


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Password again: "):
        raise ConfigError(["the two passwords differ"])
    return first
