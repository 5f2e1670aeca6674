"""Write docs/settings.md from the one definition of the settings. Run by `make docs`."""

from __future__ import annotations

from pathlib import Path

from ordermirror import conf

DOCUMENT = Path(__file__).parent.parent / "docs/settings.md"
HEAD = """# Settings

Environment variables, or lines of an `.env` file in the folder from which OrderMirror is started.
A secret may also be read from a file: name the file in the variable with `_FILE` behind its name.
`ordermirror settings` shows the current values. All mistakes are told at once.
Those marked ● may be different for each company ([operations](operations.md#several-companies)).

| variable | type | default | meaning |
|---|---|---|---|
"""


def document() -> str:
    rows = (
        f"| `{it.name}`{' ●' if it.per_company else ''} | {it.type} "
        f"| {f'`{it.default}`' if it.default else ''} | {it.meaning} |"
        for it in conf.describe({})
    )
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
