"""What holds for the markup of every page: the content policy, the vendored files, the basics."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

from ordermirror.models import Quarantine
from tests.web_builders import make_change, make_line, make_order, make_person, make_run

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(reason="the markup is the same whatever the rows come from"),
]
STATIC = Path(finders.find("ordermirror/app.css")).parent


class Markup(HTMLParser):
    """Collects what must not be there, and what must."""

    def __init__(self, html):
        super().__init__()
        self.inline, self.files, self.ids, self.tags = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.inline += [name for name in values if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in values):
            self.inline.append(tag)
        for name in ("src", "href", "action", "hx-get"):
            if values.get(name, "").startswith(("http", "//", "javascript:")):
                self.inline.append(values[name])
        if tag in ("script", "img") or (tag == "link"):
            self.files.append(values.get("src") or values.get("href"))


def set_aside(company):
    now = timezone.now()
    Quarantine.objects.create(
        company=company, doc_entry=9, stage="decode", reason="why", payload_hash=1,
        first_seen_at=now, last_seen_at=now, retry_at=now,
    )  # fmt: skip


@pytest.fixture
def pages(admin_client, client):
    make_person()
    run = make_run(outcome="failed", problem="why", probes=[{"probe": "open", "complete": True}])
    under_way = make_run(outcome="running", done=1, total=2)
    set_aside(company=run.company)
    order = make_order()
    make_line(order)
    make_change(order, field="project", old="a", new="b", run=run)
    paths = (
        "/orders/", "/orders/?q=none&from=abc&colour=red", f"/orders/SBODEMO/{order.doc_entry}/",
        "/runs/", f"/runs/{run.pk}/", "/monitor/", "/monitor/SBODEMO/",
        f"/runs/{under_way.pk}/", "/no/such/page/",
    )  # fmt: skip
    answers = {path: admin_client.get(path) for path in paths}
    return answers | {"/login/": client.get("/login/")}


def test_no_page_has_inline_script_or_style_or_foreign_addresses(pages):
    found = {path: Markup(answer.content.decode()).inline for path, answer in pages.items()}

    assert found == {path: [] for path in pages}


def test_every_page_carries_the_content_policy(pages):
    policies = {answer["Content-Security-Policy"] for answer in pages.values()}

    assert len(policies) == 1
    assert "unsafe" not in policies.pop()


def test_every_file_a_page_asks_for_exists(pages):
    files = {name for answer in pages.values() for name in Markup(answer.content.decode()).files}

    missing = [name for name in files if not finders.find(name.removeprefix("/static/"))]

    assert missing == []


def test_every_icon_that_is_used_is_drawn(pages):
    html = "".join(answer.content.decode() for answer in pages.values())
    templates = STATIC.parent.parent / "templates/ordermirror"
    named = "".join(file.read_text(encoding="utf-8") for file in templates.glob("*.html"))

    drawn = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons.svg").read_text("utf-8")))
    used = set(re.findall(r"icons\.svg#(\w+)", html)) | set(re.findall(r"}}#(\w+)", named))

    assert used - drawn == set()


def test_ids_are_used_once_and_each_page_has_one_title_and_main(pages):
    for path, answer in pages.items():
        markup = Markup(answer.content.decode())
        assert len(set(markup.ids)) == len(markup.ids), path
        assert (markup.tags.count("h1"), markup.tags.count("main")) == (1, 1), path


def test_vendored_files_are_the_ones_in_the_manifest():
    manifest = json.loads((STATIC / "vendor/manifest.json").read_text(encoding="utf-8"))
    named = {
        entry["file"]: entry["sha256"]
        for package in manifest["packages"]
        for entry in package["files"]
    }

    present = {
        file.relative_to(STATIC / "vendor").as_posix(): hashlib.sha256(
            file.read_bytes()
        ).hexdigest()
        for file in (STATIC / "vendor").rglob("*")
        if file.is_file() and file.name != "manifest.json"
    }

    assert present == named


def test_own_style_sheet_knows_no_left_or_right():
    css = (STATIC / "app.css").read_text(encoding="utf-8")

    physical = re.findall(
        r"\b(?:margin|padding|border|inset)-(?:left|right|top|bottom)|[;{]\s*(?:left|right|top|"
        r"bottom|width|height)\s*:|text-align:\s*(?:left|right)|float:\s*(?:left|right)",
        css,
    )

    assert physical == []
