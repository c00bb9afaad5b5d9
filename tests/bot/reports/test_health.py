"""What an operator is warned of, and what not."""

from __future__ import annotations

import pytest

from bot.reports.health import DiskFigures, TimeFigures, warnings

MIB, GIB = 2**20, 2**30
TODAY = TimeFigures("Africa/Casablanca", "+00:00", "2026f", "2026f")
ROOMY = DiskFigures(90 * GIB, 100 * GIB)


@pytest.mark.parametrize(
    ("free", "total", "low"),
    [
        (511 * MIB, GIB, True),
        (512 * MIB, GIB, False),
        (511 * MIB, 4000 * GIB, True),
        (1 * GIB, 40 * GIB, True),
        (2 * GIB, 40 * GIB, False),
        (4 * GIB, 4000 * GIB, True),
        (5 * GIB, 4000 * GIB, False),
        (0, 0, True),
    ],
)
def test_a_disk_is_low_under_a_twentieth_and_never_later_than_512_mib(free: int, total: int, low: bool) -> None:
    found = [each.code for each in warnings(TODAY, DiskFigures(free, total))]
    assert found == (["disk_low"] if low else [])


@pytest.mark.parametrize(
    ("tzdata", "outdated"), [("2026f", False), ("2026g", False), ("2027a", False), ("2026c", True), (None, True)]
)
def test_an_older_or_unknown_zone_database_is_warned_of(tzdata: str | None, outdated: bool) -> None:
    time = TimeFigures("Africa/Casablanca", "+01:00", tzdata, "2026f")
    assert [each.code for each in warnings(time, ROOMY)] == (["zone_database_outdated"] if outdated else [])
