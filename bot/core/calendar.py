"""Moroccan wall time and dates as people read them.

The zone's law comes from the `tzdata` package alone: a system's copy may be older, and then one hour wrong today.
"""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime

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
