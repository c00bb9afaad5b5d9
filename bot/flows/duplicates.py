"""What the committee asks for about applications that look alike: the pairs, what is judged of them, the merges made."""

from __future__ import annotations

from dataclasses import replace

from bot.core import calendar
from bot.core.known import Known
from bot.core.messages import Button
from bot.core.text import Ltr, Sayable, Text, lines, paragraphs, t
from bot.flows import merges, moves, pairs
from bot.flows.command import AREA, Command, go, speaker
from bot.flows.effects import Effect, JudgePair
from bot.flows.merges import Joined, joined_in
from bot.flows.pairs import GONE, Pair, pair_in
from bot.flows.standing import Outcome, Standing
from bot.rules.references import reference

DOOR = go("duplicates", t("Possible duplicates"))
_MERGES = go("merges", t("Recent merges"))
NOTHING_ALIKE = t("Nothing that resembles this request waits for you: it was judged already, or is of another category.")


def _said(standing: Standing, say: Sayable, *buttons: Button, effects: tuple[Effect, ...] = ()) -> Outcome:
    return replace(moves.aside(standing.talk, say, *buttons), effects=effects)


def duplicates(standing: Standing, known: Known) -> Outcome:
    """The pair found first that nobody has judged; from a pair, the one after it."""
    pair = known.loaded.get("next_pair")
    if not isinstance(pair, Pair):
        return _said(standing, t("No possible duplicate waits for you."), _MERGES, AREA)
    return _shown(standing, pair, known)


def compare(standing: Standing, known: Known) -> Outcome:
    """From the card of an application: what it looks like, one after the other."""
    pair = known.loaded.get("pair_of_application")
    if not isinstance(pair, Pair):
        return _said(standing, NOTHING_ALIKE, DOOR, AREA)
    return _shown(standing, pair, known)


def _shown(standing: Standing, pair: Pair, known: Known) -> Outcome:
    following = (go("duplicates", t("Next pair"), pair.id),) if pair.more else ()
    same, different = go("merge", t("The same"), pair.id), go("not_same", t("Not the same"), pair.id)
    return _said(standing, pairs.side_by_side(pair, known), same, different, *following)


def merge(standing: Standing, known: Known) -> Outcome:
    """They are the same association: which values are kept?"""
    pair = pair_in(known)
    stopped = merges.obstacle(pair, known)
    if pair is None or stopped is not None:
        return _said(standing, stopped or GONE, DOOR)
    return moves.opened(standing.talk, known, merges.MERGE.name, answers=merges.seen(pair), subject=pair.id)


def not_same(standing: Standing, known: Known) -> Outcome:
    """Two different associations: they are not shown together again."""
    pair = pair_in(known)
    if pair is None or pair.verdict is not None:
        return _said(standing, pairs.judged(pair, known) if pair else GONE, DOOR)
    noted = t("Noted: two different associations. They will not be shown together again.")
    buttons = (go("reconsider", t("Undo"), pair.id), go("duplicates", t("Next pair"), pair.id))
    return _said(standing, noted, *buttons, effects=(JudgePair(pair.id, "different", by=speaker(known).id),))


def reconsider(standing: Standing, known: Known) -> Outcome:
    """Take back that two are different."""
    pair = pair_in(known)
    if pair is None or pair.verdict != "different":
        return _said(standing, pairs.judged(pair, known) if pair else GONE, DOOR)
    again = go("compare", t("Compare"), pair.second.id)
    undone = t("Undone: these two requests can be compared again.")
    return _said(standing, undone, again, effects=(JudgePair(pair.id, None, by=speaker(known).id),))


def recent(standing: Standing, known: Known) -> Outcome:
    """The merges that can still be undone, a button each."""
    made: list[Joined] = known.loaded["merges"]
    if not made:
        return _said(standing, t("There is no merge that can still be undone."), DOOR, AREA)
    told = lines(*(_line(joined, known) for joined in made))
    buttons = (go("undo_merge", _ref(joined), joined.second) for joined in made)
    ask = t("Press a request to undo its merge.")
    return _said(standing, paragraphs(t("Merges that can still be undone:"), told, ask), *buttons, DOOR)


def _ref(joined: Joined) -> Text:
    return Text("{ref}", {"ref": Ltr(reference(joined.second))})


def _line(joined: Joined, known: Known) -> Text:
    line = t("{other}, joined to {ref} ({association}) by {coordinator}, {date}")
    return line(
        ref=Ltr(reference(joined.first)),
        other=Ltr(reference(joined.second)),
        association=joined.association,
        coordinator=joined.by[1] if joined.by else t("the coordination team"),
        date=calendar.day(joined.at.astimezone(known.zone).date()),
    )


def undo_merge(standing: Standing, known: Known) -> Outcome:
    joined = joined_in(known)
    stopped = merges.undo_obstacle(joined, known)
    if joined is None or stopped is not None:
        return _said(standing, stopped or GONE, _MERGES)
    return moves.opened(standing.talk, known, merges.UNDO_MERGE.name, subject=joined.second)


_PAIR = frozenset({"pair"})

COMMANDS: tuple[Command, ...] = (
    Command(
        "duplicates",
        duplicates,
        describe=t("Coordination: requests that look alike"),
        needs=frozenset({"next_pair"}),
        role="coordinator",
    ),
    Command("compare", compare, needs=frozenset({"pair_of_application"}), role="coordinator", about=True),
    Command("merge", merge, needs=_PAIR, role="coordinator", about=True),
    Command("not_same", not_same, needs=_PAIR, role="coordinator", about=True),
    Command("reconsider", reconsider, needs=_PAIR, role="coordinator", about=True),
    Command("merges", recent, needs=frozenset({"merges"}), role="coordinator"),
    Command("undo_merge", undo_merge, needs=frozenset({"merge"}), role="coordinator", about=True),
)
