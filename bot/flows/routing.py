"""What a message is about, and what becomes of it.

Two moves, because some commands need rows: `aim` says what the message is about and what must be loaded for it, `act`
turns that into an outcome. Both are pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.core import engine
from bot.core.bidi import clean
from bot.core.flow import Flow, Heard, State, Step, Taken
from bot.core.known import Known
from bot.core.messages import Attached, Button, Content, FromGroup, Outgoing, Pressed, Shared, Typed
from bot.core.text import t
from bot.flows import moves
from bot.flows.commands import BY_INTENT, COMMANDS, Command
from bot.flows.declared import FLOWS
from bot.flows.standing import Outcome, Standing

_NAVIGATION = {
    **{move: move for move in ("back", "keep", "skip", "help", "edit")},
    "no_value": "skip",
    "dont_know": "help",
}


@dataclass(frozen=True, slots=True)
class Answering:
    """An answer, good or not, to the open question."""

    heard: Heard
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Pressing:
    """A button of the open question: its value."""

    value: str
    payload: str


@dataclass(frozen=True, slots=True)
class Moving:
    """A word such as «رجوع», said at a question."""

    move: str


@dataclass(frozen=True, slots=True)
class Running:
    command: Command


@dataclass(frozen=True, slots=True)
class Stale:
    """A button of an earlier step, or one that was not made for this person."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """The button that was pressed just before: a double tap, answered by silence."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing is open and the words mean nothing to us."""


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody called us in a group."""


Aim: TypeAlias = Answering | Pressing | Moving | Running | Stale | Repeated | Lost | Called


def needs(aim: Aim) -> frozenset[str]:
    """What the turn must load before `act`."""
    return aim.command.needs if isinstance(aim, Running) else frozenset()


def aim(standing: Standing, content: Content, known: Known) -> Aim:
    """`content` of a press holds the payload after its seal was checked; a broken seal comes as an empty payload."""
    state = standing.talk.top
    match content:
        case FromGroup():
            return Called()
        case Pressed(payload):
            return _pressed(standing, payload)
        case Shared() if state is not None:
            return Answering(engine.shared(FLOWS[state.flow], state, content))
        case Attached() if state is not None:
            return Answering(engine.attached(FLOWS[state.flow], state, content))
        case Typed(text):
            return _typed(standing, clean(text), known)
    return Lost()


def act(standing: Standing, aim: Aim, known: Known) -> Outcome:
    match aim:
        case Running(command):
            return command.act(replace(standing, talk=replace(standing.talk, lost=0)), known)
        case Answering(heard, typed):
            return _on_top(standing, known, lambda f, s: engine.accept(f, s, heard, known, typed=typed))
        case Moving(move):
            return _moved(standing, move, known)
        case Pressing(value, payload):
            return _pressed_open(replace(standing, talk=replace(standing.talk, pressed=payload)), value, known)
        case Stale():
            return moves.ask_again(standing.talk, known, (OLD_BUTTON,))
        case Repeated():
            return Outcome(standing.talk)
        case Called():
            return Outcome(standing.talk, (Outgoing(GROUP),))
        case Lost():
            return _lost(standing, known)


OLD_BUTTON = t("This button belongs to an earlier step. The current question is below.")
GROUP = t("This assistant speaks with each association privately. Open a private conversation with it and press “Start”.")


def _pressed(standing: Standing, payload: str) -> Aim:
    verb, _, rest = payload.partition(":")
    number, _, value = rest.partition(":")
    if verb == "go" and value in COMMANDS:
        return Running(COMMANDS[value])
    state = standing.talk.top
    if state is not None and verb == state.flow and number == str(state.step):
        return Pressing(value, payload)
    return Repeated() if payload and payload == standing.talk.pressed else Stale()


def _typed(standing: Standing, text: str, known: Known) -> Aim:
    if text.startswith("/"):
        name = text[1:].split(maxsplit=1)[0].partition("@")[0].casefold() if len(text) > 1 else ""
        if name in COMMANDS:
            return Running(COMMANDS[name])
    state = standing.talk.top
    if state is None:
        return _word(known.words.intent(text), None) or Lost()
    flow = FLOWS[state.flow]
    chosen = engine.picked(flow, state, text, known)
    if chosen is not None:
        return Answering(chosen, text)
    word = _word(known.words.intent(text), state)
    if word is not None and engine.open_question(flow, state).names:
        return word
    heard = engine.reading(flow, state, text, known)
    return Answering(heard, text) if word is None or isinstance(heard, Taken) else word


def _word(intent: str | None, state: State | None) -> Aim | None:
    """What a known word does here; None where it does nothing of its own."""
    if intent is None:
        return None
    skip = engine.open_question(FLOWS[state.flow], state).skip if state is not None else None
    if skip is not None and intent in skip.words:
        return Moving("skip")
    if state is not None and intent in _NAVIGATION and (intent != "edit" or FLOWS[state.flow].counted()):
        return Moving(_NAVIGATION[intent])
    return Running(BY_INTENT[intent]) if intent in BY_INTENT else None


def _on_top(standing: Standing, known: Known, step: Callable[[Flow, State], Step]) -> Outcome:
    state = standing.talk.stack[-1]
    known = _with_beneath(standing, known)
    return moves.stepped(standing, step(FLOWS[state.flow], state), known)


def _with_beneath(standing: Standing, known: Known) -> Known:
    stack = standing.talk.stack
    return replace(known, beneath=stack[0]) if len(stack) > 1 else known


def _pressed_open(standing: Standing, value: str, known: Known) -> Outcome:
    state = standing.talk.stack[-1]
    known = _with_beneath(standing, known)
    step = engine.press(FLOWS[state.flow], state, value, known)
    if step is None:
        return moves.ask_again(standing.talk, known, (OLD_BUTTON,))
    return moves.stepped(standing, step, known)


def _moved(standing: Standing, move: str, known: Known) -> Outcome:
    """Back, skip, help and edit. A short conversation has no way back but out of it."""
    state = standing.talk.stack[-1]
    flow = FLOWS[state.flow]
    if move in ("back", "skip") and not flow.counted():
        return moves.ask_again(replace(standing.talk, stack=standing.talk.stack[:-1]), known, (t("Nothing was changed."),))
    return _on_top(standing, known, lambda f, s: engine.press(f, s, move, known) or Step(s))


def _lost(standing: Standing, known: Known) -> Outcome:
    """Nothing open, nothing understood: a newcomer is welcomed, others get the menu, and at the third time a human."""
    if standing.new:
        return COMMANDS["start"].act(standing, known)
    talk = replace(standing.talk, lost=standing.talk.lost + 1)
    if talk.lost % engine.ATTEMPTS == 0:
        offer = t("It seems difficult to continue. A member of the team can call you and complete the answer with you.")
        return moves.aside(talk, offer, Button(engine.CALL_ME, "go::human"))
    unknown = t("We did not understand this message. Choose a service from the menu, or write “Help”.")
    return moves.aside(talk, unknown)
