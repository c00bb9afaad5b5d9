"""A date and an hour as people type them: Monday 23 November 2026, 11:00."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.core import calendar
from bot.core.moments import read_moment

CASABLANCA = calendar.zone("Africa/Casablanca")
NOW = datetime(2026, 11, 23, 11, 0, tzinfo=CASABLANCA)


@pytest.mark.parametrize(
    ("typed", "day", "clock"),
    [
        ("غدا 10:00", "2026-11-24", "10:00"),
        ("10:00 غدا", "2026-11-24", "10:00"),
        ("غدا الساعة 10", "2026-11-24", "10:00"),
        ("غدا على الساعة ١٠ صباحا", "2026-11-24", "10:00"),
        ("غدا 3:00 مساء", "2026-11-24", "15:00"),
        ("بعد غد 9:15", "2026-11-25", "09:15"),
        ("اليوم 18:00", "2026-11-23", "18:00"),
        ("12:00", "2026-11-23", "12:00"),
        ("10:00", "2026-11-24", "10:00"),
        ("25/12/2026 10:30", "2026-12-25", "10:30"),
        ("٢٥/١٢/٢٠٢٦ ١٠:٣٠", "2026-12-25", "10:30"),
        ("25-12-26 à 10h30", "2026-12-25", "10:30"),
        ("25.12 10:30", "2026-12-25", "10:30"),
        ("3/1 10:00", "2027-01-03", "10:00"),
        ("15/11/2026 10:00", "2026-11-15", "10:00"),
        ("25 دجنبر 10:30", "2026-12-25", "10:30"),
        ("يوم الخميس 26 نونبر 2026 على الساعة 14:00", "2026-11-26", "14:00"),
        ("الخميس على الساعة 15:00", "2026-11-26", "15:00"),
        ("lundi 18h", "2026-11-23", "18:00"),
        ("lundi 10h", "2026-11-30", "10:00"),
        ("vendredi 9h", "2026-11-27", "09:00"),
        ("demain à 3h de l'après-midi", "2026-11-24", "15:00"),
        ("après-demain 18h", "2026-11-25", "18:00"),
    ],
)
def test_a_moment_is_read_however_it_is_written(typed: str, day: str, clock: str) -> None:
    assert read_moment(typed, NOW) == datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=CASABLANCA)


@pytest.mark.parametrize("typed", ["غدا", "سلام", "31/02/2026 10:00", "25/12/2026 25:00", "10:75", "", "نهار آخر 10:00"])
def test_what_names_no_hour_or_no_such_day_is_not_guessed(typed: str) -> None:
    assert read_moment(typed, NOW) is None


def test_an_hour_that_a_change_of_clock_leaves_out_is_the_one_the_clock_shows() -> None:
    paris = calendar.zone("Europe/Paris")
    read = read_moment("29/03/2026 02:30", datetime(2026, 3, 20, 9, 0, tzinfo=paris))
    assert read is not None
    assert f"{read:%H:%M}" == "03:30"
    assert read.astimezone(UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_the_moment_is_in_the_readers_zone() -> None:
    east = timezone(timedelta(hours=3))
    read = read_moment("12:00", datetime(2026, 11, 23, 11, 0, tzinfo=east))
    assert read is not None
    assert read.astimezone(UTC) == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
