"""What is stored: mirrored orders, and the book-keeping of the runs that keep them true.

Mirrored tables (SalesOrder, OrderLine and those of `master_models`) are written by
`ordermirror.store` alone.
Their field names are SAP's in snake_case; there are no foreign keys to master data, since SAP may
send an order before the customer or item it names.
"""

from __future__ import annotations

from datetime import date
from secrets import token_hex

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce

from ordermirror.fields import ExactDecimalField, code, name
from ordermirror.master_models import Customer as Customer
from ordermirror.master_models import Item as Item
from ordermirror.master_models import Manufacturer as Manufacturer
from ordermirror.master_models import SalesPerson as SalesPerson
from ordermirror.records import (
    CODE_LENGTH,
    DESCRIPTION_LENGTH,
    HIGHEST_ENTRY,
    NAME_LENGTH,
    OPEN,
    STATUS_LENGTH,
    STATUS_WORDS,
)

ENTRIES_PER_COMPANY = HIGHEST_ENTRY + 1
LINES_PER_ORDER = 2**20
WORDS_PER_ORDER = 8
WORD_LENGTH = 48
PERSON_LENGTH = 150
"""As long as Django's user names."""
NO_DATE = date(1000, 1, 1)
"""Where an order without a posting date is listed: after all others, on each database alike."""


class ListedAs(models.TextChoices):
    """The one status an order is listed under; one that is cancelled may be open besides."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    OTHER = "other"


def order_id(company_id: int, doc_entry: int) -> int:
    """The primary key of an order, computed so that writing needs no look-up.

    DocEntry is a positive 32-bit number at SAP, so company ids up to 4,000 leave room for lines.
    """
    return company_id * ENTRIES_PER_COMPANY + doc_entry


def line_id(order: int, line_num: int) -> int:
    return order * LINES_PER_ORDER + line_num


def word_id(order: int, place: int) -> int:
    return order * WORDS_PER_ORDER + place


def new_version() -> str:
    """A name that no other version has, in any installation, at any time."""
    return token_hex(16)


class Company(models.Model):
    """One SAP company database that is mirrored here."""

    company_db = models.CharField(max_length=CODE_LENGTH, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    epoch = models.IntegerField(default=1)
    """Rises when the source was restored from a backup and everything is read anew."""
    conflict = models.TextField(default="")
    """Why nothing is written for this company until a person decides; empty when all is well."""
    conflict_at = models.DateTimeField(null=True)
    manufacturers_version = models.CharField(max_length=32, default=new_version)
    """Names what every item's manufacturer is at present: another one as soon as any changes, in
    the same transaction. What is remembered elsewhere under a version is true of that version."""
    own_settings = models.JSONField(null=True)
    """Settings of its own, by name, as a person typed them, secrets as references. None: it was
    not added by a person; it is refreshed while the environment names it."""
    paused_at = models.DateTimeField(null=True)
    """Since when a person wants it not to be refreshed; None: it is refreshed."""
    asked_at = models.DateTimeField(null=True)
    """When a person last wanted it refreshed at once; a run that began later has done so."""
    customers = models.TextField(null=True)  # noqa: DJ001 - None: all, empty: none
    """Beginnings of the card codes whose orders are mirrored, separated by commas; None: all."""
    since = models.DateField(null=True)
    """The day that orders which are not open go back to; None: all of them."""
    loaded_customers = models.TextField(null=True)  # noqa: DJ001 - None: all, empty: none
    """Those of `customers` whose orders have been loaded back to `loaded_since`."""
    loaded_since = models.DateField(null=True)

    class Meta:
        verbose_name_plural = "companies"
        permissions = [("steer", "Can refresh, pause and resume companies")]

    def __str__(self) -> str:
        return self.company_db


class CompanyLimit(models.Model):
    """The companies that a user may see. A user without such a row sees all of them."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="company_limit"
    )
    companies = models.ManyToManyField(Company, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"companies of {self.user}"


class Lease(models.Model):
    """Who may write for a company now. `fence` rises with each holder, so a late one is refused."""

    company = models.OneToOneField(Company, models.CASCADE, primary_key=True)
    holder = models.CharField(max_length=NAME_LENGTH, default="")
    fence = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.company_id}: {self.holder or 'free'} (fence {self.fence})"


class Probe(models.TextChoices):
    """The questions that are put to SAP."""

    FIRST_LOAD = "first_load", "first load"
    BACKFILL = "backfill", "what a wider scope lacks"
    CHANGED = "changed", "changed"
    OPEN = "open", "open"
    RECENT = "recent", "posted lately"
    DELIVERIES = "deliveries", "deliveries"
    INVOICES = "invoices", "invoices"
    RETURNS = "returns", "returns"
    CREDIT_NOTES = "credit_notes", "credit notes"
    AUDIT = "audit", "audit"
    AUDIT_CLOSED = "audit_closed", "audit of closed orders"
    HINT = "hint", "refresh on request"
    CONFIRM = "confirm", "read again soon after a change"
    ABSENT = "absent", "absent from a full load"
    BY_KEY = "by_key", "by key"
    QUARANTINE = "quarantine", "quarantine"
    IDENTITY = "identity", "identity of the company"
    RECONCILIATION = "reconciliation", "reconciliation"
    SALES_PEOPLE = "sales_people", "sales people"
    MANUFACTURERS = "manufacturers", "manufacturers"
    ITEMS = "items", "items"
    ITEMS_BY_CODE = "items_by_code", "items by code"
    CUSTOMERS = "customers", "customers"
    CUSTOMERS_BY_CODE = "customers_by_code", "customers by code"
    SALES_PEOPLE_BY_CODE = "sales_people_by_code", "sales people by code"
    MANUFACTURERS_BY_CODE = "manufacturer_by_code", "manufacturers by code"


class Position(models.Model):
    """How far a probe has safely got: everything up to here is applied, pending or set aside."""

    company = models.ForeignKey(Company, models.CASCADE)
    probe = models.CharField(max_length=20, choices=Probe)
    doc_entry = models.BigIntegerField(default=0)
    watermark = models.DateField(null=True)
    newest_seen = models.DateField(null=True)
    completed_at = models.DateTimeField(null=True)
    period_seconds = models.IntegerField(null=True)
    """The audit's: within how long every open order is read again, as adapted to what it finds."""
    answer_hash = models.BigIntegerField(null=True)
    """Of what a question about master data was answered the last time, all of which is stored."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "probe"], name="position_company_probe")
        ]

    def __str__(self) -> str:
        return f"{self.probe}: {self.doc_entry} {self.watermark or ''}"


class SalesOrderQuerySet(models.QuerySet["SalesOrder"]):
    def open(self) -> SalesOrderQuerySet:
        return self.filter(document_status=OPEN)

    def shown(self) -> SalesOrderQuerySet:
        """Without the orders of customers that are mirrored no longer."""
        return self.filter(hidden=False)


class SalesOrder(models.Model):
    """A mirrored sales order: the header as SAP answered it, and what is still pending on it."""

    id = models.BigIntegerField(primary_key=True)
    company = models.ForeignKey(Company, models.PROTECT, db_index=False)
    doc_entry = models.BigIntegerField()
    doc_num = models.BigIntegerField()
    series = models.IntegerField(null=True)
    doc_type = code()
    doc_date = models.DateField(null=True)
    doc_due_date = models.DateField(null=True)
    tax_date = models.DateField(null=True)
    creation_date = models.DateField(null=True)
    update_date = models.DateField(null=True)
    update_time = code()
    card_code = code()
    card_name = name()
    num_at_card = name()
    doc_currency = code()
    doc_rate = ExactDecimalField(null=True)
    doc_total = ExactDecimalField(null=True)
    doc_total_fc = ExactDecimalField(null=True)
    vat_sum = ExactDecimalField(null=True)
    vat_sum_fc = ExactDecimalField(null=True)
    discount_percent = ExactDecimalField(null=True)
    total_discount = ExactDecimalField(null=True)
    rounding_diff_amount = ExactDecimalField(null=True)
    sales_person_code = models.IntegerField(null=True)
    payment_group_code = models.IntegerField(null=True)
    contact_person_code = models.IntegerField(null=True)
    ship_to_code = code()
    address = models.TextField(null=True)  # noqa: DJ001 - SAP's null and "" are kept apart
    project = code()
    comments = models.TextField(null=True)  # noqa: DJ001 - SAP's null and "" are kept apart
    document_status = models.CharField(max_length=STATUS_LENGTH, null=True)  # noqa: DJ001 - as SAP sent it
    cancelled = models.BooleanField()
    pending_total = ExactDecimalField()
    hidden = models.BooleanField(default=False)
    """Of a customer who is mirrored no longer: kept as it was then, and shown nowhere."""
    listed_as = models.GeneratedField(
        expression=Case(
            When(cancelled=True, then=Value(ListedAs.CANCELLED.value)),
            When(document_status=OPEN, then=Value(ListedAs.OPEN.value)),
            When(document_status=STATUS_WORDS["bost_Close"], then=Value(ListedAs.CLOSED.value)),
            default=Value(ListedAs.OTHER.value),
        ),
        output_field=models.CharField(max_length=10),
        db_persist=True,
    )
    """A value of ListedAs; the database computes it, so that it can't be wrong."""
    listed_on = models.GeneratedField(
        expression=Coalesce(F("doc_date"), Value(NO_DATE, models.DateField())),
        output_field=models.DateField(),
        db_persist=True,
    )
    """The posting date, never null: databases disagree on where nulls are sorted."""

    objects = SalesOrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "doc_entry"], name="order_company_entry")
        ]
        # Each list walks one of these backwards and stops when its page is full.
        indexes = [
            # The open orders; the due date at the end lets "overdue" be told without the row.
            models.Index(
                fields=["company", "document_status", "listed_on", "doc_entry", "doc_due_date"],
                name="order_status_date",
            ),
            # The closed, the cancelled and the other ones.
            models.Index(
                fields=["company", "listed_as", "listed_on", "doc_entry"], name="order_listed_date"
            ),
            # All of them, and those posted within some days.
            models.Index(fields=["company", "listed_on", "doc_entry"], name="order_date"),
            # A sales person's open orders.
            models.Index(
                fields=[
                    "company",
                    "document_status",
                    "sales_person_code",
                    "listed_on",
                    "doc_entry",
                ],
                name="order_status_person_date",
            ),
            # A sales person's orders of any other status.
            models.Index(
                fields=["company", "sales_person_code", "listed_on", "doc_entry"],
                name="order_person_date",
            ),
            # The orders of customers that a search has found by name; with the status at the end,
            # those that are not open are passed over without their rows.
            models.Index(
                fields=["company", "card_code", "listed_on", "doc_entry", "document_status"],
                name="order_customer_date",
            ),
            # Searches by number, and `ordermirror show`.
            models.Index(fields=["company", "doc_num"], name="order_number"),
        ]

    def __str__(self) -> str:
        return str(self.doc_num)


class OrderLine(models.Model):
    """A mirrored line. One that SAP no longer sends is marked with `removed_at`, never deleted."""

    id = models.BigIntegerField(primary_key=True)
    order = models.ForeignKey(SalesOrder, models.PROTECT, related_name="lines", db_index=False)
    line_num = models.IntegerField()
    visual_order = models.IntegerField(null=True)
    item_code = code()
    item_description = models.CharField(max_length=DESCRIPTION_LENGTH, null=True)  # noqa: DJ001 - SAP's null and "" are kept apart
    quantity = ExactDecimalField(null=True)
    remaining_open_quantity = ExactDecimalField(null=True)
    measure_unit = name()
    unit_price = ExactDecimalField(null=True)
    discount_percent = ExactDecimalField(null=True)
    price = ExactDecimalField(null=True)
    currency = code()
    line_total = ExactDecimalField(null=True)
    row_total_fc = ExactDecimalField(null=True)
    tax_total = ExactDecimalField(null=True)
    open_amount = ExactDecimalField(null=True)
    open_amount_fc = ExactDecimalField(null=True)
    line_status = models.CharField(max_length=STATUS_LENGTH, null=True)  # noqa: DJ001 - as SAP sent it
    warehouse_code = code()
    ship_date = models.DateField(null=True)
    sales_person_code = models.IntegerField(null=True)
    free_text = models.TextField(null=True)  # noqa: DJ001 - SAP's null and "" are kept apart
    tree_type = code()
    parent_line_num = models.IntegerField(null=True)
    pending_amount = ExactDecimalField()
    manufacturer_code = models.IntegerField(null=True)
    """Its item's, which SAP's lines do not carry: it follows the item, and is no order's change."""
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # The lines of an order: its page, exports, comparing.
            models.UniqueConstraint(fields=["order", "line_num"], name="line_order_number")
        ]
        indexes = [
            # Each of these is paid for eight times an order.
            # The orders that have an item a search has found; `export lines --item`.
            models.Index(fields=["item_code", "order"], name="line_item"),
            # The orders that have something of a manufacturer.
            models.Index(fields=["manufacturer_code", "order"], name="line_manufacturer"),
            # Open lines, the largest amounts first: `export lines --open --most 100`.
            models.Index(
                fields=["line_status", "pending_amount", "id"], name="line_status_pending"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.line_num}"


class OrderTotal(models.Model):
    """How many orders there are of one kind, and what is pending on them.

    Written in the transaction that writes the orders, so it is always their exact sum; lists take
    their counts and totals from here. The amount is kept as a whole number and millionths, since a
    sum may be larger than any amount, and integers are summed exactly on every database.
    """

    id = models.BigIntegerField(primary_key=True)
    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    listed_as = models.CharField(max_length=10, choices=ListedAs)
    is_open = models.BooleanField()
    sales_person_code = models.IntegerField(null=True)
    doc_currency = code()
    orders = models.BigIntegerField()
    pending_whole = models.BigIntegerField()
    pending_millionths = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.orders} {self.listed_as} in {self.doc_currency}"


class SearchName(models.Model):
    """What customers and items are called on orders, each pair of code and name once.

    A search reads these few thousand rows, and then finds orders and lines by the codes' indexes.
    """

    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        ITEM = "item"

    id = models.BigIntegerField(primary_key=True)
    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    code = models.CharField(max_length=CODE_LENGTH)
    name = models.CharField(max_length=DESCRIPTION_LENGTH, null=True)  # noqa: DJ001 - as on the order
    folded_code = models.TextField()
    folded_name = models.TextField()

    class Meta:
        # What the customer or item of an order at hand is called.
        indexes = [models.Index(fields=["kind", "code"], name="name_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.name or ''}"


class ReferenceWord(models.Model):
    """The customer's reference of an order from one of its words on, so that each can be searched.

    `start` is hexadecimal, which every database compares alike, whatever its collation.
    """

    id = models.BigIntegerField(primary_key=True)
    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    order = models.ForeignKey(SalesOrder, models.CASCADE, related_name="words", db_index=False)
    start = models.CharField(max_length=WORD_LENGTH)

    class Meta:
        # The orders that have a word beginning so. Those of an order are found by their keys.
        indexes = [models.Index(fields=["start", "order"], name="word_start")]

    def __str__(self) -> str:
        return f"{self.order_id}: {bytes.fromhex(self.start).decode(errors='replace')}"


class OrderRead(models.Model):
    """When an order was last read whole, and the hashes that tell whether it must be read again.

    Book-keeping, apart from the mirrored row: re-reading an unchanged order writes only here.
    The primary key is the order's.
    """

    id = models.BigIntegerField(primary_key=True)
    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    doc_entry = models.BigIntegerField()
    is_open = models.BooleanField()
    light_hash = models.BigIntegerField()
    document_hash = models.BigIntegerField()
    mapping_version = models.SmallIntegerField(default=0)
    """Of the mapping that decoded it: an older one's order is decoded again when it is read."""
    read_at = models.DateTimeField()
    run = models.ForeignKey(
        "SyncRun", models.SET_NULL, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    confirm_at = models.DateTimeField(null=True)
    """When to read it once more: its stamp may not move if it changes again in the same minute."""
    missing_since = models.DateTimeField(null=True)
    """Since when SAP has shown no such order, proven repeatedly; None while it does."""
    hidden = models.BooleanField(default=False)
    """As the order is."""

    class Meta:
        indexes = [
            models.Index(
                fields=["company", "is_open", "hidden", "read_at"], name="read_company_open"
            ),
            models.Index(fields=["company", "confirm_at"], name="read_company_confirm"),
        ]

    def __str__(self) -> str:
        return f"{self.doc_entry} read at {self.read_at}"


class Pending(models.Model):
    """Work owed: an order that was found changed and has not been applied yet."""

    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    doc_entry = models.BigIntegerField()
    probe = models.CharField(max_length=20, choices=Probe)
    light_hash = models.BigIntegerField(null=True)
    doc_num = models.IntegerField(null=True)
    """To ask by, where SAP can't be asked by DocEntry and the order is not stored yet."""
    found_at = models.DateTimeField()
    not_found_since = models.DateTimeField(null=True)
    """Since when SAP has not shown it when asked by key; None when it was not asked or shown."""
    not_found = models.IntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    """Not before this moment; None: as soon as possible."""

    class Meta:
        verbose_name_plural = "pending"
        constraints = [
            models.UniqueConstraint(fields=["company", "doc_entry"], name="pending_company_entry")
        ]

    def __str__(self) -> str:
        return f"{self.doc_entry} ({self.probe})"


class Quarantine(models.Model):
    """A document that could not be decoded or stored; the last good version stays in the mirror."""

    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    doc_entry = models.BigIntegerField()
    stage = models.CharField(max_length=20)
    reason = models.TextField()
    payload_hash = models.BigIntegerField()
    light_hash = models.BigIntegerField(null=True)
    doc_num = models.IntegerField(null=True)
    """As for what is owed."""
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    attempts = models.IntegerField(default=1)
    retry_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "quarantine"
        constraints = [
            models.UniqueConstraint(
                fields=["company", "doc_entry"], name="quarantine_company_entry"
            )
        ]

    def __str__(self) -> str:
        return f"{self.doc_entry}: {self.reason}"


class SyncRun(models.Model):
    """One attempt to refresh the mirror; a row for every start, killed ones included."""

    class Outcome(models.TextChoices):
        RUNNING = "running"
        COMPLETE = "complete"
        INCOMPLETE = "incomplete"
        FAILED = "failed"
        BUSY = "busy"

    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    first_load = models.BooleanField(default=False)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    requests = models.IntegerField(default=0)
    retries = models.IntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    statements = models.IntegerField(default=0)
    rows_written = models.IntegerField(default=0)
    phases = models.JSONField(default=dict)
    """Where the time went: seconds by phase (`ordermirror.phases`)."""
    orders = models.JSONField(default=dict)
    lines = models.JSONField(default=dict)
    probes = models.JSONField(default=list)
    manufacturers = models.JSONField(default=dict)
    """How many manufacturers of items were remembered (`hits`), and how many not (`misses`)."""
    silent_changes = models.IntegerField(default=0)
    """Orders that had changed though no other probe could see it: what only the audit found."""
    problem = models.TextField(default="")
    warnings = models.JSONField(default=list)
    """What else is worth a look: parts that were left out, optional probes, asking again."""
    first_error = models.JSONField(default=dict)
    """Probe, method, path, status and message of the first thing that SAP did wrong."""
    done = models.IntegerField(null=True)
    """Of a first load: orders so far, kept up to date while it runs."""
    total = models.IntegerField(null=True)
    """Of a first load: orders that SAP counted when it began; None: it did not say."""

    class Meta:
        indexes = [
            models.Index(fields=["company", "outcome", "started_at"], name="run_company_outcome"),
            # The newest run of a company: whether a refresh is due; the list of its runs.
            models.Index(fields=["company", "id"], name="run_company"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.outcome}"


class Reconciliation(models.Model):
    """What was mirrored compared with what SAP showed, by counts and sums."""

    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    run = models.ForeignKey(
        SyncRun, models.SET_NULL, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    at = models.DateTimeField()
    differing = models.IntegerField()
    """Orders that differ; those that merely changed in between are not among them."""
    figures = models.JSONField()
    """Counts, sums and differences (`store.reconciliations`), amounts as exact text."""

    class Meta:
        # The newest of a company.
        indexes = [models.Index(fields=["company", "id"], name="reconciliation_company")]

    def __str__(self) -> str:
        return f"reconciled at {self.at}: {self.differing} differ"


class Action(models.Model):
    """What a person did about the refreshes of a company."""

    class Kind(models.TextChoices):
        SYNC_NOW = "sync_now", "asked for a refresh"
        PAUSE = "pause", "paused"
        RESUME = "resume", "resumed"
        REREAD = "reread", "asked for orders to be read again"
        RETRY = "retry", "asked for a document to be tried again"
        TEST_ALERT = "test_alert", "sent a test alert"

    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    user = models.CharField(max_length=PERSON_LENGTH)
    """The name that the person had."""
    kind = models.CharField(max_length=20, choices=Kind)
    detail = models.TextField(default="")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["company", "id"], name="action_company")]

    def __str__(self) -> str:
        return f"{self.user} {self.get_kind_display()} {self.detail}".rstrip()


class ReadLog(models.Model):
    """A read of one order by key: who asked for it, what it showed and what was decided.

    First loads and audits that confirm what is known are left out: `OrderRead` tells the last read.
    """

    company = models.ForeignKey(Company, models.CASCADE, db_index=False)
    doc_entry = models.BigIntegerField()
    run = models.ForeignKey(SyncRun, models.SET_NULL, null=True, related_name="reads")
    probe = models.CharField(max_length=20, choices=Probe)
    read_at = models.DateTimeField()
    decision = models.CharField(max_length=20)
    """A value of core.diff.Fate, or `not found`, `quarantined`, `older`."""
    detail = models.TextField(default="")

    class Meta:
        indexes = [models.Index(fields=["company", "doc_entry", "id"], name="read_log_order")]

    def __str__(self) -> str:
        return f"{self.doc_entry} at {self.read_at}: {self.decision}"


class OrderChange(models.Model):
    """One thing that changed on an order, and between which two reads it did."""

    class Kind(models.TextChoices):
        ORDER_CREATED = "order_created", "order first seen"
        HEADER = "header", "changed"
        LINE_ADDED = "line_added", "line added"
        LINE_CHANGED = "line_changed", "line changed"
        LINE_REMOVED = "line_removed", "line removed"
        LINE_RETURNED = "line_returned", "line returned"

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(SalesOrder, models.PROTECT, related_name="changes", db_index=False)
    run = models.ForeignKey(SyncRun, models.SET_NULL, null=True, related_name="changes")
    kind = models.CharField(max_length=20, choices=Kind)
    line_num = models.IntegerField(null=True)
    field = models.CharField(max_length=40)
    old = models.TextField(null=True)  # noqa: DJ001 - None: there was no value
    new = models.TextField(null=True)  # noqa: DJ001 - None: there is no value
    read_from = models.DateTimeField(null=True)
    read_to = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["order", "id"], name="change_order")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.field}: {self.old} → {self.new}"
