"""Moroccan wall time and dates as people read them.

The zone's law comes from the `tzdata` package alone: a system's copy may be older, and then one hour wrong today.
"""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, time, timedelta

from bot.core.text import Ltr, Text, t

zoneinfo.reset_tzpath(())

_WEEKDAYS = (t("Monday"), t("Tuesday"), t("Wednesday"), t("Thursday"), t("Friday"), t("Saturday"), t("Sunday"))
_MONTHS = (
    *(t("January"), t("February"), t("March"), t("April"), t("May"), t("June")),
    *(t("July"), t("August"), t("September"), t("October"), t("November"), t("December")),
)


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that IANA name. Unknown: zoneinfo.ZoneInfoNotFoundError (a KeyError)."""
    return zoneinfo.ZoneInfo(name)


def day(when: date) -> Text:
    """«الخميس 13 نونبر 2025»."""
    return t("{weekday} {day} {month} {year}")(
        weekday=_WEEKDAYS[when.weekday()], day=when.day, month=_MONTHS[when.month - 1], year=when.year
    )


def clock(when: datetime) -> Ltr:
    """«14:30», in the zone the moment carries."""
    return Ltr(f"{when:%H:%M}")


def short_day(when: date) -> Text:
    """«23 نونبر», where the year goes without saying."""
    return t("{day} {month}")(day=when.day, month=_MONTHS[when.month - 1])


def last_days(now: datetime, count: int) -> list[tuple[date, datetime]]:
    """Today and the days before it, the earliest first, each with its first instant in the zone that `now` carries."""
    days = [now.date() - timedelta(days=back) for back in reversed(range(count))]
    return [(each, datetime.combine(each, time.min, now.tzinfo)) for each in days]
