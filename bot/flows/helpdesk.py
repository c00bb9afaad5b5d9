"""Asking for a human: a call, or a question in writing."""

from __future__ import annotations

from bot.core.flow import Ending, Flow, Question, State, quietly
from bot.core.known import Known
from bot.core.readers import free_text_reader, phone, show_phone, show_phone_number
from bot.core.text import t
from bot.flows.effects import AskHelp
from bot.flows.signup import working_days

ANSWER_DAYS = 2


def call_recorded(number: str, beneath: State | None) -> Ending:
    """The ending of a request for a call to that number (E.164)."""
    say = t("Your request for a call has been recorded. A member of the team will call {phone} ({contact_hours}).")
    stuck_at = beneath.question if beneath else None
    return Ending(say(phone=show_phone_number(number)), (AskHelp(phone=number, stuck_at=stuck_at),))


def _number_given(state: State, known: Known) -> Ending:
    return call_recorded(state.answers["phone"].value or "", known.beneath)


CALL = Flow(
    name="call",
    version=1,
    title=t("Ask for a call"),
    questions=(
        Question(
            key="phone",
            ask=t("Which number should the team call?"),
            read=phone,
            show=show_phone,
            shares_phone=True,
            box="tel",
            counted=False,
            ack=quietly,
        ),
    ),
    finish=_number_given,
)


def _question_written(state: State, known: Known) -> Ending:
    say = t("Your message has been passed on to the team. The reply will arrive here within {delay_phrase}.")
    stuck_at = known.beneath.question if known.beneath else None
    effect = AskHelp(text=state.answers["question"].value, stuck_at=stuck_at)
    return Ending(say(delay_phrase=working_days(ANSWER_DAYS)), (effect,))


CONTACT = Flow(
    name="contact",
    version=1,
    title=t("Contact the team"),
    questions=(
        Question(
            key="question",
            ask=t(
                "Write your question in one message: it will be passed on to the coordination team. For an answer by phone:"
                " {contact_phone} ({contact_hours})."
            ),
            names=True,
            read=free_text_reader(
                least=5,
                most=1000,
                short=t("This message is too short (minimum: {min} characters). Write your question in a full sentence."),
                long=t("This message is too long ({count} characters, limit: {max}). Shorten it and send it again."),
            ),
            counted=False,
            box="long",
            ack=quietly,
        ),
    ),
    finish=_question_written,
)
