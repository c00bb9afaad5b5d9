"""Joining two applications of one association, field by field, and taking that back: the conversations. What the two persons
are told is in bot.flows.merge_news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.core import calendar
from bot.core.bidi import shorten_apart, without_isolates
from bot.core.flow import NO, YES, Answer, Answers, Choice, Ending, Flow, Question, State, quietly
from bot.core.known import Known
from bot.core.text import Ltr, Sayable, Text, Value, lines, paragraphs, t
from bot.flows import pairs
from bot.flows.command import go, speaker
from bot.flows.effects import Merge, UndoMerge
from bot.flows.pairs import GONE, LABELS, Pair, pair_in
from bot.rules.permissions import may
from bot.rules.references import reference

UNDO_WITHIN = timedelta(days=30)
TELL_AFTER = timedelta(minutes=2)
"""As with decisions: until then the two persons hear nothing of it, nor of an undo."""
FIELDS = (*pairs.QUESTIONS, "category")
_LABEL = 15
"""Characters of a value on a button: a reply button of 20 holds its number and two isolates besides."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A merge as the committee sees it: `first` and `second` are sign-ups. `kept`: the values are still there. `later`: the
    sign-up whose merge came after and must be undone before."""

    first: int
    second: int
    association: str
    at: datetime
    by: tuple[int, str] | None = None
    kept: bool = True
    told: bool = False
    later: int | None = None


def joined_in(known: Known) -> Joined | None:
    found = known.loaded.get("merge")
    return found if isinstance(found, Joined) else None


def until(at: datetime, known: Known) -> Text:
    """The last day on which a merge made then can be undone."""
    return calendar.day((at + UNDO_WITHIN).astimezone(known.zone).date())


_CANCELLED = t("Nothing was merged.")
NOT_JOINED = t("This merge is not among yours, or it was undone already.")
_UNTOLD = t("One of these two requests was decided on less than two minutes ago. Merge them once its person has been told.")
_CHANGED = t("One of these two requests has changed in the meantime. Compare them again.")


def obstacle(pair: Pair | None, known: Known) -> Text | None:
    """Why these two cannot be merged now; None when they can."""
    if pair is None:
        return GONE
    if pair.verdict is not None:
        return pairs.judged(pair, known)
    return _UNTOLD if pair.first.untold or pair.second.untold else None


def seen(pair: Pair) -> dict[str, Answer]:
    """The answer to the first question that pressing “The same” under a comparison is."""
    return {"same": Answer("same", pair.mark(), "pressed")}


def _asked(answers: Answers) -> list[str]:
    return (answers.get("same", Answer(None)).typed or "").split()[:-1]


def _which(_: Answers, known: Known, *, key: str) -> Sayable:
    pair = pair_in(known)
    if pair is None:
        return GONE
    first, second = pairs.shown(pair, key, known)
    ask = t("{field_label}: which one is kept?\n1. {first}\n2. {second}")
    return ask(field_label=LABELS[key], first=first, second=second)


def _value(known: Known, *, key: str, place: int) -> Text:
    """One of the two values, as short as a button and told apart from the other one."""
    pair = pair_in(known)
    if pair is None:
        return t("The first") if place == 0 else t("The second")
    both = pairs.shown(pair, key, known)
    plain = [without_isolates(known.speech.show(value)) for value in both]
    short = shorten_apart(plain[place], plain[1 - place], _LABEL)
    return Text("{value}", {"value": Ltr(short) if isinstance(both[place], Ltr) else short})


def _cancel() -> Choice:
    return Choice("cancel", t("Cancel"), words=NO | {"cancel"}, does="leave", tell=lambda _: _CANCELLED)


def _choose(key: str) -> Question:
    return Question(
        key=key,
        ask=partial(_which, key=key),
        choices=(
            Choice("first", t("The first"), shows=partial(_value, key=key, place=0)),
            Choice("second", t("The second"), shows=partial(_value, key=key, place=1)),
            _cancel(),
        ),
        counted=False,
        ack=quietly,
        when=lambda answers: key in _asked(answers),
    )


def _chosen(pair: Pair, answers: Answers, key: str, known: Known) -> Value:
    first, second = pairs.shown(pair, key, known)
    return second if answers.get(key, Answer("first")).value == "second" else first


def _check(answers: Answers, known: Known) -> Sayable:
    """What the association will be: said before anything is done."""
    pair = pair_in(known)
    if pair is None:
        return GONE
    kept = [
        t("{field_label}: {value}")(field_label=LABELS[key], value=_chosen(pair, answers, key, known))
        for key in LABELS
        if key != "category"
    ]
    after = t(
        "Request {other} is joined to it and has no seat of its own; its person stays a contact of the association. Both"
        " persons are told in two minutes. You can undo the merge until {deadline}."
    )
    return paragraphs(
        lines(t("Check before merging."), t("Reference: {ref}")(ref=Ltr(reference(pair.first.id))), *kept),
        lines(t("Centres:"), *_centres_after(pair, answers, known)),
        after(other=Ltr(reference(pair.second.id)), deadline=until(known.now, known)),
    )


def _centres_after(pair: Pair, answers: Answers, known: Known) -> list[Text]:
    mine = list(pair.first.centres)
    if pair.disputed is not None and answers.get("category", Answer(None)).value == "second":
        mine = [pair.disputed[1] if centre == pair.disputed[0] else centre for centre in mine]
    return [pairs.centre_line(centre, known) for centre in (*mine, *pair.moving)]


def _merged(state: State, known: Known) -> Ending:
    """Join them, unless somebody was faster or something has changed."""
    pair = pair_in(known)
    stopped = obstacle(pair, known)
    if pair is None or stopped is not None:
        return Ending(stopped or GONE, buttons=(go("duplicates", t("Next pair")),))
    if state.answers["same"].typed != pair.mark():
        return Ending(_CHANGED, buttons=(go("compare", t("Compare"), pair.second.id),))
    taken = tuple(key for key in _asked(state.answers) if state.answers[key].value == "second")
    done = t(
        "Done: request {other} is joined to request {ref}. Both persons are told in two minutes. You can undo the merge"
        " until {deadline}."
    )
    said = done(ref=Ltr(reference(pair.first.id)), other=Ltr(reference(pair.second.id)), deadline=until(known.now, known))
    buttons = (go("undo_merge", t("Undo the merge"), pair.second.id), go("duplicates", t("Next pair"), pair.id))
    return Ending(said, (Merge(pair.id, taken=taken, by=speaker(known).id),), buttons=buttons)


MERGE = Flow(
    name="merge",
    version=1,
    title=t("Merge"),
    questions=(
        Question(
            key="same",
            ask=lambda _, known: pairs.side_by_side(pair, known) if (pair := pair_in(known)) else GONE,
            choices=(Choice("same", t("The same"), words=YES), _cancel()),
            counted=False,
            kept=False,  # answered by what opens this flow; gone back to, its answer would no longer say what was seen
            ack=quietly,
        ),
        *(_choose(key) for key in FIELDS),
        Question(
            key="sure",
            ask=_check,
            choices=(Choice("yes", t("Merge"), words=YES), _cancel()),
            counted=False,
            ack=quietly,
        ),
    ),
    finish=_merged,
    role="coordinator",
    needs=frozenset({"pair"}),
)


def undo_obstacle(joined: Joined | None, known: Known) -> Text | None:
    """Why this merge cannot be undone by the speaker; None when it can."""
    coordinator = speaker(known)
    if joined is None:
        return NOT_JOINED
    if not joined.kept or known.now >= joined.at + UNDO_WITHIN:
        late = t(
            "This merge can no longer be undone: that was possible until {deadline}, as long as neither person asked for"
            " deletion."
        )
        return late(deadline=until(joined.at, known))
    if not may(coordinator, "owner") and (joined.by is None or joined.by[0] != coordinator.id):
        whose = t("This merge was made by {coordinator}: only they, or somebody in charge of the team, can undo it.")
        return whose(coordinator=joined.by[1] if joined.by else t("the coordination team"))
    if joined.later is not None:
        return t("Undo the later merge of request {ref} first.")(ref=Ltr(reference(joined.later)))
    return None


def _undo_sure(_: Answers, known: Known) -> Sayable:
    joined = joined_in(known)
    if joined is None:
        return GONE
    return t(
        "Undo the merge of requests {ref} and {other} ({association})? Both stand on their own again. What was changed since"
        " then stays."
    )(ref=Ltr(reference(joined.first)), other=Ltr(reference(joined.second)), association=joined.association)


def _undone(_: State, known: Known) -> Ending:
    joined = joined_in(known)
    stopped = undo_obstacle(joined, known)
    if joined is None or stopped is not None:
        return Ending(stopped, buttons=(go("merges", t("Recent merges")),))
    done = t("Undone: requests {ref} and {other} stand on their own again.")
    said = done(ref=Ltr(reference(joined.first)), other=Ltr(reference(joined.second)))
    told = t("Both persons are told.") if joined.told else None
    effect = UndoMerge(joined.second, by=speaker(known).id)
    return Ending(lines(said, told), (effect,), buttons=(go("duplicates", t("Possible duplicates")),))


UNDO_MERGE = Flow(
    name="undo_merge",
    version=1,
    title=t("Undo the merge"),
    questions=(
        Question(
            key="sure",
            ask=_undo_sure,
            choices=(
                Choice("yes", t("Undo the merge"), words=YES),
                Choice("cancel", t("Cancel"), words=NO | {"cancel"}, does="leave", tell=lambda _: t("Nothing was changed.")),
            ),
            counted=False,
            ack=quietly,
        ),
    ),
    finish=_undone,
    role="coordinator",
    needs=frozenset({"merge"}),
)

FLOWS = (MERGE, UNDO_MERGE)
