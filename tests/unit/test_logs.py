"""What log lines hold, and what they never do."""

from __future__ import annotations

import json
import logging
import logging.config
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest

from ordermirror import conf, log_file, logs
from ordermirror.conf import SHORTEST_TOKEN
from ordermirror.errors import SAPUnavailable
from ordermirror.phases import Phase, during, measured
from ordermirror.sap.prefetch import in_order

SETTINGS = conf.load({})
CANARY = "Canary Trading LLC"


@pytest.fixture
def hidden(monkeypatch):
    monkeypatch.setattr(logs, "_hidden", set())


@pytest.fixture
def logger():
    """One whose lines are collected as a handler of the product would write them."""
    made = logging.getLogger("tests.logs")
    made.setLevel(logging.DEBUG)
    made.propagate = False
    yield made
    made.handlers.clear()


@pytest.fixture
def lines(logger):
    return collected(logger, logs.Console())


def collected(logger, formatter):
    found = []
    handler = logging.Handler()
    handler.addFilter(logs.Bound())
    handler.emit = lambda record: found.append(formatter.format(record))
    logger.addHandler(handler)
    return found


def failing(error):
    try:
        raise error
    except BaseException as exc:
        return exc


def test_a_line_names_the_company_and_the_run_it_is_about(logger, lines):
    with logs.bound(company="SBODEMO"), logs.bound(run=1842):
        logger.warning("one")
    logger.warning("two")

    assert lines[0].endswith("WARNING tests.logs [SBODEMO run 1842]: one")
    assert lines[1].endswith("WARNING tests.logs: two")


def test_a_line_from_a_fetching_thread_names_them_too(logger, lines):
    tasks = [partial(logger.warning, "page %d", page) for page in range(5)]

    with logs.bound(company="SBODEMO", run=7):
        list(in_order(tasks, parallel=2))

    assert [line.partition("[")[2].partition("]")[0] for line in lines] == ["SBODEMO run 7"] * 5


def test_a_fetching_thread_carries_nothing_but_that():
    """It would stop the time of the thread that is measured."""

    def decode():
        with during(Phase.DECODE):
            return threading.get_ident()

    with measured() as watch:
        list(in_order([decode, decode], parallel=2))

    assert watch.seconds[Phase.DECODE] == 0


def test_json_lines_hold_time_level_and_what_they_are_about(logger):
    lines = collected(logger, logs.Json())

    with logs.bound(company="SBODEMO", run=7):
        logger.error("asked %d times\nin vain", 4)

    told = json.loads(lines[0])
    assert "\n" not in lines[0]
    assert datetime.fromisoformat(told.pop("time")).utcoffset() is not None
    assert told.pop("process")
    assert told == {
        "level": "ERROR", "logger": "tests.logs", "company": "SBODEMO", "run": 7,
        "message": "asked 4 times\nin vain",
    }  # fmt: skip


@pytest.mark.parametrize("formatter", [logs.Console(), logs.Json()])
@pytest.mark.parametrize(
    "error", [ValueError(f"bad {CANARY}"), KeyError(CANARY), RuntimeError(CANARY)]
)
def test_an_error_is_told_by_type_and_place_and_not_by_what_it_may_quote(logger, formatter, error):
    lines = collected(logger, formatter)

    logger.error("a refresh failed", exc_info=failing(error))

    assert CANARY not in lines[0]
    assert type(error).__name__ in lines[0]
    assert "in failing" in lines[0]


def test_an_error_that_another_formatter_has_written_out_is_not_taken_over(logger):
    raw = collected(logger, logging.Formatter())
    lines = collected(logger, logs.Console())

    logger.error("a refresh failed", exc_info=failing(ValueError(CANARY)))

    assert (CANARY in raw[0], CANARY in lines[0]) == (True, False)


def test_the_errors_behind_an_error_are_told_alike():
    try:
        try:
            raise ValueError(CANARY)
        except ValueError as exc:
            raise SAPUnavailable("SAP answered 503") from exc
    except SAPUnavailable as exc:
        told = logs.traced(exc)

    assert CANARY not in told
    assert told.index("ValueError") < told.index("SAPUnavailable: SAP answered 503")


def test_what_a_database_says_ends_before_the_row_it_quotes():
    class OperationalError(Exception):
        """As Django's."""

    error = OperationalError(f"deadlock detected\nDETAIL: row ({CANARY})")

    assert logs.described(error) == "OperationalError: deadlock detected"


@pytest.mark.usefixtures("hidden")
def test_every_secret_setting_is_struck_out_of_lines(logger, lines):
    told = {
        "SAP_PASSWORD": "pass-canary",
        "SECRET_KEY": "key-canary",
        "METRICS_TOKEN": "token-canary" + "x" * SHORTEST_TOKEN,
        "DATABASE_URL": "postgresql://mirror:data%2Fcanary@db/ordermirror",
        "CACHE_URL": "redis://:cache-canary@redis.example.com/0",
        "EMAIL_URL": "smtp://mirror:mail-canary@mail.example.com",
        "ALERT_PING_URL": "https://hc-ping.example.com/ping-canary",
        "ALERT_URLS": "tgram://bot-canary/12345",
    }
    settings = conf.load({conf.PREFIX + name: value for name, value in told.items()})
    logs.hide_secrets_of(settings)

    for value in (*told.values(), "data/canary", "GET /ping-canary HTTP/1.1", "bot-canary"):
        logger.warning("about %s", value)

    assert [line for line in lines if "canary" in line] == []
    assert sum("ordermirror" in line for line in lines) == 1


@pytest.mark.usefixtures("hidden")
def test_sessions_and_bearers_are_struck_out_though_nobody_named_them(logger, lines):
    logger.warning("headers: %s", {"Cookie": "B1SESSION=canary-1; ROUTEID=.canary2"})
    logger.warning("Authorization: Bearer canary.3")

    assert [line for line in lines if "canary" in line] == []


def test_a_log_that_is_quiet_by_default_says_warnings_and_no_more():
    assert logs.config(SETTINGS)["root"]["level"] == "WARNING"


@pytest.mark.parametrize(
    ("status", "kept"), [(404, False), (403, False), (500, True), (503, False)]
)
def test_only_requests_at_which_the_program_failed_are_logged(status, kept):
    record = logging.makeLogRecord({"status_code": status})

    assert logs.Faults().filter(record) is kept


def test_a_file_is_put_away_when_it_is_full_and_so_many_are_kept(tmp_path, logger):
    file = tmp_path / "logs" / "mirror.log"
    handler = log_file.SharedFile(str(file), max_bytes=100, kept=2)
    logger.addHandler(handler)

    for number in range(10):
        logger.warning("%04d %s", number, "x" * 45)

    names = sorted(it.name for it in file.parent.iterdir() if "lock" not in it.name)
    assert names == ["mirror.log", "mirror.log.1", "mirror.log.2"]
    assert [file.with_name(name).read_text()[:4] for name in names] == ["0009", "0008", "0007"]


WRITER = """
import logging, sys
from ordermirror.log_file import SharedFile
logger = logging.getLogger("writer")
logger.addHandler(SharedFile(sys.argv[1], max_bytes=5000, kept=50))
for number in range(150):
    logger.error("%s-%d %s", sys.argv[2], number, "x" * 40)
"""


def test_processes_that_share_a_file_lose_and_tear_no_line(tmp_path):
    file = tmp_path / "mirror.log"
    command = [sys.executable, "-c", WRITER, str(file)]

    writers = [subprocess.Popen([*command, name]) for name in "abc"]

    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    parts = [part.read_text(errors="replace") for part in tmp_path.glob("mirror.log*")]
    expected = Counter(f"{name}-{number} {'x' * 40}" for name in "abc" for number in range(150))
    assert Counter("".join(parts).splitlines()) == expected
    assert all(part.stat().st_size <= 5000 for part in tmp_path.glob("mirror.log*"))


def test_a_file_that_cannot_be_written_is_told_on_standard_error(tmp_path, logger, capsys):
    in_the_way = tmp_path / "folder"
    in_the_way.write_text("a file")
    logger.addHandler(log_file.SharedFile(str(in_the_way / "mirror.log"), 1000, 1))

    logger.warning("the disk is full")

    told = capsys.readouterr().err
    assert "can't log to" in told
    assert "the disk is full" in told


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_the_configuration_is_one_that_logging_takes(tmp_path, log_format):
    settings = replace(SETTINGS, log_format=log_format, log_file=tmp_path / "mirror.log")
    script = (
        "import json, logging, logging.config, sys\n"
        "logging.config.dictConfig(json.loads(sys.argv[1]))\n"
        "logging.getLogger('django.request').error('kept', extra={'status_code': 500})\n"
        "logging.getLogger('django.request').error('dropped', extra={'status_code': 503})\n"
        "logging.getLogger('_granian').warning('kept too')\n"
        "logging.getLogger('anything').info('dropped')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(logs.config(settings))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    lines = (tmp_path / "mirror.log").read_text().splitlines()
    assert (done.stderr, len(lines)) == ("", 2)
    assert "dropped" not in "".join(lines)
