"""Moroccan time and dates, held against a second opinion."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import tzdata
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


def test_the_law_in_use_is_the_packages() -> None:
    assert calendar.law_in_use("Africa/Casablanca") == tzdata.IANA_VERSION
    assert tzdata.IANA_VERSION >= calendar.LAW


def test_the_law_in_use_is_that_of_a_folder_on_the_path_and_unknown_where_it_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "Africa").mkdir()
    (tmp_path / "Africa" / "Casablanca").write_bytes(b"TZif")
    zoneinfo.reset_tzpath((tmp_path,))
    try:
        assert calendar.law_in_use("Africa/Casablanca") is None
        assert calendar.law_in_use("Europe/Paris") == tzdata.IANA_VERSION
        for first, told in (("# version 2025b\n", "2025b"), ("# redo posix_only\n", None), ("", None)):
            (tmp_path / "tzdata.zi").write_text(first)
            assert calendar.law_in_use("Africa/Casablanca") == told
    finally:
        zoneinfo.reset_tzpath(())


def test_the_law_a_release_needs_is_the_one_it_depends_on() -> None:
    depended = re.search(r'"tzdata>=(\d{4})\.(\d+)"', (Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert depended is not None
    year, place = depended.groups()
    assert f"{year}{'abcdefghijklmnopqrstuvwxyz'[int(place) - 1]}" == calendar.LAW
