"""What later versions do: a column more, an index more, a wider column."""

from __future__ import annotations

from django.db import migrations, models

from ordermirror.fields import ExactDecimalField


class Migration(migrations.Migration):
    dependencies = [("ordermirror", "0002_keep_reconciliations")]
    operations = [
        migrations.AddField("orderline", "later_amount", ExactDecimalField(null=True)),
        migrations.AddIndex(
            "orderline", models.Index(fields=["ship_date", "order"], name="line_later")
        ),
        # On SQLite this builds the table of the orders anew and copies every row.
        migrations.AlterField(
            "salesorder", "card_name", models.CharField(max_length=300, null=True)
        ),
    ]
