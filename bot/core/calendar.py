"""Moroccan wall time and dates as people read them.

The zone's law comes from the `tzdata` package alone: a system's copy may be older, and then one hour wrong today.
"""

from __future__ import annotations

import importlib.resources
import re
import zoneinfo
from datetime import date, datetime, time, timedelta
from importlib.resources.abc import Traversable
from pathlib import Path

from bot.core.text import Ltr, Text, t

zoneinfo.reset_tzpath(())

LAW = "2026f"
"""The oldest zone database that knows today's law: what the dependency `tzdata` promises (a test holds them together)."""

_WEEKDAYS = (t("Monday"), t("Tuesday"), t("Wednesday"), t("Thursday"), t("Friday"), t("Saturday"), t("Sunday"))
_MONTHS = (
    *(t("January"), t("February"), t("March"), t("April"), t("May"), t("June")),
    *(t("July"), t("August"), t("September"), t("October"), t("November"), t("December")),
)


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that IANA name. Unknown: zoneinfo.ZoneInfoNotFoundError (a KeyError)."""
    return zoneinfo.ZoneInfo(name)


def law_in_use(name: str) -> str | None:
    """The release of the zone database that a zone of that name is read from, such as 2026f; None when it does not say.

    Releases compare as text. A folder on the zone path comes before the package.
    """
    folders: list[Traversable] = [Path(folder) for folder in zoneinfo.TZPATH]
    folder = next((each for each in folders if (each / name).is_file()), importlib.resources.files("tzdata") / "zoneinfo")
    source = folder / "tzdata.zi"
    if not source.is_file():
        return None
    with source.open(encoding="ascii", errors="replace") as lines:
        found = re.fullmatch(r"# version (\d{4}[a-z]+)", lines.readline().strip())
    return found[1] if found else None


def day(when: date) -> Text:
    """«الخميس 13 نونبر 2025»."""
    return t("{weekday} {day} {month} {year}")(
        weekday=_WEEKDAYS[when.weekday()], day=when.day, month=_MONTHS[when.month - 1], year=when.year
    )


def clock(when: datetime) -> Ltr:
    """«14:30», in the zone the moment carries."""
    return Ltr(f"{when:%H:%M}")


def weekday(when: date) -> Text:
    return _WEEKDAYS[when.weekday()]


def offset(when: datetime) -> Ltr:
    """«+01:00»: how far the zone that the moment carries is from UTC at that moment."""
    return Ltr(when.isoformat()[-6:])


def short_day(when: date) -> Text:
    """«23 نونبر», where the year goes without saying."""
    return t("{day} {month}")(day=when.day, month=_MONTHS[when.month - 1])


def last_days(now: datetime, count: int) -> list[tuple[date, datetime]]:
    """Today and the days before it, the earliest first, each with its first instant in the zone that `now` carries."""
    days = [now.date() - timedelta(days=back) for back in reversed(range(count))]
    return [(each, datetime.combine(each, time.min, now.tzinfo)) for each in days]
