"""How the open question is put: its words, its former answer, its buttons. Pure, beside the engine that moves."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core import engine
from bot.core.flow import Flow, Question, State
from bot.core.known import Known
from bot.core.messages import Button, Outgoing
from bot.core.text import Joined, Sayable, Text, lines, paragraphs, t

BACK, KEEP, HELP = t("Back"), t("Keep as it is"), t("Help")
_NUMBERED_FROM = 4


def question(flow: Flow, state: State, known: Known) -> Outgoing:
    """The open question as a message."""
    return Outgoing(
        text=_asked(flow, state, known),
        buttons=_buttons(flow, state, known),
        share_phone=engine.SHARE_PHONE if offers_phone(flow, state, known) else None,
        box=engine.open_question(flow, state).box,
    )


def offers_phone(flow: Flow, state: State, known: Known) -> bool:
    """Should the channel's own button for the number be shown with this question?"""
    asks = engine.open_question(flow, state).shares_phone and state.doubt is None and not state.choosing
    return asks and known.can_share_phone


def _asked(flow: Flow, state: State, known: Known) -> Sayable:
    question = engine.open_question(flow, state)
    if state.choosing:
        return t("Which answer do you want to change? Press it, or write its number.")
    doubt = engine.doubted(flow, state, known)
    if doubt is not None:
        return doubt.ask
    asked = question.ask if isinstance(question.ask, Text | Joined) else question.ask(state.answers, known)
    if offers_phone(flow, state, known):
        asked = lines(asked, _SHARE_HERE)
    before = state.answers.get(question.key)
    if before is None or not question.kept:
        return lines(_progress(flow, state, question), asked, question.example)
    value = engine.show(question, before, known)
    if state.editing and question.label is not None and not question.choices:
        change = t("{field_label}\nCurrent answer: {value}\nWrite the new answer.")
        return lines(change(field_label=question.label, value=value), question.example)
    former = t("Your previous answer: {value}\nWrite a new answer, or press “{btn_keep}”.")(value=value, btn_keep=KEEP)
    return paragraphs(lines(_progress(flow, state, question), asked, question.example), former)


_SHARE_HERE = t("Press the button below to share the number of this Telegram account, or write another number.")


def _progress(flow: Flow, state: State, question: Question) -> Text | None:
    if not question.counted:
        return None
    if state.editing and question.label is not None and question.key in state.answers:
        return t("Changing: {field_label}")(field_label=question.label)
    return t("Question {n} of {total}")(n=flow.number(question), total=len(flow.counted()))


def _buttons(flow: Flow, state: State, known: Known) -> tuple[Button, ...]:
    return tuple(_all_buttons(flow, state, known))


def _all_buttons(flow: Flow, state: State, known: Known) -> Iterator[Button]:
    question = engine.open_question(flow, state)
    doubt = engine.doubted(flow, state, known)
    back = Button(BACK, _payload(state, "back"))
    if state.choosing:
        for field in engine.changeable(flow, state.answers):
            yield Button(field.label or BACK, _payload(state, f"@{field.key}"), flow.number(field))
        yield back
    elif doubt is not None:
        numbered = len(doubt.options) >= _NUMBERED_FROM
        for place, option in enumerate(doubt.options):
            yield Button(option.label, _payload(state, f"?{place}"), place + 1 if numbered else None)
        if all(option.answer is not None for option in doubt.options):
            yield back
    else:
        yield from _question_buttons(state, question, known)
        if _leads_back(flow, state, question):
            yield back
        if question.counted and not question.choices:
            yield Button(HELP, _payload(state, "help"))


def _leads_back(flow: Flow, state: State, question: Question) -> bool:
    """Is there anything before this question? Before one without number there is: what it belongs to, or where the person
    was when this short conversation began."""
    if question.counted:
        return (state.editing and question.key in state.answers) or flow.number(question) > 1
    if not flow.counted() and flow.before(question.key, state.answers):
        return True
    return question.kept and not question.choices


def _question_buttons(state: State, question: Question, known: Known) -> Iterator[Button]:
    choices = question.offered(known)
    numbered = len(choices) >= _NUMBERED_FROM or any(choice.shows for choice in choices)
    for place, choice in enumerate(choices, 1):
        label = choice.shows(known) if choice.shows else choice.label
        yield Button(label, _payload(state, f"={choice.key}"), place if numbered else None)
    if question.kept and question.key in state.answers:
        yield Button(KEEP, _payload(state, "keep"))
    elif question.skip is not None and not (question.box == "email" and known.email_required):
        yield Button(question.skip.label, _payload(state, "skip"))


def _payload(state: State, value: str) -> str:
    return f"{state.flow}:{state.step}:{value}"
