"""Patience and allowances, by the moment handed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.core.pacing import Allowance, retry_wait

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
