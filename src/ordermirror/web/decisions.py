"""The notes and the approval of an order as its page shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ordermirror.models import SalesOrder
from ordermirror.owned import reading
from ordermirror.owned.models import Approval, OrderNote
from ordermirror.owned.reading import Owned
from ordermirror.owned.writing import Basis
from ordermirror.web import formats
from ordermirror.web.forms import ApprovalForm, NoteForm
from ordermirror.web.statuses import Badge

State = Approval.State
BADGES = {
    State.PENDING: Badge("pending", gettext_noop("Pending")),
    State.APPROVED: Badge("approved", gettext_noop("Approved")),
    State.REJECTED: Badge("rejected", gettext_noop("Rejected")),
}


class NoteRow(NamedTuple):
    author: str
    at: str
    text: str


class Choice(NamedTuple):
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Ready texts; a form is None for who may not use it.

    `moved` says how the order's total moved since the decision, `edited` that only other things
    did.
    """

    badge: Badge
    decided: str
    remark: str
    moved: str
    edited: bool
    choices: tuple[Choice, ...]
    notes: tuple[NoteRow, ...]
    approval_form: ApprovalForm | None
    note_form: NoteForm | None


def decisions_of(
    order: SalesOrder,
    owned: Owned,
    *,
    now: datetime,
    approval_form: ApprovalForm | None = None,
    note_form: NoteForm | None = None,
) -> Decisions:
    """The forms given are the ones that were just sent in vain."""
    approval, basis = owned.approval, basis_of(order)
    shown = approval_form or _approval_form(approval, basis)
    moved = moved_text(approval, basis) if approval else ""
    return Decisions(
        badge=badge_of(approval),
        decided=_decided(approval, now) if approval else "",
        remark=approval.remark if approval else "",
        moved=moved,
        edited=bool(approval and not moved and approval.fingerprint != basis.fingerprint),
        choices=tuple(_choices(str(shown["state"].value()))),
        notes=tuple(_note(note, now) for note in owned.notes),
        approval_form=shown if reading.DECIDE in owned.may else None,
        note_form=(note_form or NoteForm()) if reading.ADD_NOTE in owned.may else None,
    )


def basis_of(order: SalesOrder) -> Basis:
    """What a decision made now is made about: the total as the page shows it, and the document."""
    total = order.doc_total_fc or order.doc_total
    return Basis(total, order.doc_currency or "", getattr(order, "document_hash", None))


def badge_of(approval: Approval | None) -> Badge:
    badge = BADGES[State(approval.state if approval else State.PENDING)]
    return badge._replace(word=_(badge.word))


def moved_text(approval: Approval, basis: Basis) -> str:
    then = (approval.doc_total, approval.doc_currency)
    today = (basis.doc_total, basis.doc_currency)
    if then == today:
        return ""
    words = {"then": _money(*then), "today": _money(*today)}
    return _("Decided when the total was %(then)s; it is %(today)s now.") % words


def _money(total: Decimal | None, currency: str) -> str:
    return f"{formats.amount(total, currency)} {currency}".strip()


def _decided(approval: Approval, now: datetime) -> str:
    words = {"person": approval.decided_by, "at": formats.clock(approval.decided_at, now)}
    return _("by %(person)s, %(at)s") % words


def _approval_form(approval: Approval | None, basis: Basis) -> ApprovalForm:
    """A new decision has its own remark; the old one's is not offered again."""
    return ApprovalForm(
        initial={
            "state": approval.state if approval else State.PENDING,
            "seen": approval.version if approval else 0,
            "document": basis.fingerprint,
        }
    )


def _choices(chosen: str) -> Iterable[Choice]:
    return (Choice(state, _(badge.word), state == chosen) for state, badge in BADGES.items())


def _note(note: OrderNote, now: datetime) -> NoteRow:
    return NoteRow(note.author, formats.clock(note.at, now), note.text)
