"""How the Service Layer is asked for rows: paths, filters, counts and pages' sizes."""

from __future__ import annotations

from urllib.parse import quote


def path(entity: str, *options: str) -> str:
    return f"/{entity}?" + "&".join(options)


def filter_of(condition: str) -> str:
    return "$filter=" + quote(condition, safe="'(),-")


def page_headers(page_size: int) -> dict[str, str]:
    """Both of the ways to ask for a page's size; SAP's own default is 20 rows."""
    return {"Prefer": f"odata.maxpagesize={page_size}", "B1S-PageSize": str(page_size)}


def counting(url: str) -> str:
    """What asks for the number of rows that a filter leaves, in the version at this address."""
    return "$inlinecount=allpages" if url.endswith("/v1") else "$count=true"
