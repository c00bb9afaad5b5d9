"""Patience and allowances, by the moment handed in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from bot.core.pacing import Allowance, Pace, retry_wait, telegram_pace

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_retries_wait_twice_as_long_each_time_up_to_two_minutes() -> None:
    assert [retry_wait(attempts).total_seconds() for attempts in (0, 1, 2, 3, 7, 8, 9, 10_000)] == [
        1,
        1,
        2,
        4,
        64,
        120,
        120,
        120,
    ]


def test_an_allowance_runs_out_and_refills() -> None:
    allowance: Allowance | None = Allowance(most=3, per_second=1, left=3, at=NOW)
    for _ in range(3):
        assert allowance is not None
        last = allowance
        allowance = allowance.take(NOW)
    assert allowance is not None
    assert allowance.take(NOW) is None
    assert allowance.take(NOW + timedelta(seconds=1)) is not None
    assert last.take(NOW - timedelta(hours=1)) is not None


def sends(pace: Pace, *, seconds: float, chats: Callable[[int], str] = str, said_at: Sequence[float] = ()) -> list[float]:
    """When messages leave that wait for nothing but the pace, in seconds from the start; `said_at`: replies meanwhile."""
    now, sent, replies = NOW, list[float](), list(said_at)
    while now < NOW + timedelta(seconds=seconds):
        while replies and NOW + timedelta(seconds=replies[0]) <= now:
            pace.spend("somebody", NOW + timedelta(seconds=replies.pop(0)))
        chat = chats(len(sent))
        wait = pace.wait(chat, now)
        if not wait:
            pace.spend(chat, now)
            sent.append((now - NOW).total_seconds())
        now += min(wait, timedelta(milliseconds=10)) or timedelta(milliseconds=1)
    return sent


def fullest_second(sent: Sequence[float]) -> int:
    moments = sorted(sent)
    return max(bisect_left(moments, first + 1) - place for place, first in enumerate(moments))


def test_announcements_use_what_telegram_allows_and_never_more() -> None:
    sent = sends(telegram_pace(), seconds=60)
    assert fullest_second(sent) <= 30
    assert len(sent) >= 0.95 * 30 * 60


def test_replies_are_counted_and_announcements_make_room_for_them() -> None:
    replies = [second / 10 for second in range(300)]
    sent = sends(telegram_pace(), seconds=30, said_at=replies)
    assert fullest_second([*sent, *replies]) <= 30
    assert len(sent) + len(replies) >= 0.9 * 30 * 30


def test_a_burst_of_replies_does_not_silence_announcements_for_longer_than_a_second() -> None:
    sent = sends(telegram_pace(), seconds=4, said_at=[1.0] * 500)
    assert max(later - earlier for earlier, later in pairwise(sent)) <= 1.01


def test_one_chat_is_written_to_once_a_second() -> None:
    sent = sends(telegram_pace(), seconds=10, chats=lambda _: "the same")
    assert fullest_second(sent) == 1
    assert len(sent) == 10


def test_one_refused_chat_slows_the_channel_and_does_not_stop_it() -> None:
    pace = telegram_pace()
    full = pace.rate(NOW)
    for _ in range(20):
        pace.refused("one", timedelta(seconds=10_072), NOW)
    assert pace.wait("another", NOW) == timedelta()
    assert pace.rate(NOW) == 0.7 * full
    assert 0.7 * full < pace.rate(NOW + timedelta(seconds=5)) < full
    assert pace.rate(NOW + timedelta(minutes=1)) == full
    for second in range(100):
        pace.refused("one", timedelta(seconds=1), NOW + timedelta(seconds=second))
    assert 1 <= pace.rate(NOW + timedelta(seconds=99)) < 2


def test_three_chats_refused_within_a_second_stop_the_channel_for_as_long_as_it_said() -> None:
    pace = telegram_pace()
    for place, chat in enumerate("abc"):
        pace.refused(chat, timedelta(seconds=40 + place), NOW + timedelta(seconds=place * 0.4))
    at = NOW + timedelta(seconds=0.8)
    assert pace.wait("d", at) == timedelta(seconds=40)
    assert pace.room(at, timedelta(seconds=0.5)) == 0
    assert pace.wait("d", at + timedelta(seconds=40)) == timedelta()
    slow = telegram_pace()
    for place, chat in enumerate("abc"):
        slow.refused(chat, timedelta(seconds=40), NOW + timedelta(seconds=place * 0.6))
    assert slow.wait("d", NOW + timedelta(seconds=1.2)) == timedelta()


def test_a_clock_that_is_put_back_stops_nothing() -> None:
    pace = telegram_pace()
    pace.spend("a", NOW)
    for chat in "abc":
        pace.refused(chat, timedelta(seconds=40), NOW)
    earlier = NOW - timedelta(hours=1)
    assert pace.wait("a", earlier) == timedelta()
    pace.spend("a", earlier)
    assert pace.wait("b", earlier) <= timedelta(seconds=1)
