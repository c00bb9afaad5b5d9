"""From an engine's step to an outcome: flows that end, flows that open, and the messages that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core import engine, prompts
from bot.core.flow import Answers, Ending, State, Step
from bot.core.known import Known
from bot.core.messages import Button, Outgoing
from bot.core.text import Sayable, paragraphs, t
from bot.flows.command import AREA
from bot.flows.declared import FLOWS
from bot.flows.effects import Effect, SetLanguage
from bot.flows.standing import Outcome, Standing, Talk

MENU = Button(t("Menu"), "go::menu")
CONTINUE = Button(t("Continue"), "go::continue")
_MOST_OPEN = 2
_CALL_ME = Button(engine.CALL_ME, "go::human")


def renewed(talk: Talk) -> Talk:
    """The talk with every open state brought to its flow's present version; states of flows that are gone are dropped."""
    kept = tuple(engine.renew(FLOWS[state.flow], state) for state in talk.stack if state.flow in FLOWS)
    return talk if kept == talk.stack else replace(talk, stack=kept)


def stepped(standing: Standing, step: Step, known: Known) -> Outcome:
    """The outcome of an engine's step on the flow on top."""
    talk, state = standing.talk, step.state
    flow = FLOWS[state.flow]
    owed: tuple[Effect, ...] = ()
    if step.answered is not None and step.answered in flow.answered:
        owed = flow.answered[step.answered](state, known)
    if step.over is None:
        return _asked(_on_top(talk, state), known, step, owed)
    if step.over == "left":
        return left(talk, known, step.notes, effects=owed)
    beneath = talk.stack[:-1]
    ending = flow.finish(state, replace(known, beneath=beneath[-1] if beneath else None))
    rest = replace(talk, stack=() if ending.closes_all else beneath, counter=max(talk.counter, state.step))
    return ended(rest, known, ending, notes=step.notes, effects=owed)


def left(talk: Talk, known: Known, notes: Sequence[Sayable], *, effects: tuple[Effect, ...] = ()) -> Outcome:
    """Leave the flow on top unfinished: what that leads to, then the older question."""
    state = talk.stack[-1]
    ending = FLOWS[state.flow].left(state, known)
    return ended(replace(talk, stack=talk.stack[:-1]), known, ending, notes=notes, effects=effects)


def ended(
    talk: Talk, known: Known, ending: Ending, *, notes: Sequence[Sayable] = (), effects: tuple[Effect, ...] = ()
) -> Outcome:
    """What an ending leads to: what it says, then the flow it opens, in a message of its own, or the older question."""
    owed = (*effects, *ending.effects)
    language = next((effect.language for effect in owed if isinstance(effect, SetLanguage)), None)
    said = (*notes, ending.say) if ending.say else tuple(notes)
    if ending.buttons:
        outcome = aside(talk, paragraphs(*said), *ending.buttons)
        replies = tuple(replace(reply, once=ending.once) for reply in outcome.replies)
        return replace(outcome, replies=replies, effects=owed, language=language)
    if ending.then is None or talk.draft(ending.then):
        return replace(ask_again(talk, known, said, effects=owed), language=language)
    if not said:
        opening = opened(talk, known, ending.then, answers=ending.answers, subject=ending.subject)
        return replace(opening, effects=owed, language=language)
    first = Outgoing(paragraphs(*said), drop_keyboard=known.keyboard_up)
    known = replace(known, keyboard_up=False)
    opening = opened(talk, known, ending.then, answers=ending.answers, subject=ending.subject)
    return replace(opening, replies=(first, *opening.replies), effects=owed, language=language)


def opened(
    talk: Talk,
    known: Known,
    name: str,
    *,
    notes: Sequence[Sayable] = (),
    answers: Answers | None = None,
    subject: int | None = None,
    revises: bool = False,
) -> Outcome:
    """Open a flow on top of the one that is open; one that is open already is asked again.

    Of two that are open, the one with numbered questions stays beneath: what was answered there must not be lost.
    With `answers`, only what they leave open is asked, then the review.
    """
    open_already = talk.draft(name)
    if open_already is not None:
        place = talk.stack.index(open_already)
        return ask_again(replace(talk, stack=talk.stack[: place + 1]), known, notes)
    flow = FLOWS[name]
    if flow.role is not None:  # the committee's short conversations never wait beneath one another
        talk = replace(talk, stack=tuple(state for state in talk.stack if FLOWS[state.flow].role is None))
    state = engine.start(flow, step=talk.counter + 1, answers=answers, subject=subject)
    asks_the_rest = bool(answers) and not engine.open_question(flow, state).review
    state = replace(state, revises=revises, editing=asks_the_rest)
    stack = (*_beneath(talk), state)
    step = Step(state, tuple(notes))
    talk = replace(talk, stack=stack, counter=state.step)
    if flow.opening is None or answers:
        return _asked(talk, known, step)
    outcome = _asked(talk, known, step)
    return replace(outcome, replies=(flow.opening(known), *outcome.replies))


def again_alone(talk: Talk, known: Known, key: str) -> Outcome:
    """Ask one answer of the flow on top again; with it the flow ends."""
    state = replace(talk.stack[-1], question=key, editing=True, alone=True)
    return _asked(replace(talk, stack=(*talk.stack[:-1], state)), known, Step(state))


def _beneath(talk: Talk) -> tuple[State, ...]:
    if len(talk.stack) < _MOST_OPEN:
        return talk.stack
    return (next((state for state in talk.stack if FLOWS[state.flow].counted()), talk.stack[0]),)


def ask_again(
    talk: Talk, known: Known, notes: Sequence[Sayable], *, effects: tuple[Effect, ...] = (), refused: bool = False
) -> Outcome:
    """Say something, then return to the open question; with none open, offer the menu."""
    if talk.top is not None:
        return _asked(talk, known, Step(talk.top, tuple(notes), refused=refused), effects)
    bare = known.keyboard_up or _is_long(paragraphs(*notes), known)
    said = Outgoing(paragraphs(*notes), () if bare else (MENU,), drop_keyboard=known.keyboard_up)
    return Outcome(replace(talk, keyboard_up=False), (said,), effects)


def aside(talk: Talk, say: Sayable, *buttons: Button) -> Outcome:
    """A reply with buttons of its own; what is open stays open, one tap away. Where the coordination area is one tap away,
    the menu, which leads there too, is not."""
    if talk.top:
        return Outcome(talk, (Outgoing(say, (*buttons, CONTINUE)),))
    return Outcome(talk, (Outgoing(say, buttons if AREA in buttons else (*buttons, MENU)),))


def _on_top(talk: Talk, state: State) -> Talk:
    return replace(talk, stack=(*talk.stack[:-1], state), counter=max(talk.counter, state.step), lost=0)


def _asked(talk: Talk, known: Known, step: Step, effects: tuple[Effect, ...] = ()) -> Outcome:
    flow, state = FLOWS[step.state.flow], step.state
    if len(talk.stack) > 1:
        known = replace(known, beneath=talk.stack[0])
    question = prompts.question(flow, state, known)
    still_there = known.keyboard_up and engine.open_question(flow, state).shares_phone
    replies = _messages(step, question, known, drop=known.keyboard_up and not still_there)
    keyboard_up = question.share_phone is not None or still_there
    if talk.keyboard_up != keyboard_up:
        talk = replace(talk, keyboard_up=keyboard_up)
    return Outcome(talk, replies, effects)


def _messages(step: Step, question: Outgoing, known: Known, *, drop: bool) -> tuple[Outgoing, ...]:
    """One message for one action. It takes two where a channel's keyboard must go (the platform cannot take a keyboard away
    with a message that brings buttons) and where one with buttons would be too long."""
    buttons = (_CALL_ME, *question.buttons) if step.call_offered else question.buttons
    whole = paragraphs(*step.notes, question.text)
    apart = bool(buttons) and (drop or (bool(step.notes) and _is_long(whole, known)))
    asked = Outgoing(
        text=question.text if apart else whole,
        buttons=buttons,
        share_phone=question.share_phone,
        drop_keyboard=drop and not apart,
        box=question.box,
        refused=step.refused,
    )
    if not apart:
        return (asked,)
    return (Outgoing(paragraphs(*step.notes) if step.notes else t("Very well."), drop_keyboard=drop), asked)


_MOST_WITH_BUTTONS = 1024
"""What the narrowest channel takes in a message with buttons (WhatsApp, checked November 2026), in UTF-16 units; our letters
are one unit each."""


def _is_long(text: Sayable, known: Known) -> bool:
    return len(known.speech.tell(text)) > _MOST_WITH_BUTTONS
