"""`ordermirror user`: logins for the pages, and which companies they see."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from ordermirror import companies
from ordermirror.cli import output
from ordermirror.database import require_tables
from ordermirror.errors import ConfigError
from ordermirror.models import CompanyLimit

ON_THE_SERVER = "command line"
"""The name under which is written down what somebody did there."""
PERMISSIONS = {
    "note": ("ordermirror_owned", "add_ordernote"),
    "approve": ("ordermirror_owned", "change_approval"),
    "price": ("ordermirror_owned", "change_lineprice"),
    "steer": ("ordermirror", "steer"),
}
"""An app's label and the permission's codename."""


def run(arguments: Namespace) -> int:
    require_tables()
    if arguments.action == "add":
        _add(arguments)
        output.say(f"{arguments.name} can now log in.")
        return 0
    user = get_user_model().objects.filter(username=arguments.name).first()
    if user is None:
        raise ConfigError([f"there is no user {arguments.name}"])
    if arguments.action == "limit":
        _limit(user, arguments.company)
    else:
        CompanyLimit.objects.filter(user=user).delete()
    seen = ", ".join(
        companies.visible_to(user).order_by("company_db").values_list("company_db", flat=True)
    )
    output.plain(f"{arguments.name} sees {seen or 'no company'}.")
    return 0


def _add(arguments: Namespace) -> None:
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
        if arguments.company:
            _limit(user, arguments.company)


def _limit(user: User, names: Iterable[str]) -> None:
    """To these companies; to none when none is named."""
    limit, _ = CompanyLimit.objects.get_or_create(user=user)
    limit.companies.set([companies.to_read(name) for name in names])


def _permissions(may: Iterable[str]) -> QuerySet[Permission]:
    wanted = Q(pk__in=[])
    for word in may:
        app, codename = PERMISSIONS[word]
        wanted |= Q(content_type__app_label=app, codename=codename)
    return Permission.objects.filter(wanted)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Password again: "):
        raise ConfigError(["the two passwords differ"])
    return first
