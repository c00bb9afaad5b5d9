"""When an announcement leaves: now, at one of the next fit hours, or at a date and hour that is typed (Morocco time)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.core import calendar
from bot.core.bidi import one_line, shorten
from bot.core.flow import NO, YES, Answer, Answers, Choice, Doubt, Option, Reading, Refused, Taken
from bot.core.known import Known
from bot.core.moments import read_moment
from bot.core.text import Sayable, Text, Value, lines, t

_WALL = "%Y-%m-%dT%H:%M"
_SLOTS, _HOURS = 3, (10, 18)
"""How many hours are offered, and at which hours of a day."""
FARTHEST = timedelta(days=366)
_AT_ONCE = ("الآن", "دابا", "فورا", "maintenant", "now")
NOW = Choice("now", t("Send now"), words=frozenset({"continue"}), also=_AT_ONCE)
URGENT = Choice("urgent", t("Send now all the same"), also=_AT_ONCE)


@dataclass(frozen=True, slots=True)
class When:
    """`local` is the wall time in our zone, None: now. `urgent`: quiet hours do not hold it, as was asked for knowingly."""

    local: str | None = None
    urgent: bool = False


def chosen(value: str | None) -> When:
    """From the answer that is kept: `now`, `urgent`, or a wall time, with `!` where it is in quiet hours."""
    if value in (None, "now", "urgent"):
        return When(urgent=value == "urgent")
    return When((value or "").rstrip("!"), urgent=(value or "").endswith("!"))


def ask(_: Answers, known: Known) -> Sayable:
    sent = t("The test is on its way to you: look at it, then go on.")
    when = t("Send now, or choose a date and time (Morocco time)?")
    typed = t("You can also write them, for example 25/12/2026 10:30.")
    fit = known.fit_hour(known.now)
    if fit <= known.now:
        return lines(sent, when, typed)
    quiet = t("It is {time} in Morocco, a time when announcements wait. Send now, or at {next_time}?")
    return lines(sent, quiet(time=calendar.clock(known.now), next_time=calendar.clock(fit)), typed)


def offered(known: Known) -> tuple[Choice, ...]:
    """Now, and the next fit hours; each button holds its moment, so that an old one sends nothing at another."""
    fit = known.fit_hour(known.now)
    quiet = fit > known.now
    slots = dict.fromkeys([*([fit] if quiet else []), *_fit_hours(known)])
    hours = tuple(
        Choice(f"{moment:{_WALL}}", t("Send now"), shows=partial(_label, moment=moment)) for moment in list(slots)[:_SLOTS]
    )
    return (URGENT if quiet else NOW, *hours)


def _fit_hours(known: Known) -> Iterator[datetime]:
    for ahead in range(7):
        day = known.now + timedelta(days=ahead)
        for hour in _HOURS:
            moment = day.replace(hour=hour, minute=0, second=0, microsecond=0)
            if moment > known.now + timedelta(minutes=30) and known.fit_hour(moment) == moment:
                yield moment


def _label(known: Known, *, moment: datetime) -> Text:
    ahead = (moment.date() - known.now.date()).days
    day = (t("Today"), t("Tomorrow"))[ahead] if ahead < 2 else calendar.weekday(moment.date())
    return Text("{day} {time}", {"day": day, "time": calendar.clock(moment)})


def read(typed: str, _: Answers, known: Known) -> Reading:
    moment = read_moment(typed, known.now)
    if moment is None:
        unread = t(
            "No date and hour was read in “{value}”. Write them like this: 25/12/2026 10:30, or the day and the hour:"
            " tomorrow 10:00."
        )
        return Refused(unread(value=shorten(one_line(typed), 60)))
    at: dict[str, Value] = {"date": calendar.day(moment.date()), "time": calendar.clock(moment)}
    if moment <= known.now:
        return Refused(t("{date}, {time}: that is past. Write an hour that is still to come.")(**at))
    if moment > known.now + FARTHEST:
        return Refused(t("{date} is too far ahead: choose a date within a year.")(**at))
    written, fit = f"{moment:{_WALL}}", known.fit_hour(moment)
    if fit == moment:
        return Taken(Answer(written, typed))
    options = (
        Option(
            t("{day}, {time}")(day=calendar.short_day(fit.date()), time=calendar.clock(fit)), Answer(f"{fit:{_WALL}}"), YES
        ),
        Option(t("Keep this hour"), Answer(f"{written}!", typed), frozenset({"keep"}) | NO),
    )
    quiet = t("{date}, {time} is a time when announcements wait. Send at {next_time} instead, or keep this hour?")
    return Doubt(quiet(**at, next_time=calendar.clock(fit)), options)


def show(answer: Answer, known: Known) -> Value:
    local = chosen(answer.value).local
    return _at(local, known) if local else t("Send now")


def _moment(local: str, known: Known) -> datetime:
    return datetime.strptime(local, _WALL).replace(tzinfo=known.zone)


def _at(local: str, known: Known) -> Text:
    moment = _moment(local, known)
    at = t("{date} at {time} (UTC{offset})")
    return at(date=calendar.day(moment.date()), time=calendar.clock(moment), offset=calendar.offset(moment))


def told(value: str | None, known: Known) -> Sayable:
    """Said before the number is asked."""
    when = chosen(value)
    if when.local is not None:
        return t("It leaves on {when}.")(when=_at(when.local, known))
    fit = known.fit_hour(known.now)
    if when.urgent or fit <= known.now:
        return t("It leaves at once.")
    return t("It leaves at {time}, when the quiet hours are over.")(time=calendar.clock(fit))


def leaves(when: When, known: Known, count: int) -> Sayable:
    """Said once it is on its way, or set down for its hour."""
    if when.local is not None:
        moment = _moment(when.local, known)
        said = t("The announcement will be sent on {date} at {time}. Until then you can cancel it.")
        return said(date=calendar.day(moment.date()), time=calendar.clock(moment))
    return lines(
        t("The announcement is being sent. Recipients: {count}")(count=count),
        told("urgent" if when.urgent else "now", known),
    )


def is_past(local: str, known: Known) -> bool:
    return _moment(local, known) <= known.now


PASSED = t("The hour that was chosen has passed meanwhile. Nothing was sent: choose another one.")
