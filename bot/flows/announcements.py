"""Writing an announcement: its texts, the preview, the test, the hour, and the number that lets it leave."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.core.bidi import one_line
from bot.core.flow import YES, Answer, Answers, Choice, Ending, Flow, Question, Reading, Refused, Skip, State, Taken, quietly
from bot.core.folding import digits
from bot.core.known import Known
from bot.core.text import AsTold, Sayable, Text, lines, t
from bot.flows import sending_time
from bot.flows.audiences import AUDIENCE, EMPTY, LIST, SO_FAR, Draft, Reach, cancel, carried, dropped, told
from bot.flows.command import AREA, coordinator_in, speaker
from bot.flows.effects import Announce, TestSend
from bot.flows.standing import Talk
from bot.rules.audience import Audience

TITLE_MOST, BODY_MOST = 60, 3500
"""UTF-16 units, as platforms count: with what stands around it, a body stays under the 4096 of one message."""
_DRAFTED = ("title", "body", "body_fr")
_COUNTED_AT = frozenset({"enough", "body_fr", "preview", "when", "count"})
_SHOWN_AT = frozenset({"preview", "count"})
"""The questions at which the recipients are counted, and those that show the texts, or may go back to where they are."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The announcement as its readers get it."""

    ar: str
    fr: str


@dataclass(frozen=True, slots=True)
class Review:
    """Above how many recipients a second coordinator confirms, and whether there is one."""

    above: int
    others: bool


def reach_in(known: Known) -> Reach:
    found = known.loaded.get("reach")
    return found if isinstance(found, Reach) else Reach()


def counts_for(talk: Talk) -> Audience | None:
    """The audience whose recipients what is asked next tells of; None where it tells of none."""
    state = talk.top
    if state is None or state.flow != ANNOUNCE.name or state.question not in _COUNTED_AT:
        return None
    return Audience(Draft.of(state.answers).parts)


def drafted(talk: Talk) -> tuple[str, str | None] | None:
    """The Arabic and the French text of what may be shown next as a preview; None where nothing is."""
    state = talk.top
    if state is None or state.flow != ANNOUNCE.name or state.question not in _SHOWN_AT or "body" not in state.answers:
        return None
    return state.answers["body"].value or "", _value(state.answers, "body_fr")


def _value(answers: Answers, key: str) -> str | None:
    return answers.get(key, Answer(None)).value


def _audience(answers: Answers, known: Known) -> Sayable:
    coordinator = coordinator_in(known)
    return told(Audience(Draft.of(answers).parts), known, scope=coordinator.category if coordinator else None)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _text_reader(*, least: int, most: int, flat: bool = False) -> Callable[[str, Answers, Known], Reading]:
    """Words of any kind, kept as they are; `flat`: on one line."""

    def read(typed: str, _: Answers, __: Known) -> Reading:
        text = one_line(typed) if flat else typed
        if sum(letter.isalpha() for letter in text) < least:
            return Refused(_TOO_SHORT(min=least))
        if units(text) > most:
            return Refused(_TOO_LONG(max=most, count=units(text)))
        return Taken(Answer(text, text))

    return read


_TOO_SHORT = t("This is too short (minimum: {min} letters). Write it in full.")
_TOO_LONG = t("This is too long ({count} characters, limit: {max}). Shorten it and send it again.")


def _enough(answers: Answers, known: Known) -> Sayable:
    reach = reach_in(known)
    writing: tuple[str, ...] = known.loaded.get("composing") or ()
    also = (t("{name} is writing an announcement too at this moment.")(name=name) for name in writing)
    return lines(
        t("Audience: {audience}")(audience=_audience(answers, known)),
        t("Recipients: {count}")(count=reach.recipients),
        *_left_out(reach),
        *also,
        t("Add another group, or is that all? Whoever is in two groups gets it once."),
    )


def _left_out(reach: Reach) -> list[Text]:
    """Who is not written to, and why."""
    stopped = t("Stopped announcements, or never agreed to them: {count} (will not receive it)")
    unreachable = t("No way to reach them here: {count}")
    return [
        *([stopped(count=reach.opted_out)] if reach.opted_out else []),
        *([unreachable(count=reach.unreachable)] if reach.unreachable else []),
    ]


def _french(_: Answers, known: Known) -> Sayable:
    counts = dict.fromkeys(("ar", "fr"), 0)
    for _channel, language, count in reach_in(known).by_channel_language:
        counts[language] = counts.get(language, 0) + count
    ask = t("Add the French version, or press “{btn_skip}”. Recipients: {ar_count} in Arabic, {fr_count} in French.")
    return ask(btn_skip=_NO_FRENCH, ar_count=counts["ar"], fr_count=counts["fr"])


_NO_FRENCH = t("Without French")
_CHANNELS: dict[str, Text] = {"telegram": t("Telegram"), "web": t("web page")}
_IN: dict[str, Text] = {"ar": t("in Arabic"), "fr": t("in French")}


def preview(answers: Answers, known: Known) -> Sayable:
    """The announcement as it is received, and who receives it; what is left out, and why."""
    rendered: Rendered | None = known.loaded.get("rendered")
    shown = [rendered.ar, rendered.fr] if rendered else []
    fence = Text("———")
    bodies = [part for text in shown for part in (Text("{body}", {"body": AsTold(text)}), fence)]
    facts = facts_of(_audience(answers, known), reach_in(known))
    head = t("Preview – this is exactly what members will see:")
    return lines(head, fence, *bodies, t("Title: {title}")(title=_value(answers, "title") or ""), *facts)


def facts_of(audience: Sayable, reach: Reach) -> list[Text]:
    per = t("{channel}, {language}: {count}")
    return [
        t("Audience: {audience}")(audience=audience),
        t("Recipients: {count}")(count=reach.recipients),
        *(
            per(channel=_CHANNELS.get(channel, Text(channel)), language=_IN.get(language, Text(language)), count=count)
            for channel, language, count in reach.by_channel_language
        ),
        *_left_out(reach),
    ]


def _test(state: State, known: Known) -> tuple[TestSend, ...]:
    answers = state.answers
    title, body = _value(answers, "title") or "", _value(answers, "body") or ""
    return (TestSend(title, body, _value(answers, "body_fr"), by=speaker(known).id),)


def _confirm(answers: Answers, known: Known) -> Sayable:
    reach, audience = reach_in(known), _audience(answers, known)
    if reach.recipients == 0:
        return EMPTY(audience=audience)
    ask = t("Send this announcement to {count} recipients ({audience})? To confirm, write the number {count}.")
    return lines(
        sending_time.told(_value(answers, "when"), known),
        SECOND if needs_review(known) else None,
        ask(count=reach.recipients, audience=audience),
    )


SECOND = t("There are so many recipients that a second coordinator must confirm before it leaves.")


def needs_review(known: Known) -> bool:
    review = known.loaded.get("review")
    return isinstance(review, Review) and review.others and reach_in(known).recipients > review.above


def _read_count(typed: str, answers: Answers, known: Known) -> Reading:
    """The number of recipients as it is now, in any digits."""
    reach = reach_in(known)
    if reach.recipients == 0:
        return Refused(EMPTY(audience=_audience(answers, known)))
    number = re.sub(r"[\s.,٬]", "", digits(typed))
    if not number.isdecimal():
        return Refused(t("Nothing was sent. To confirm, a number is needed: how many will receive it."))
    if int(number) != reach.recipients:
        wrong = t("You wrote {number}, and the recipients are {count}. Nothing was sent.")
        return Refused(wrong(number=number[:20], count=reach.recipients))
    return Taken(Answer(str(reach.recipients), typed))


def _confirmed(state: State, known: Known) -> Ending:
    """Another group first, where that was asked for; else it leaves, or waits for its hour or for a second coordinator."""
    answers, kept = state.answers, Draft.of(state.answers)
    texts = {key: answers[key].value for key in _DRAFTED if key in answers}
    if answers["enough"].value in ("add", "other"):
        parts = kept.parts if answers["enough"].value == "add" else ()
        return Ending(then=AUDIENCE.name, answers={"so_far": Draft(parts, texts).written()})
    when = sending_time.chosen(_value(answers, "when"))
    if when.local is not None and sending_time.is_past(when.local, known):
        reopened = {**carried(Draft(kept.parts, texts)), "enough": Answer("enough", how="pressed")}
        return Ending(sending_time.PASSED, then=ANNOUNCE.name, answers=reopened)
    effect = Announce(
        title=_value(answers, "title") or "",
        body_ar=_value(answers, "body") or "",
        body_fr=_value(answers, "body_fr"),
        audience=Audience(kept.parts),
        by=speaker(known).id,
        count=reach_in(known).recipients,
        send_local=when.local,
        urgent=when.urgent,
        needs_review=needs_review(known),
    )
    said = SECOND_ASKED if effect.needs_review else sending_time.leaves(when, known, reach_in(known).recipients)
    return Ending(said, (effect,), buttons=(LIST, AREA))


SECOND_ASKED = t(
    "The announcement is kept. It leaves once a second coordinator has confirmed it: they have been asked now, and you will"
    " be told."
)


def _goes_on(key: str | None = None) -> Callable[[Answers], bool]:
    """Asked unless another group is chosen first; what was answered already is kept meanwhile."""
    return lambda answers: _value(answers, "enough") not in ("add", "other") or key in answers


ANNOUNCE = Flow(
    name="announce",
    version=1,
    title=t("Announcement"),
    questions=(
        SO_FAR,
        Question(
            key="enough",
            label=t("Audience"),
            ask=_enough,
            choices=(
                Choice("enough", t("That is all"), words=YES | {"done"}),
                Choice("add", t("Add another group")),
                Choice("other", t("Choose anew")),
                cancel(),
            ),
            ack=quietly,
        ),
        Question(
            key="title",
            label=t("Title"),
            ask=t("Write a short title (up to {max} characters). It tells the announcement from the others.")(
                max=TITLE_MOST
            ),
            choices=(cancel(by_number=False),),
            read=_text_reader(least=3, most=TITLE_MOST, flat=True),
            names=True,
            when=_goes_on("title"),
            ack=quietly,
        ),
        Question(
            key="body",
            label=t("Arabic text"),
            ask=t("Write the announcement in Arabic, in one message (up to {max} characters).")(max=BODY_MOST),
            choices=(cancel(by_number=False),),
            read=_text_reader(least=5, most=BODY_MOST),
            names=True,
            when=_goes_on("body"),
            box="long",
            ack=quietly,
        ),
        Question(
            key="body_fr",
            label=t("French text"),
            ask=_french,
            choices=(cancel(by_number=False),),
            read=_text_reader(least=5, most=BODY_MOST),
            skip=Skip(
                _NO_FRENCH,
                t("Noted: whoever reads French gets the Arabic text, with a French line saying so."),
                frozenset({"skip", "no_value", "no"}),
            ),
            names=True,
            when=_goes_on("body_fr"),
            box="long",
            ack=quietly,
        ),
        Question(
            key="preview",
            ask=preview,
            choices=(
                Choice("test", t("Send me a test"), words=YES),
                Choice("edit", t("Change something"), words=frozenset({"edit"}), does="edit"),
                cancel(),
            ),
            counted=False,
            kept=False,
            review=True,
            when=_goes_on(),
            ack=quietly,
        ),
        Question(
            key="when",
            ask=sending_time.ask,
            choices=(sending_time.NOW, cancel()),
            offers=lambda known: (*sending_time.offered(known), cancel()),
            read=sending_time.read,
            show=sending_time.show,
            counted=False,
            when=_goes_on(),
            ack=quietly,
        ),
        Question(
            key="count",
            ask=_confirm,
            choices=(cancel(by_number=False),),
            read=_read_count,
            counted=False,
            when=_goes_on(),
            ack=quietly,
        ),
    ),
    finish=_confirmed,
    answered={"preview": _test},
    left=dropped,
    role="coordinator",
    needs=frozenset({"reach", "rendered", "composing", "review"}),
)


FLOWS = (AUDIENCE, ANNOUNCE)
