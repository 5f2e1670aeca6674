"""Mirrored master data."""

from __future__ import annotations

from collections.abc import Sequence

from ordermirror import models
from ordermirror.records import SalesPerson


def apply_sales_people(company_id: int, people: Sequence[SalesPerson]) -> int:
    """Insert and update those that differ; returns how many rows were written.

    A sales person that SAP no longer lists stays: orders still carry the code.
    """
    stored = {
        row.sales_employee_code: row
        for row in models.SalesPerson.objects.filter(company_id=company_id)
    }
    written = 0
    for person in people:
        row = stored.get(person.sales_employee_code)
        if row is None or (row.sales_employee_name, row.active) != person[1:]:
            models.SalesPerson.objects.update_or_create(
                company_id=company_id,
                sales_employee_code=person.sales_employee_code,
                defaults=person._asdict(),
            )
            written += 1
    return written
