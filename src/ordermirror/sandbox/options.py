"""How a sandbox is set up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Everything that can be chosen about a pretend SAP Business One.

    The defaults are pessimistic where SAP's behaviour is not known for sure: only a person's edit
    moves an order's UpdateDate, deliveries and closings leave no stamp on it.
    """

    orders: int = 2000
    seed: int = 1
    today: date | None = None
    """The day SAP's clock starts on, for repeatable runs. None: it follows the real clock."""
    fat: bool = False
    """Answer every property SAP declares, so that payloads have their real size."""
    tls: bool = False
    latency: str = "none"
    """"none", "sap" (150 ms a request, 8 ms a whole document, 0.1 ms a light row), or "<ms>"."""
    open_share: float = 0.35
    max_lines: int = 60
    items: int = 800
    customers: int = 300
    bump_on: frozenset[str] = frozenset({"edit"})
    """Events that move an order's UpdateDate/UpdateTime: edit, deliver_partial, deliver_full,
    close, cancel, reopen, return_, line_close (one line by hand). "edit" covers edited and removed
    lines."""
    version_bump_on: frozenset[str] | None = None
    """Events that raise an order's DataVersion, which may be others; None: the same."""

    company_db: str = "SBODEMO"
    user: str = "manager"
    password: str = "sandbox"  # noqa: S105  a sandbox's password protects nothing
    login_error_code: int = -304
    """What a refused login answers differs by release: -304, 100000027 and others."""
    wrong_company_status: int = 401
    wrong_company_code: int = -5027
    """A login to a company that is not there: neither status nor code is known for sure."""
    cookie_attributes: str = ""
    """What newer builds may add to the session's cookie, such as "Secure;SameSite=None;"."""
    session_minutes: int = 30
    max_sessions: int | None = None
    """A login beyond so many open sessions is refused. None: any number, as SAP names no limit."""

    page_size: int = 20
    compress: bool = True
    keep_alive_seconds: float = 5.0
    shuffle_unordered: bool = False
    """SAP promises no order without $orderby; this makes the lack of one show."""
    v2_dates: Literal["timestamp", "date"] = "timestamp"
    """Newer v2 releases write "2024-01-31T00:00:00Z", older ones "2024-01-31"."""
    time_filter: Literal["seconds", "minutes", "refused"] = "seconds"
    """How exactly $filter compares times such as UpdateTime."""
    in_operator: bool = False
    """Whether v2 takes `DocEntry in (1,2)`; it is not on the guide's list."""
    next_links: Literal["whole", "skip_only", "rooted"] = "whole"
    """Current builds keep all options in a next link; a few drop them, and 9.x begins at the root
    ("/b1s/v1/Orders?$skip=20")."""
    query_service: bool = True
    """Whether QueryService is there: it was announced for HANA, on SQL Server it is uncertain."""
    query_service_paging: Literal["next_link", "top_skip"] = "next_link"
    """Clients disagree on QueryService: the first page says where the next one begins, or it only
    ends, and the rest is asked for with $skip. Either way an answer is one page at most."""
    sql_permission: bool = True
    """Whether the user may use SQLQueries; SAP gives that right apart."""
    batch_continues: bool = False
    """Whether a $batch obeys `Prefer: odata.continue-on-error`, which SAP does not document."""
    data_version: bool = False
    """Newer releases have DataVersion on documents and an ETag beside it."""
    select_etag: Literal["stuck", "true"] = "stuck"
    """With $select, a build answers the ETag of version 1 whatever the version, and no header."""
    closed_line_keeps_open_quantity: bool = False
    """What a line closed by hand shows as RemainingOpenQuantity is not documented."""
    return_base: Literal["delivery", "order"] = "delivery"
    """What a return's lines name as their base. In SAP it is the delivery (BaseType 15)."""
    gateway_token: str | None = None
    """What the gateway wants to find in its header; None: it lets everybody in."""
    gateway_header: str = "Authorization"
    gateway_page_size: int = 20
    gateway_count: Literal["text", "number", "none", "bare"] = "text"
    """How a page says how many rows the set has. "bare": the answer is a list and nothing else."""
    gateway_dates: Literal["dashes", "slashes"] = "dashes"
