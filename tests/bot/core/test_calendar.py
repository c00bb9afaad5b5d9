"""Moroccan time and dates, held against a second opinion."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest
from babel.dates import format_date

from bot.core import calendar
from bot.core.text import Speech
from bot.main import catalogue

SPEECHES = {"ar_MA": Speech("ar", catalogue("ar")), "fr": Speech("fr", catalogue("fr"))}


@pytest.mark.parametrize("locale", ["ar_MA", "fr"])
def test_every_day_of_a_year_reads_as_the_unicode_project_writes_it(locale: str) -> None:
    for number in range(366):
        day = date(2026, 1, 1) + timedelta(days=number)
        told = SPEECHES[locale].tell(calendar.day(day))
        assert told == format_date(day, "EEEE d MMMM y", locale=locale)


def test_the_zone_is_the_packages_not_the_systems() -> None:
    assert zoneinfo.TZPATH == ()
    casablanca = calendar.zone("Africa/Casablanca")
    offsets = [datetime(2026, month, 22, 12, tzinfo=UTC).astimezone(casablanca).utcoffset() for month in (8, 11)]
    assert offsets == [timedelta(hours=1), timedelta(0)]
