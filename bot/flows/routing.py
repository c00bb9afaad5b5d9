"""What a message is about, and what becomes of it.

Two moves, because some commands need rows: `aim` says what the message is about and what must be loaded for it, `act`
turns that into an outcome. Both are pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.core import engine
from bot.core.bidi import clean
from bot.core.flow import Answer, Choice, Flow, Heard, Picked, Refused, State, Step, Taken
from bot.core.known import Known
from bot.core.messages import Attached, Button, Content, FromGroup, Outgoing, Pressed, Shared, Typed
from bot.core.text import t
from bot.flows import coordination, moves, signup
from bot.flows.claims import CLAIM, Offered
from bot.flows.command import Command, coordinator_in
from bot.flows.commands import BY_INTENT, COMMANDS
from bot.flows.declared import FLOWS
from bot.flows.effects import NoteRefusal
from bot.flows.standing import Outcome, Standing, Talk
from bot.rules.permissions import may

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
    """`subject`: the id on the button that was pressed, if it had one."""

    command: Command
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class Stale:
    """A button of an earlier step, or one that was not made for this person."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """The button that was pressed just before: a double tap, answered by silence."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing is open and what came means nothing to us: words, or a thing."""

    thing: Attached | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody called us in a group."""


Aim: TypeAlias = Answering | Pressing | Moving | Running | Stale | Repeated | Lost | Called


@dataclass(frozen=True, slots=True)
class Need:
    """Something the turn must load before `act`: its name, and the id of the row it is about, if any."""

    name: str
    subject: int | None = None


def needs(standing: Standing, aim: Aim) -> tuple[Need, ...]:
    """What the turn must load before `act`: who of the committee is speaking first, because the rest depends on it."""
    names: dict[str, int | None] = {}
    role = None
    for state in standing.talk.stack:
        flow = FLOWS[state.flow]
        role = role or flow.role
        names.update(dict.fromkeys(flow.needs, state.subject))
    if isinstance(aim, Running):
        role = role or aim.command.role
        names.update(dict.fromkeys(aim.command.needs, aim.subject))
    if role is not None or COMMITTEE in names:
        names.pop(COMMITTEE, None)
        return (Need(COMMITTEE), *(Need(name, subject) for name, subject in names.items()))
    return tuple(Need(name, subject) for name, subject in names.items())


COMMITTEE = "coordinator"


def forbidden(standing: Standing, aim: Aim, known: Known) -> str | None:
    """The name of what the speaker may not do, None when all is allowed. Asked before anything else is loaded, and again
    before anything is done."""
    wanted: list[tuple[str, str | None]] = [(aim.command.name, aim.command.role)] if isinstance(aim, Running) else []
    wanted += [(state.flow, FLOWS[state.flow].role) for state in standing.talk.stack]
    speaker = coordinator_in(known)
    return next((name for name, role in wanted if role is not None and not may(speaker, role)), None)


def shared_number(standing: Standing, aim: Aim) -> str | None:
    """The number a person has just shared as their own in a sign-up that was not sent yet: one may be prepared for it."""
    state = standing.talk.top
    if state is None or state.flow != signup.NAME or state.revises:
        return None
    match aim:
        case Answering(Taken(Answer(value=number, how="shared"))):
            return number
    return None


def claims(standing: Standing, aim: Aim) -> tuple[int, str] | None:
    """The prepared sign-up that this message says is the person's, and the number it was offered for."""
    state, beneath = standing.talk.top, standing.talk.draft(signup.NAME)
    if state is None or state.flow != CLAIM.name or state.subject is None or beneath is None:
        return None
    match aim:
        case Pressing("=yes") | Answering(Picked(Choice("yes"))):
            return state.subject, beneath.answers[signup.PHONE.key].value or ""
    return None


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
        case Attached():
            return Lost(content)
        case Typed(text):
            return _typed(standing, clean(text), known)
    return Lost()


def act(standing: Standing, aim: Aim, known: Known) -> Outcome:
    name = forbidden(standing, aim, known)
    if name is None:
        return _do(standing, aim, known)
    speaker, outcome = coordinator_in(known), coordination.refusal(standing, known)
    return replace(outcome, effects=(*outcome.effects, NoteRefusal(name, by=speaker.id if speaker else None)))


def _do(standing: Standing, aim: Aim, known: Known) -> Outcome:
    match aim:
        case Running(command, subject):
            return command.act(replace(standing, talk=_at_ease(standing.talk, command), subject=subject), known)
        case Answering(heard, typed):
            return _answered(standing, known, heard, typed)
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
        case Lost(thing):
            return _lost(standing, known, thing)


def _at_ease(talk: Talk, command: Command) -> Talk:
    """A command of the committee ends what short conversation of the committee was open: one thing at a time."""
    if command.role is None:
        return replace(talk, lost=0)
    return replace(talk, lost=0, stack=tuple(state for state in talk.stack if FLOWS[state.flow].role is None))


OLD_BUTTON = t("This button belongs to an earlier step. The current question is below.")
GROUP = t("This assistant speaks with each association privately. Open a private conversation with it and press “Start”.")


def _pressed(standing: Standing, payload: str) -> Aim:
    verb, _, rest = payload.partition(":")
    number, _, value = rest.partition(":")
    if verb == "go" and value in COMMANDS:
        return Running(COMMANDS[value], int(number) if number.isdecimal() else None)
    state = standing.talk.top
    if state is not None and verb == state.flow and number == str(state.step):
        return Pressing(value, payload)
    return Repeated() if payload and payload == standing.talk.pressed else Stale()


def _typed(standing: Standing, text: str, known: Known) -> Aim:
    if text.startswith("/"):
        name = text[1:].split(maxsplit=1)[0].partition("@")[0].casefold() if len(text) > 1 else ""
        if name in COMMANDS and not COMMANDS[name].about:
            return Running(COMMANDS[name])
    state = standing.talk.top
    if state is None:
        return _word(known.words.intent(text), None) or Lost()
    flow = FLOWS[state.flow]
    if _COMMAND.fullmatch(text):  # one we do not have is no answer either
        return Answering(Refused(_NOT_UNDERSTOOD), text)
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
    if state is not None and _skips(state, intent):
        return Moving("skip")
    if state is not None and intent in _NAVIGATION and (intent != "edit" or FLOWS[state.flow].counted()):
        return Moving(_NAVIGATION[intent])
    return Running(BY_INTENT[intent]) if intent in BY_INTENT else None


def _skips(state: State, intent: str) -> bool:
    """Does the word say that there is no such answer? «لا» does where the answer may be missing, and nowhere else."""
    skip = engine.open_question(FLOWS[state.flow], state).skip
    return skip is not None and intent in skip.words and state.doubt is None and not state.choosing


def _on_top(standing: Standing, known: Known, step: Callable[[Flow, State], Step]) -> Outcome:
    state = standing.talk.stack[-1]
    known = _with_beneath(standing, known)
    return moves.stepped(standing, step(FLOWS[state.flow], state), known)


def _answered(standing: Standing, known: Known, heard: Heard, typed: str) -> Outcome:
    """The answer is taken; where something is prepared for the number it gives, that is offered before the next question."""
    offered: Offered | None = known.loaded.get("offered")
    if offered is None:
        return _on_top(standing, known, lambda f, s: engine.accept(f, s, heard, known, typed=typed))
    state = standing.talk.stack[-1]
    step = engine.accept(FLOWS[state.flow], state, heard, known, typed=typed)
    talk = replace(standing.talk, stack=(*standing.talk.stack[:-1], step.state), counter=step.state.step, lost=0)
    named = {"association": Answer(offered.association)}
    return moves.opened(talk, known, CLAIM.name, notes=step.notes, answers=named, subject=offered.id)


def _with_beneath(standing: Standing, known: Known) -> Known:
    stack = standing.talk.stack
    return replace(known, beneath=stack[0]) if len(stack) > 1 else known


def _pressed_open(standing: Standing, value: str, known: Known) -> Outcome:
    if value == "back":
        return _moved(standing, value, known)
    state = standing.talk.stack[-1]
    known = _with_beneath(standing, known)
    step = engine.press(FLOWS[state.flow], state, value, known)
    if step is None:
        return moves.ask_again(standing.talk, known, (OLD_BUTTON,))
    return moves.stepped(standing, step, known)


def _moved(standing: Standing, move: str, known: Known) -> Outcome:
    """Back, skip, help and edit. From its first question, a short conversation has no way back but out of it."""
    state = standing.talk.stack[-1]
    flow = FLOWS[state.flow]
    if (
        move in ("back", "skip")
        and not flow.counted()
        and not (move == "back" and flow.before(state.question, state.answers))
    ):
        return moves.left(standing.talk, known, (t("Nothing was changed."),))
    return _on_top(standing, known, lambda f, s: engine.press(f, s, move, known) or Step(s))


def _lost(standing: Standing, known: Known, thing: Attached | None) -> Outcome:
    """Nothing open, nothing understood: a newcomer is welcomed, others get the menu, and at the third time, or after a voice
    note, a human."""
    if standing.new:
        return COMMANDS["start"].act(standing, known)
    if thing is not None and thing.kind == "voice":
        return moves.aside(standing.talk, engine.VOICE, _CALL_ME)
    talk = replace(standing.talk, lost=standing.talk.lost + 1)
    if talk.lost % engine.ATTEMPTS == 0:
        offer = t("It seems difficult to continue. A member of the team can call you and complete the answer with you.")
        return moves.aside(talk, offer, _CALL_ME)
    return moves.aside(talk, _NOT_UNDERSTOOD)


_CALL_ME = Button(engine.CALL_ME, "go::human")
_NOT_UNDERSTOOD = t("We did not understand this message. Choose a service from the menu, or write “Help”.")
_COMMAND = re.compile(r"/[A-Za-z]\w*(@\w+)?(\s.*)?", re.ASCII | re.DOTALL)
