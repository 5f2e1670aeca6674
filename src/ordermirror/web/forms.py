"""What people may enter on the pages. Hidden fields carry what they saw when they did."""

from __future__ import annotations

from datetime import date
from typing import cast

from django import forms
from django.utils.translation import gettext_lazy as _

from ordermirror.fields import DECIMALS
from ordermirror.owned.models import Approval
from ordermirror.records import CODE_LENGTH, HIGHEST_ENTRY

LONGEST_NOTE = 2000
WHOLE_DIGITS = 12


class NoteForm(forms.Form):
    text = forms.CharField(
        max_length=LONGEST_NOTE,
        error_messages={
            "required": _("Write something first."),
            "max_length": _("Use at most %(limit_value)d characters; these are %(show_value)d."),
        },
    )


class ApprovalForm(forms.Form):
    """`seen` is the version of the decision and `document` the hash of the order that were seen."""

    state = forms.ChoiceField(
        choices=Approval.State.choices,
        error_messages={
            "required": _("Choose one."),
            "invalid_choice": _("“%(value)s” is not one of the choices."),
        },
    )
    remark = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        error_messages={"max_length": _("Use at most %(limit_value)d characters.")},
    )
    seen = forms.IntegerField(min_value=0)
    document = forms.IntegerField(required=False)


class PriceForm(forms.Form):
    """An empty price takes the revised price back."""

    price = forms.DecimalField(
        required=False,
        min_value=0,
        decimal_places=DECIMALS,
        max_digits=WHOLE_DIGITS + DECIMALS,
        error_messages={
            "invalid": _("Write a number such as 1250.50, without commas."),
            "min_value": _("A price is not negative."),
            "max_decimal_places": _("Use at most %(max)s decimals."),
            "max_digits": _("This number is too large."),
            "max_whole_digits": _("This number is too large."),
        },
    )
    item_code = forms.CharField(required=False, max_length=CODE_LENGTH, strip=False)
    currency = forms.CharField(required=False, max_length=CODE_LENGTH, strip=False)
    seen = forms.IntegerField(min_value=0)


class RereadForm(forms.Form):
    """The posting days of orders that are to be read again, both included."""

    first = forms.DateField(
        error_messages={"required": _("Choose a day."), "invalid": _("Write it as 2026-11-30.")}
    )
    last = forms.DateField(
        error_messages={"required": _("Choose a day."), "invalid": _("Write it as 2026-11-30.")}
    )

    def clean_last(self) -> date:
        first, last = self.cleaned_data.get("first"), self.cleaned_data["last"]
        if first and last < first:
            raise forms.ValidationError(_("This is before the first day."))
        return cast("date", last)


class RetryForm(forms.Form):
    """A document that was set aside, by its DocEntry."""

    entry = forms.IntegerField(min_value=0, max_value=HIGHEST_ENTRY)
