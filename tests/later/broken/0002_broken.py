"""A migration that fails at its last step."""

from __future__ import annotations

from django.db import migrations, models


def fail(apps, schema_editor):
    raise ValueError("the row of Canary Trading LLC")


class Migration(migrations.Migration):
    dependencies = [("ordermirror", "0002_keep_reconciliations")]
    operations = [
        migrations.AddField("orderline", "later_text", models.TextField(default="")),
        migrations.RunPython(fail),
    ]
