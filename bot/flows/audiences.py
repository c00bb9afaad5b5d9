"""Choosing whom an announcement goes to, group by group; and an audience in plain words.

What is chosen so far, and the texts when they are written already, go from one turn of the choice to the next as the answer
to `SO_FAR`, which is never asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.core.bidi import one_line, shorten
from bot.core.flow import Answer, Answers, Choice, Doubt, Ending, Flow, Question, Reading, Refused, State, Taken, quietly
from bot.core.folding import fold
from bot.core.known import Known
from bot.core.readers import city, place_in_province
from bot.core.text import Joined, Sayable, Text, Value, lines, t
from bot.flows.categories import CATEGORIES, named, read_category
from bot.flows.command import AREA, coordinator_in, go, speaker
from bot.flows.effects import DropAnnouncement
from bot.rules.audience import Audience, Part

LIST = go("announcements", t("Announcements"))
EMPTY = t("No member matches this audience: {audience}. Choose another one.")
CANCELLED = t("The announcement was cancelled. It was not sent to anyone.")
_REGION_LABEL = 18
"""Characters of a region's name in a row of 24 that holds its number and two isolates besides."""
STATUSES: dict[str, tuple[Text, Text]] = {
    "approved": (t("Accepted requests"), t("those whose request is accepted")),
    "pending": (t("Requests under review"), t("those whose request is under review")),
    "needs_correction": (t("Waiting for an answer"), t("those who were asked to correct something")),
}
"""On the button; in the description of an audience."""
LANGUAGES: dict[str, tuple[Text, Text]] = {
    "ar": (t("Arabic readers"), t("those who read Arabic")),
    "fr": (t("French readers"), t("those who read French")),
}


@dataclass(frozen=True, slots=True)
class Reach:
    """How many an audience reaches now, by (channel, language); `opted_out` do not want announcements, `unreachable` have no
    address that works."""

    by_channel_language: tuple[tuple[str, str, int], ...] = ()
    recipients: int = 0
    opted_out: int = 0
    unreachable: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """What is kept while the audience is chosen: its parts, and the answers given to the rest already."""

    parts: tuple[Part, ...] = ()
    texts: Mapping[str, str | None] = field(default_factory=dict)

    def written(self) -> Answer:
        parts = [[part.kind, part.value] for part in self.parts]
        return Answer(json.dumps({"parts": parts, "texts": dict(self.texts)}, ensure_ascii=False), how="pressed")

    @classmethod
    def of(cls, answers: Answers) -> Draft:
        """What is not readable any more, or was never there, is empty."""
        try:
            kept = json.loads(answers.get("so_far", Answer(None)).value or "{}")
            return cls(tuple(Part(kind, value) for kind, value in kept.get("parts", ())), kept.get("texts", {}))
        except (ValueError, TypeError, AttributeError):
            return cls()


def told(audience: Audience, known: Known, *, scope: str | None = None) -> Sayable:
    """The audience in words. `scope`: the category that its author keeps to."""
    parts = Joined(tuple(_part(part, known, scope) for part in audience.parts), " + ")
    if scope is None or all(part.kind == "all" for part in audience.parts):
        return parts
    return t("{parts}, among: {category}")(parts=parts, category=named(scope))


def _part(part: Part, known: Known, scope: str | None) -> Text:
    value = part.value or ""
    match part.kind:
        case "all":
            return t("all members of: {category}")(category=named(scope)) if scope else t("all members")
        case "category":
            return Text("{category}", {"category": named(value)})
        case "region":
            return t("region: {region}")(region=known.places.regions.get(value, value))
        case "commune":
            place = known.places.by_code.get(value)
            return t("city: {city}")(city=place.name if place else value)
        case "language":
            return LANGUAGES[value][1]
        case "status":
            return STATUSES[value][1]
    return t("all members")


def cancel(*, by_number: bool = True) -> Choice:
    """The way out of a draft; what is said then is for `dropped` to say."""
    return Choice("cancel", t("Cancel"), words=frozenset({"cancel"}), does="leave", by_number=by_number)


def dropped(_: State, known: Known) -> Ending:
    """The draft is given up, on record with the name."""
    effects = (DropAnnouncement(by=speaker(known).id),)
    return Ending(CANCELLED, effects, buttons=(go("broadcast", t("New announcement")), LIST, AREA))


def _kinds(known: Known) -> tuple[Choice, ...]:
    """A coordinator of one category has no other to choose."""
    coordinator = coordinator_in(known)
    if coordinator is None or coordinator.category is None:
        return _ALL_KINDS
    return tuple(choice for choice in _ALL_KINDS if choice.key != "category")


_ALL_KINDS = (
    Choice("all", t("All members")),
    Choice("category", t("One category")),
    Choice("region", t("One region")),
    Choice("commune", t("One city")),
    Choice("language", t("One language")),
    Choice("status", t("By their request")),
    cancel(),
)


def _whom(answers: Answers, known: Known) -> Sayable:
    coordinator, chosen = coordinator_in(known), Draft.of(answers).parts
    scope = coordinator.category if coordinator else None
    kept_to = t("You write to members of: {category}.")(category=named(scope)) if scope else None
    so_far = t("Chosen so far: {audience}")(audience=told(Audience(chosen), known, scope=scope)) if chosen else None
    return lines(so_far, kept_to, t("Who should receive the announcement?"))


def _read_region(typed: str, _: Answers, known: Known) -> Reading:
    key = fold(typed)
    named_so = [code for code, name in known.places.regions.items() if key in (fold(name.ar), fold(name.fr))]
    if not named_so:
        partly = known.places.regions.items()
        named_so = [code for code, name in partly if len(key) > 2 and key in f"{fold(name.ar)} {fold(name.fr)}"]
    if len(named_so) == 1:
        return Taken(Answer(named_so[0], typed))
    unknown = t("“{value}” is not one of the regions. Press one of them, or write its number.")
    return Refused(unknown(value=shorten(one_line(typed), 60)))


def _regions(known: Known) -> tuple[Choice, ...]:
    choices = (
        Choice(code, Text("{region}", {"region": name}), shows=lambda reader, code=code: _short_region(code, reader))  # type: ignore[misc]
        for code, name in sorted(known.places.regions.items())
    )
    return (*choices, cancel())


def _short_region(code: str, known: Known) -> Text:
    name = known.places.regions[code]
    return Text("{region}", {"region": shorten(name.fr if known.speech.language == "fr" else name.ar, _REGION_LABEL)})


def _read_commune(typed: str, answers: Answers, known: Known) -> Reading:
    """A commune that a list knows: members are found by its code."""
    read = city(typed, answers, known)
    if not isinstance(read, Doubt):
        return read
    options = tuple(option for option in read.options if option.answer is None or option.answer.value is not None)
    if any(option.answer is not None for option in options):
        return Doubt(read.ask, options)
    unknown = t("“{value}” is not in the list of communes. Write the name of a city or commune.")
    return Refused(unknown(value=shorten(one_line(typed), 60)))


def _show_region(answer: Answer, known: Known) -> Value:
    return known.places.regions.get(answer.value or "", answer.value or "")


def _show_commune(answer: Answer, known: Known) -> Value:
    place = known.places.by_code.get(answer.value or "")
    return place_in_province(place) if place else answer.value or ""


SO_FAR = Question(key="so_far", ask=_whom, counted=False, kept=False, ack=quietly)


def _is(kind: str, answers: Answers) -> bool:
    return answers.get("kind", Answer(None)).value == kind


def _chosen(state: State, known: Known) -> Ending:
    """One group more, and the announcement goes on with it; with nobody in it all, another is chosen."""
    kept, kind = Draft.of(state.answers), state.answers["kind"].value or "all"
    more = Audience.of((*kept.parts, Part(kind, state.answers.get(kind, Answer(None)).value))).parts
    reach = known.loaded.get("reach")
    if isinstance(reach, Reach) and reach.recipients == 0:
        nobody = EMPTY(audience=told(Audience(more), known, scope=speaker(known).category))
        return Ending(nobody, then="audience", answers={"so_far": kept.written()})
    return Ending(then="announce", answers=carried(replace(kept, parts=more)))


def carried(draft: Draft) -> dict[str, Answer]:
    """What the announcement's conversation opens with."""
    return {"so_far": draft.written(), **{key: Answer(value, value) for key, value in draft.texts.items()}}


AUDIENCE = Flow(
    name="audience",
    version=1,
    title=t("Audience of an announcement"),
    questions=(
        SO_FAR,
        Question(key="kind", ask=_whom, choices=_ALL_KINDS, offers=_kinds, counted=False, ack=quietly),
        Question(
            key="category",
            ask=t("Which category?"),
            choices=(*(Choice(each.key, each.label, each.full, also=each.also) for each in CATEGORIES), cancel()),
            read=read_category,
            when=lambda answers: _is("category", answers),
            counted=False,
            ack=quietly,
        ),
        Question(
            key="region",
            ask=t("Which region?"),
            choices=(cancel(by_number=False),),
            offers=_regions,
            read=_read_region,
            when=lambda answers: _is("region", answers),
            show=_show_region,
            counted=False,
            ack=quietly,
        ),
        Question(
            key="commune",
            ask=t("Which city or commune? Write its name."),
            choices=(cancel(by_number=False),),
            read=_read_commune,
            when=lambda answers: _is("commune", answers),
            show=_show_commune,
            counted=False,
            ack=quietly,
        ),
        Question(
            key="language",
            ask=t("Members who read which language?"),
            choices=(*(Choice(key, label) for key, (label, _) in LANGUAGES.items()), cancel()),
            when=lambda answers: _is("language", answers),
            counted=False,
            ack=quietly,
        ),
        Question(
            key="status",
            ask=t("Members whose request is where?"),
            choices=(*(Choice(key, label) for key, (label, _) in STATUSES.items()), cancel()),
            when=lambda answers: _is("status", answers),
            counted=False,
            ack=quietly,
        ),
    ),
    finish=_chosen,
    left=dropped,
    role="coordinator",
    needs=frozenset({"reach", "composing"}),
)
