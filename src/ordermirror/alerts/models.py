"""What has been wrong, from when until when, and what was told of it."""

from __future__ import annotations

from django.db import models

from ordermirror.alerts.conditions import Kind, Subject
from ordermirror.models import Company


class Alert(models.Model):
    """One trouble of one company. While it stands, it is there once."""

    company = models.ForeignKey(Company, models.CASCADE)
    subject = models.CharField(max_length=20, choices=[(it.value, it.value) for it in Subject])
    standing = models.BooleanField(null=True, default=True)
    """True while it stands, None afterwards: nulls do not collide in a unique constraint."""
    kind = models.CharField(max_length=20, choices=[(it.value, it.label) for it in Kind])
    detail = models.TextField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    told_kind = models.CharField(max_length=20, default="")
    """What people were told last; empty in quiet hours, and while no channel took it."""
    end_told = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "subject", "standing"], name="alert_stands_once"
            )
        ]
        indexes = [models.Index(fields=["began_at"], name="alert_began")]

    def __str__(self) -> str:
        return f"{self.kind} since {self.began_at}"
