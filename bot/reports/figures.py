"""The true picture: who joined, who is stuck, by category, region and day; as values, as lines of text, as a chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core import calendar
from bot.core.text import Joined, Named, Sayable, Text, Value, lines, n, paragraphs, t
from bot.flows.categories import CATEGORIES
from bot.flows.signup import SIGNUP
from bot.reports.chart import Bar, Bars, Chart, Columns
from bot.reports.signups import STATUSES

JOINED = ("pending", "needs_correction", "approved")
"""The statuses of an application that was sent and still stands."""
STUCK_AFTER = timedelta(days=1)
"""A sign-up whose person has been silent for so long is stuck, not on its way."""
DAYS = 30
_SHARES_FROM = 10
"""Of fewer, a share says less than the number itself."""
_MOST_REGIONS = 5


@dataclass(frozen=True, slots=True)
class Stop:
    """How many sign-ups stopped at a question, and since when the one that has been silent longest. `question` None: outside
    any."""

    question: str | None
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """`at` is when they were counted, in the reader's zone. `categories`, `regions` and `days` count what joined; the first
    two have the largest first, a region None is of places that no list knows, and days without any are there with 0.
    `whole` is False for a reader who may see some categories only."""

    at: datetime
    statuses: Mapping[str, int]
    drafts: int
    stops: Sequence[Stop]
    categories: Sequence[tuple[str, int]]
    regions: Sequence[tuple[Named | None, int]]
    days: Sequence[tuple[date, int]]
    whole: bool = True

    @property
    def joined(self) -> int:
        return sum(self.statuses.get(status, 0) for status in JOINED)

    @property
    def stuck(self) -> int:
        return sum(stop.count for stop in self.stops)


def figures(
    *,
    at: datetime,
    sent: Iterable[tuple[str, str | None, str | None, int]],
    drafts: Iterable[tuple[str | None, int, int, datetime]],
    days: Sequence[tuple[date, int]],
    regions: Mapping[str, Named],
    whole: bool,
) -> Figures:
    """From counts: `sent` by (status, category, region's code), `drafts` by question, of which so many stuck, since when."""
    statuses: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    places: Counter[str | None] = Counter()
    for status, category, region, count in sent:
        statuses[status] += count
        if status in JOINED:
            categories[category or ""] += count
            places[region if region in regions else None] += count
    order = {question.key: place for place, question in enumerate(SIGNUP.questions)}
    rows = sorted(drafts, key=lambda row: order.get(row[0] or "", len(order)))
    return Figures(
        at=at,
        statuses=dict(statuses),
        drafts=sum(count for _, count, _, _ in rows),
        stops=tuple(Stop(question, stuck, since) for question, _, stuck, since in rows if stuck),
        categories=tuple(categories.most_common()),
        regions=tuple((regions[code] if code else None, count) for code, count in places.most_common()),
        days=days,
        whole=whole,
    )


def shares(counts: Sequence[int]) -> list[int]:
    """Whole per cents that add up to 100: what rounding leaves goes to those it took most from."""
    total = sum(counts)
    if not total:
        return [0 for _ in counts]
    floors = [count * 100 // total for count in counts]
    rest = sorted(range(len(counts)), key=lambda place: (-(counts[place] * 100 % total), place))
    for place in rest[: 100 - sum(floors)]:
        floors[place] += 1
    return floors


def report_text(figures: Figures) -> Sayable:
    """The figures as lines for a phone."""
    head = lines(
        t("Figures of {date}, {time}")(date=calendar.day(figures.at.date()), time=calendar.clock(figures.at)),
        None if figures.whole else t("Within your categories only"),
    )
    if not (figures.joined or figures.drafts or figures.statuses):
        return paragraphs(head, _NOTHING)
    return paragraphs(
        head,
        _sent_lines(figures),
        _draft_lines(figures),
        _lines(t("By category:"), _categories(figures)),
        _lines(t("By region:"), _regions(figures)),
        _days_line(figures) if figures.joined else None,
    )


def report_chart(figures: Figures) -> Chart:
    """The same figures as a picture."""
    note = t("{date}, {time} – applications: {count}")(
        date=calendar.day(figures.at.date()), time=calendar.clock(figures.at), count=figures.joined
    )
    numbers = (
        (t("Applications"), figures.joined),
        (t("Being reviewed"), figures.statuses.get("pending", 0)),
        (t("Accepted applications"), figures.statuses.get("approved", 0)),
        (t("Unfinished"), figures.drafts),
    )
    title = t("Sign-up figures") if figures.whole else t("Sign-up figures of your categories")
    if not figures.joined:
        return Chart(title, paragraphs(note, _NOTHING), numbers)
    return Chart(
        title,
        note,
        numbers,
        (
            Bars(t("By category"), _bars(_categories(figures))),
            Bars(t("By region"), _bars(_regions(figures))),
            *_columns(figures),
        ),
    )


def _columns(figures: Figures) -> Iterator[Columns]:
    """The days, where there was anything on any of them."""
    counts = [count for _, count in figures.days]
    if any(counts):
        first, last = (calendar.short_day(figures.days[end][0]) for end in (0, -1))
        yield Columns(t("Applications a day since {date}")(date=first), counts, first, last)


_NOTHING = t("No application has been received yet.")


def _sent_lines(figures: Figures) -> Joined:
    standing = [_Row(STATUSES[status], figures.statuses[status]) for status in JOINED if figures.statuses.get(status)]
    others = [(status, figures.statuses[status]) for status in ("refused", "withdrawn") if figures.statuses.get(status)]
    return lines(
        t("Applications received: {count}")(count=figures.joined),
        *_counted(standing),
        *(t("{label}: {count}")(label=STATUSES[status], count=count) for status, count in others),
    )


def _draft_lines(figures: Figures) -> Joined | None:
    if not figures.drafts:
        return None
    return lines(
        t("Unfinished sign-ups: {count}")(count=figures.drafts),
        t("Silent for a day or more: {count}")(count=figures.stuck) if figures.stuck else None,
        *(
            t("• {label}: {count}, the longest for {duration}")(
                label=question_label(stop.question), count=stop.count, duration=days_since(stop.since, figures.at)
            )
            for stop in figures.stops
        ),
    )


def _days_line(figures: Figures) -> Text:
    counts = [count for _, count in figures.days]
    return t("Received since {date}: {month}. In the last 7 days: {week}. Today: {today}.")(
        date=calendar.short_day(figures.days[0][0]), month=sum(counts), week=sum(counts[-7:]), today=counts[-1]
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """`aside`: not one of its kind but what is left over."""

    label: Value
    count: int
    aside: bool = False


def _lines(heading: Text, counted: Sequence[_Row]) -> Joined | None:
    return lines(heading, *_counted(counted)) if counted else None


def _counted(rows: Sequence[_Row]) -> list[Text]:
    """A line each, with its share where there are enough to speak of shares."""
    counts = [row.count for row in rows]
    if sum(counts) < _SHARES_FROM:
        return [t("• {label}: {count}")(label=row.label, count=row.count) for row in rows]
    return [
        t("• {label}: {count} ({share}%)")(label=row.label, count=row.count, share=share)
        for row, share in zip(rows, shares(counts), strict=True)
    ]


def _bars(rows: Sequence[_Row]) -> list[Bar]:
    counts = [row.count for row in rows]
    if sum(counts) < _SHARES_FROM:
        return [Bar(row.label, row.count, aside=row.aside) for row in rows]
    return [
        Bar(row.label, row.count, t("{count} ({share}%)")(count=row.count, share=share), row.aside)
        for row, share in zip(rows, shares(counts), strict=True)
    ]


def _categories(figures: Figures) -> list[_Row]:
    return [_Row(_category(key), count) for key, count in figures.categories]


def _regions(figures: Figures) -> list[_Row]:
    """The largest regions, and the rest as one."""
    named = [_Row(name, count) for name, count in figures.regions if name is not None]
    few = len(named) <= _MOST_REGIONS + 1
    shown, rest = (named, []) if few else (named[:_MOST_REGIONS], named[_MOST_REGIONS:])
    unknown = sum(count for name, count in figures.regions if name is None)
    others = (
        _Row(t("Other regions"), sum(row.count for row in rest), aside=True),
        _Row(t("Region not known"), unknown, aside=True),
    )
    return [*shown, *(row for row in others if row.count)]


def _category(key: str) -> Value:
    """The short label: it stands beside a bar on a phone."""
    choice = next((choice for choice in CATEGORIES if choice.key == key), None)
    return choice.label if choice else t("Category not known")


def question_label(key: str | None) -> Text:
    """What a question is called where it is not being asked."""
    question = SIGNUP.question(key or "")
    if question is None:
        return t("Outside the questions")
    return question.label or t("Check of the answers")


def days_since(since: datetime, now: datetime) -> Text:
    return n("{n} day", "{n} days", max(1, (now - since).days))
