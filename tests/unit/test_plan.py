"""How far the watermark moves."""

from __future__ import annotations

from datetime import date

from ordermirror.core.plan import ChangedPosition, ask_from, moved

TODAY = date(2026, 1, 10)


def scan(position, *, newest_stamp=None, highest_entry=0):
    return moved(position, newest_stamp=newest_stamp, highest_entry=highest_entry, today=TODAY)


def test_the_watermark_follows_stamps_received_before_the_scan():
    position = ChangedPosition(watermark=date(2026, 1, 1), newest_seen=date(2026, 1, 4))

    after = scan(position, newest_stamp=date(2026, 1, 6), highest_entry=12)

    assert after == ChangedPosition(
        watermark=date(2026, 1, 4), newest_seen=date(2026, 1, 6), doc_entry=12
    )


def test_the_watermark_never_moves_back():
    position = ChangedPosition(
        watermark=date(2026, 1, 5), newest_seen=date(2026, 1, 5), doc_entry=9
    )

    assert scan(position, newest_stamp=date(2026, 1, 2), highest_entry=3) == position


def test_a_stamp_from_the_future_is_ignored():
    position = ChangedPosition(watermark=date(2026, 1, 5), newest_seen=date(2026, 1, 5))

    assert scan(position, newest_stamp=date(2099, 1, 1)) == position


def test_tomorrow_is_believed_since_zones_differ():
    after = scan(ChangedPosition(), newest_stamp=date(2026, 1, 11))

    assert after.newest_seen == date(2026, 1, 11)


def test_a_quiet_scan_keeps_everything():
    position = ChangedPosition(
        watermark=date(2026, 1, 5), newest_seen=date(2026, 1, 5), doc_entry=9
    )

    assert scan(position) == position


def test_the_lookback_is_whole_days_before_the_watermark():
    assert ask_from(ChangedPosition(watermark=date(2026, 1, 1)), lookback_days=2) == date(
        2025, 12, 30
    )


def test_without_a_watermark_every_day_is_asked_for():
    assert ask_from(ChangedPosition(), lookback_days=2) is None
