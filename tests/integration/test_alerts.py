"""People are told once when trouble begins and once when it is over, by ways that really send."""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.conf import settings

from ordermirror import quiet
from ordermirror.alerts import channels, lookout
from ordermirror.alerts.channels import ChannelError
from ordermirror.alerts.conditions import Limits
from ordermirror.alerts.messages import TEST, length
from ordermirror.alerts.models import Alert
from ordermirror.alerts.watch import Watch
from ordermirror.models import Company, Quarantine, SyncRun

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LIMITS = Limits(
    stale_after=timedelta(minutes=30), failed_times=3, quarantined=5, quarantine_growth=10
)
one_database = pytest.mark.one_database(reason="sends over the network and stores nothing")


@pytest.fixture
def company(transactional_db):
    made = Company.objects.create(company_db="SBODEMO", own_settings={})
    ran(made, NOW, "complete")
    return made


def ran(company, at, outcome, problem=""):
    SyncRun.objects.create(
        company=company, started_at=at, finished_at=at, outcome=outcome, problem=problem
    )


class Post:
    """Takes messages like a channel, or fails like one."""

    def __init__(self):
        self.sent = []
        self.broken = False

    def __call__(self, message):
        if self.broken:
            raise ChannelError("down")
        self.sent.append(message)

    @property
    def titles(self):
        return [message.title for message in self.sent]


def look(post, company, *, minutes, quiet=False):
    watch = Watch(limits=LIMITS, tell=post, is_quiet=lambda now: quiet)
    return watch.look(Company.objects.filter(pk=company.pk), now=NOW + timedelta(minutes=minutes))


def test_old_data_is_told_once_and_its_end_with_the_length(company):
    post = Post()

    for minutes in (10, 31, 36, 41):
        look(post, company, minutes=minutes)
    ran(company, NOW + timedelta(minutes=45), "complete")
    look(post, company, minutes=46)
    look(post, company, minutes=51)

    assert post.titles == [
        "OrderMirror SBODEMO: the data is old",
        "OrderMirror SBODEMO: refreshes complete again",
    ]
    assert "It took 15 minutes" in post.sent[1].text


def test_refreshes_that_fail_after_old_data_are_the_same_trouble(company):
    post = Post()
    look(post, company, minutes=31)
    for minutes in (32, 33, 34):
        ran(company, NOW + timedelta(minutes=minutes), "failed", "no answer")
    look(post, company, minutes=35)

    assert len(post.sent) == 1
    assert Alert.objects.get().kind == "failed"


def test_a_message_that_no_channel_took_is_sent_at_the_next_look(company):
    post = Post()
    post.broken = True
    look(post, company, minutes=31)
    post.broken = False
    look(post, company, minutes=36)

    assert post.titles == ["OrderMirror SBODEMO: the data is old"]


def test_in_quiet_hours_nothing_is_told_and_what_still_stands_afterwards(company):
    post = Post()
    look(post, company, minutes=31, quiet=True)
    assert post.sent == []

    look(post, company, minutes=60)

    assert post.titles == ["OrderMirror SBODEMO: the data is old"]


def test_what_began_and_ended_in_quiet_hours_is_not_told(company):
    post = Post()
    look(post, company, minutes=31, quiet=True)
    ran(company, NOW + timedelta(minutes=32), "complete")
    look(post, company, minutes=33, quiet=True)
    look(post, company, minutes=60)

    assert post.sent == []
    assert Alert.objects.get().ended_at == NOW + timedelta(minutes=33)


def test_two_that_look_at_once_tell_once(company):
    """The other one has read the alert as untold before we told it."""
    post = Post()
    look(post, company, minutes=31, quiet=True)
    watch = Watch(limits=LIMITS, tell=post)
    [alert] = Alert.objects.all()

    watch._tell_once(TEST, alert, told_kind="stale")
    watch._tell_once(TEST, alert, told_kind="stale")

    assert len(post.sent) == 1


def test_a_company_that_was_never_loaded_is_old_from_its_beginning(transactional_db):
    company = Company.objects.create(company_db="NEW")
    Company.objects.update(created_at=NOW)
    company.refresh_from_db()
    post = Post()

    look(post, company, minutes=20)
    assert post.sent == []
    look(post, company, minutes=31)

    assert post.titles == ["OrderMirror NEW: the data is old"]


def configured(**values):
    return replace(settings.ORDERMIRROR, **values)


@pytest.mark.parametrize("let_be", [{"own_settings": None}, {"paused_at": NOW}])
def test_what_was_wrong_with_a_company_that_is_let_be_is_over_without_a_word(company, let_be):
    """One that the environment names no more was told as old for ever."""
    post = Post()
    look(post, company, minutes=31)
    Company.objects.update(**let_be)

    lookout.look(configured(), now=NOW + timedelta(minutes=36))
    Company.objects.update(own_settings={}, paused_at=None)
    ran(company, NOW + timedelta(minutes=41), "complete")
    look(post, company, minutes=42)

    assert Alert.objects.get().ended_at == NOW + timedelta(minutes=36)
    assert post.titles == ["OrderMirror SBODEMO: the data is old"]


def set_aside(company, number, at):
    for _ in range(number):
        Quarantine.objects.create(
            company=company, doc_entry=Quarantine.objects.count(), stage="decode", reason="NaN",
            payload_hash=1, first_seen_at=at, last_seen_at=at, retry_at=at,
        )  # fmt: skip


def test_a_quarantine_that_grows_is_told_though_its_size_was(company):
    set_aside(company, 12, NOW - timedelta(days=2))
    post = Post()
    look(post, company, minutes=1)

    for minutes, more in ((2, 9), (3, 1)):
        set_aside(company, more, NOW + timedelta(minutes=minutes))
        look(post, company, minutes=minutes)
    ran(company, NOW + timedelta(minutes=60), "complete")
    look(post, company, minutes=62)

    assert post.titles == [
        "OrderMirror SBODEMO: orders are set aside",
        "OrderMirror SBODEMO: many orders are set aside within an hour",
        "OrderMirror SBODEMO: fewer orders are set aside",
    ]


def test_the_settings_say_when_nobody_is_told(company):
    asleep = configured(alert_quiet_hours=quiet.parse("22:00-06:00"), time_zone="Asia/Dubai")

    is_quiet = lookout.watch_of(asleep).is_quiet

    assert [is_quiet(datetime(2026, 1, 5, hour, tzinfo=UTC)) for hour in (17, 18, 1, 2)] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "why",
    [
        "the brake was pulled: SAP no longer shows 40 orders",
        "order 7 is now 9: this is another company",
    ],
)
def test_a_stop_says_what_stopped_the_writing(company, why):
    company.conflict = why
    company.save()
    post = Post()

    look(post, company, minutes=1)

    assert post.sent[0].text.startswith(f"{why[0].upper()}{why[1:]}; see `ordermirror company`")


def has_own(company, **texts):
    company.own_settings = texts
    company.save()


def test_a_company_that_is_refreshed_every_four_hours_is_not_old_before_eight(company):
    has_own(company, every="4h")
    post = Post()

    look(post, company, minutes=8 * 60)
    assert post.sent == []
    look(post, company, minutes=8 * 60 + 1)

    assert post.titles == ["OrderMirror SBODEMO: the data is old"]


def test_quiet_hours_make_no_data_old_until_a_refresh_had_time_after_them(company):
    has_own(company, sap_quiet_hours="09:10-11:00")
    post = Post()

    for minutes in (31, 119, 149):
        look(post, company, minutes=minutes)
    assert post.sent == []
    look(post, company, minutes=151)

    assert post.titles == ["OrderMirror SBODEMO: the data is old"]


def test_quiet_hours_do_not_end_what_was_wrong_before_them(company):
    """They did: "refreshes complete again", when none had been asked for."""
    has_own(company, sap_quiet_hours="10:00-11:00")
    post = Post()

    for minutes in (31, 61, 121):
        look(post, company, minutes=minutes)
    assert post.titles == ["OrderMirror SBODEMO: the data is old"]
    ran(company, NOW + timedelta(minutes=125), "complete")
    look(post, company, minutes=126)

    assert "It took 1 hour 35 minutes" in post.sent[1].text


@pytest.mark.parametrize(
    ("took", "told"),
    [
        (timedelta(seconds=5), "1 minute"),
        (timedelta(minutes=61), "1 hour 1 minute"),
        (timedelta(days=2, hours=3, minutes=9), "2 days 3 hours"),
    ],
)
def test_a_length_is_told_in_its_two_largest_units(took, told):
    assert length(took) == told


class _Mailbox(socketserver.StreamRequestHandler):
    """As much SMTP as taking a message needs."""

    def handle(self):
        self._say("220 mailbox")
        data = None
        for line in self.rfile:
            word = line.decode().strip()
            if data is not None:
                if word == ".":
                    self.server.received.append("\n".join(data))
                    data = None
                    self._say("250 taken")
                else:
                    data.append(word)
            elif word.upper().startswith("DATA"):
                data = []
                self._say("354 go on")
            elif word.upper().startswith("QUIT"):
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _say(self, line):
        self.wfile.write(f"{line}\r\n".encode())


class _Asked(BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer("")

    def do_POST(self):
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, body):
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        """Quiet."""


@contextmanager
def listening(server_class, handler):
    with server_class(("127.0.0.1", 0), handler) as server:
        server.received = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@one_database
def test_an_e_mail_arrives():
    with listening(socketserver.ThreadingTCPServer, _Mailbox) as server:
        url = f"smtp://127.0.0.1:{server.server_address[1]}"
        channels.email(url, sender="mirror@example.com", to=["it@example.com"])(TEST)

    [mail] = server.received
    assert "Subject: OrderMirror: a test" in mail
    assert "To: it@example.com" in mail
    assert "Alerts of OrderMirror come this way." in mail


@one_database
def test_a_mail_server_that_is_down_is_a_channel_error():
    with listening(HTTPServer, _Asked) as server:
        port = server.server_address[1]
    send = channels.email(f"smtp://127.0.0.1:{port}", sender="a@example.com", to=["b@example.com"])

    with pytest.raises(ChannelError, match=r"e-mail by 127\.0\.0\.1"):
        send(TEST)


@one_database
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Apprise's own imports
def test_apprise_sends_to_each_address():
    with listening(HTTPServer, _Asked) as server:
        address = f"json://127.0.0.1:{server.server_address[1]}"
        channels.apprise([f"{address}/one", f"{address}/two"])(TEST)

    assert {path for path, _ in server.received} == {"/one", "/two"}
    assert json.loads(server.received[0][1])["title"] == "OrderMirror: a test"


@one_database
def test_one_channel_that_works_is_enough_and_none_is_an_error():
    post, broken = Post(), Post()
    broken.broken = True

    channels.all_of([broken, post])(TEST)
    with pytest.raises(ChannelError, match="down"):
        channels.all_of([broken])(TEST)

    assert post.sent == [TEST]


def test_the_ping_goes_out_only_while_nothing_is_wrong(company):
    with listening(HTTPServer, _Asked) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/ping/secret"
        pinged = configured(alert_ping_url=url)
        lookout.look(pinged, now=NOW + timedelta(minutes=5))
        lookout.look(pinged, now=NOW + timedelta(minutes=40))

    assert server.received == [("/ping/secret", "")]


def test_no_ping_goes_out_while_nothing_is_refreshed(company):
    Company.objects.update(own_settings=None)

    with listening(HTTPServer, _Asked) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/ping"
        lookout.look(configured(alert_ping_url=url), now=NOW)

    assert server.received == []
