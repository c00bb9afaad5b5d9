"""A date and an hour as people type them («غدا 10:00», «25/12/2026 10:30», «demain 9h») → a moment, in the zone of `now`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from bot.core.folding import digits, fold

_TIME = re.compile(r"(?<![\d/.:-])(\d{1,2})\s*(?::\s*(\d{2})|h(?:eures?)?\s*(\d{2})?)(?![\d/])")
_HOUR = re.compile(r"(?:الساعة|ساعة|على|à)\s*(\d{1,2})(?![\d/.:-])")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})\s*[/.-]\s*(\d{1,2})(?:\s*[/.-]\s*(\d{4}|\d{2}))?(?!\d)")
_MORNING = frozenset(map(fold, ("صباحا", "صباح", "الصباح", "du matin", "matin")))
_EVENING = frozenset(
    map(
        fold, ("مساء", "المساء", "بعد الزوال", "زوالا", "ليلا", "العشية", "de l'après-midi", "après-midi", "du soir", "soir")
    )
)
_AHEAD = {
    **dict.fromkeys(map(fold, ("اليوم", "aujourd'hui", "ce jour", "lyoum", "lyom")), 0),
    **dict.fromkeys(map(fold, ("غدا", "غد", "demain", "ghedda", "ghda")), 1),
    **dict.fromkeys(map(fold, ("بعد غد", "بعد غدا", "après-demain", "apres demain")), 2),
}
_WEEKDAYS = {
    fold(name): place
    for place, names in enumerate(
        (
            *(("الاثنين", "الإثنين", "اثنين", "lundi"), ("الثلاثاء", "ثلاثاء", "mardi"), ("الأربعاء", "أربعاء", "mercredi")),
            *(("الخميس", "خميس", "jeudi"), ("الجمعة", "جمعة", "vendredi"), ("السبت", "سبت", "samedi")),
            ("الأحد", "أحد", "dimanche"),
        )
    )
    for name in names
}
_MONTHS = {
    fold(name): number
    for number, names in enumerate(
        (
            *(("يناير", "janvier"), ("فبراير", "février"), ("مارس", "mars"), ("أبريل", "ابريل", "avril"), ("ماي", "mai")),
            *(("يونيو", "juin"), ("يوليوز", "يوليو", "juillet"), ("غشت", "أغسطس", "août"), ("شتنبر", "سبتمبر", "septembre")),
            *(("أكتوبر", "octobre"), ("نونبر", "نوفمبر", "novembre"), ("دجنبر", "ديسمبر", "décembre")),
        ),
        1,
    )
    for name in names
}
_NOISE = frozenset(map(fold, ("يوم", "على", "الساعة", "ساعة", "في", "le", "à", "a", "vers", "de", "du", "ce", "heure")))


def read_moment(typed: str, now: datetime) -> datetime | None:
    """The moment that is named: of a day and month without year the next one, of an hour without day the next time it
    strikes. None when no hour or no such day is named. It may be past; an hour that a change of clock leaves out is the one
    that the clock shows instead."""
    text = digits(typed).casefold()
    struck = _TIME.search(text) or _HOUR.search(text)
    if struck is None:
        return None
    rest = f"{text[: struck.start()]} {text[struck.end() :]}"
    dated = _NUMERIC.search(rest)
    words, evening = _half(f"{rest[: dated.start()]} {rest[dated.end() :]}" if dated else rest)
    hour, minute = int(struck[1]), int(next((part for part in struck.groups()[1:] if part), 0))
    hour += 12 if evening and hour < 12 else 0
    if hour > 23 or minute > 59:
        return None
    clock = time(hour, minute)
    day = _numeric_day(dated, now) if dated else _day(words, clock, now)
    return _on_the_clock(datetime.combine(day, clock, now.tzinfo)) if day else None


def _half(rest: str) -> tuple[list[str], bool]:
    """The words of the day, and whether the second half of it is meant."""
    key = f" {fold(rest)} "
    evening = any(f" {word} " in key for word in _EVENING)
    for word in sorted(_MORNING | _EVENING, key=len, reverse=True):
        key = key.replace(f" {word} ", " ")
    return [word for word in key.split() if word not in _NOISE], evening


def _numeric_day(dated: re.Match[str], now: datetime) -> date | None:
    year = int(dated[3]) if dated[3] else None
    return _dated(int(dated[1]), int(dated[2]), 2000 + year if year is not None and year < 100 else year, now)


def _day(words: list[str], clock: time, now: datetime) -> date | None:
    if not words:
        return now.date() if clock > now.time() else now.date() + timedelta(days=1)
    ahead = _AHEAD.get(" ".join(words))
    if ahead is not None:
        return now.date() + timedelta(days=ahead)
    if words[0] in _WEEKDAYS and len(words) == 1:
        days = (_WEEKDAYS[words[0]] - now.weekday()) % 7
        return now.date() + timedelta(days=days or (0 if clock > now.time() else 7))
    return _written_out(words[1:] if words[0] in _WEEKDAYS else words, now)


def _written_out(words: list[str], now: datetime) -> date | None:
    """«25 دجنبر», «25 décembre 2026»."""
    if len(words) not in (2, 3) or not words[0].isdecimal() or words[1] not in _MONTHS:
        return None
    year = words[2] if len(words) == 3 else None
    if year is not None and not re.fullmatch(r"\d{4}", year):
        return None
    return _dated(int(words[0]), _MONTHS[words[1]], int(year) if year else None, now)


def _dated(day: int, month: int, year: int | None, now: datetime) -> date | None:
    for candidate in (year,) if year is not None else (now.year, now.year + 1):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year is not None or found >= now.date():
            return found
    return None


def _on_the_clock(moment: datetime) -> datetime:
    return moment.astimezone(UTC).astimezone(moment.tzinfo)
