"""Two applications that look alike, as the committee sees them side by side: field by field, what is the same said once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core import calendar, engine
from bot.core.flow import Answer
from bot.core.folding import fold
from bot.core.known import Known
from bot.core.text import Ltr, Sayable, Text, Value, lines, paragraphs, t
from bot.flows import categories, decisions, signup
from bot.rules.duplicates import centre_key
from bot.rules.references import reference


@dataclass(frozen=True, slots=True)
class Centre:
    """`other` describes a category that none of ours is."""

    id: int
    name: str
    category: str
    other: str | None
    city: str
    city_code: str | None

    @property
    def key(self) -> tuple[str, str]:
        return centre_key(self.name, self.city, self.city_code)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two applications. `untold`: it was decided on, and its person does not know yet."""

    id: int
    status: str
    since: datetime
    answers: Mapping[str, Answer] = field(default_factory=dict)
    centres: tuple[Centre, ...] = ()
    untold: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """The first was signed first. `verdict` is `different`, `same`, or None while nobody has judged, `by` whom and `at` when
    otherwise; `more`: other pairs wait for the reader."""

    id: int
    first: Side
    second: Side
    verdict: str | None = None
    by: str | None = None
    at: datetime | None = None
    more: bool = False

    @property
    def disputed(self) -> tuple[Centre, Centre] | None:
        """A centre that both have, with two categories."""
        theirs = {centre.key: centre for centre in self.second.centres}
        both = ((mine, theirs[mine.key]) for mine in self.first.centres if mine.key in theirs)
        return next((two for two in both if _category(two[0]) != _category(two[1])), None)

    @property
    def moving(self) -> tuple[Centre, ...]:
        """The second one's centres that the first one has not."""
        known = {centre.key for centre in self.first.centres}
        return tuple(centre for centre in self.second.centres if centre.key not in known)

    def differing(self) -> tuple[str, ...]:
        """Which fields the two say differently; another spelling of the same words is the same."""
        fields = tuple(key for key in QUESTIONS if _compared(key, self.first) != _compared(key, self.second))
        return (*fields, "category") if self.disputed else fields

    def mark(self) -> str:
        """What a coordinator was shown: the fields that differ, and a digest of all there is."""
        digest = hashlib.sha256(repr((self.first, self.second)).encode()).hexdigest()[:12]
        return " ".join((*self.differing(), digest))


QUESTIONS = {each.key: each for each in (signup.ASSOCIATION, signup.PRESIDENT, signup.PHONE, signup.EMAIL)}
LABELS: dict[str, Text] = {key: each.label for key, each in QUESTIONS.items() if each.label is not None}
LABELS["category"] = t("Target category")
GONE = t("These two requests are not among yours, or need no comparison any more.")
_STATUS = {**decisions.STATUS, "pending": t("Under review")}
_VERDICT = {"different": t("two different associations"), "same": t("the same association, merged")}


def pair_in(known: Known) -> Pair | None:
    found = known.loaded.get("pair")
    return found if isinstance(found, Pair) else None


def _compared(key: str, side: Side) -> str | None:
    value = side.answers.get(key, Answer(None)).value
    return fold(value) if value and key in ("association", "president") else value.lower() if value else None


def _category(centre: Centre) -> tuple[str, str]:
    return centre.category, fold(centre.other or "")


def shown(pair: Pair, key: str, known: Known) -> tuple[Value, Value]:
    """What the two say of a field, as people read it."""
    if key == "category" and pair.disputed is not None:
        mine, its_twin = pair.disputed
        return category_of(mine), category_of(its_twin)
    question = QUESTIONS[key]
    one, other = (engine.show(question, side.answers.get(key, Answer(None)), known) for side in (pair.first, pair.second))
    return one, other


def category_of(centre: Centre) -> Value:
    told = categories.label(centre.category)
    return t("{category} ({details})")(category=told, details=centre.other) if centre.other else told


def side_by_side(pair: Pair, known: Known) -> Sayable:
    """Both, one beneath the other on a narrow screen; each line that differs names which one it is of."""
    heads = (_head(number, side, known) for number, side in enumerate((pair.first, pair.second), 1))
    return paragraphs(lines(t("These two requests look alike."), *heads), lines(*_rows(pair, known)), centres(pair, known))


def _head(number: int, side: Side, known: Known) -> Text:
    head = t("{number}. Request {ref}: {status}, since {date}")
    since = calendar.day(side.since.astimezone(known.zone).date())
    return head(number=number, ref=Ltr(reference(side.id)), status=_STATUS[side.status], date=since)


def _rows(pair: Pair, known: Known) -> Iterator[Text]:
    differing = pair.differing()
    for key in QUESTIONS:
        one, other = shown(pair, key, known)
        if key in differing:
            yield t("{field_label}:\n1. {first}\n2. {second}")(field_label=LABELS[key], first=one, second=other)
        else:
            yield t("{field_label}: {value}")(field_label=LABELS[key], value=one)


def centres(pair: Pair, known: Known) -> Sayable:
    """The centres that both have first, once; one with two categories is shown as each has it."""
    theirs = {centre.key: centre for centre in pair.second.centres}
    both = [(mine, theirs[mine.key]) for mine in pair.first.centres if mine.key in theirs]
    agreed = {mine.key for mine, other in both if _category(mine) == _category(other)}
    once = [centre_line(centre, known) for centre in pair.first.centres if centre.key in agreed]
    apart = [
        t("{number}. {value}")(number=number, value=centre_line(centre, known))
        for number, side in enumerate((pair.first, pair.second), 1)
        for centre in side.centres
        if centre.key not in agreed
    ]
    return lines(t("Centres:"), *once, *apart)


def centre_line(centre: Centre, known: Known) -> Text:
    place = engine.show(signup.CITY, Answer(centre.city_code, centre.city), known)
    return t("{centre} ({category}, {city})")(centre=centre.name, category=category_of(centre), city=place)


def judged(pair: Pair, known: Known) -> Text:
    """Somebody was faster."""
    if pair.verdict is None or pair.at is None:
        return GONE
    told = t("{coordinator} already judged these two requests on {date}: {verdict}. Nothing was changed.")
    day = calendar.day(pair.at.astimezone(known.zone).date())
    return told(coordinator=pair.by or t("the coordination team"), date=day, verdict=_VERDICT[pair.verdict])
