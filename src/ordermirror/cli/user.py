"""`ordermirror user add`: a login for the pages."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from ordermirror.cli import output
from ordermirror.database import require_tables
from ordermirror.errors import ConfigError

PERMISSIONS = {"note": "add_ordernote", "approve": "change_approval", "price": "change_lineprice"}


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
    with transaction.atomic():
        user.save()
        user.user_permissions.set(_permissions(arguments.may))
    output.say(f"{arguments.name} can now log in.")
    return 0


def _permissions(may: Iterable[str]) -> QuerySet[Permission]:
    wanted = [PERMISSIONS[word] for word in may]
    return Permission.objects.filter(
        content_type__app_label="ordermirror_owned", codename__in=wanted
    )


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Password again: "):
        raise ConfigError(["the two passwords differ"])
    return first
