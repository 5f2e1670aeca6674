"""Which orders are mirrored, in a sentence under the list; nothing where all are."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from ordermirror.core.scope import Reach
from ordermirror.last_runs import LastRuns
from ordermirror.web import formats

MOST_NAMED = 8


def scope_texts(companies: Iterable[LastRuns]) -> list[str]:
    """One text for each company of which not everything is here; several name their company."""
    told = [(runs.company_db, text) for runs in companies if (text := scope_text(runs.reach))]
    if len(told) < 2:
        return [text for _company, text in told]
    return [f"{company}: {text}" for company, text in told]


def scope_text(reach: Reach) -> str:
    customers, since = reach.target.customers, reach.target.since
    sentences = []
    if customers is not None:
        names = ", ".join(f"{text}…" for text in customers[:MOST_NAMED])
        more = len(customers) - MOST_NAMED
        names += _(" and %(count)s more") % {"count": more} if more > 0 else ""
        sentences.append(_("Orders of customers %(names)s only.") % {"names": names})
    if since is not None:
        day = {"day": formats.day(since)}
        sentences.append(_("Orders that are not open are here from %(day)s on.") % day)
    if reach.lacks:
        sentences.append(_("Others are still being loaded."))
    return " ".join(sentences)
