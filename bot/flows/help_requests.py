"""Requests for help as the committee sees them: the card, and the answer that goes back through the bot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core import calendar
from bot.core.flow import Ending, Flow, Question, State, quietly
from bot.core.known import Known
from bot.core.messages import Button, Outgoing
from bot.core.readers import free_text_reader, show_phone_number
from bot.core.text import Sayable, lines, paragraphs, t
from bot.flows.command import AREA, go, speaker
from bot.flows.decisions import BACK_TO_REQUEST
from bot.flows.effects import AnswerHelp
from bot.flows.signup import SIGNUP


@dataclass(frozen=True, slots=True)
class HelpCard:
    """`phone` (E.164) is whom to call, `text` what was asked, `stuck_at` the question the person was at; `association`
    as far as it was answered; `claimed_by` (id and name) who has taken it on; `lapsed`: too long ago, or is out of the team
    since, so that somebody else may; `waiting` how many are open in the reader's scope, this one included."""

    id: int
    asked_at: datetime
    phone: str | None = None
    text: str | None = None
    stuck_at: str | None = None
    association: str | None = None
    claimed_by: tuple[int, str] | None = None
    lapsed: bool = False
    closed: bool = False
    waiting: int = 0

    def is_of(self, coordinator: int) -> bool:
        """Has this coordinator taken it on?"""
        return self.claimed_by is not None and self.claimed_by[0] == coordinator


ANSWER_WITHIN = timedelta(days=1)
"""How long somebody who took a request on has it alone, and after how long one that waits is shown again."""


NEXT = go("help_requests", t("Next request"))
NOT_OPEN = t("This request for help is not among yours, or it is closed already.")


def help_in(known: Known) -> HelpCard | None:
    found = known.loaded.get("help_request")
    return found if isinstance(found, HelpCard) else None


def card(request: HelpCard, known: Known) -> Sayable:
    asked = request.asked_at.astimezone(known.zone)
    head = t("A question in writing, {date} {time}") if request.text is not None else t("A call is asked for, {date} {time}")
    question = SIGNUP.question(request.stuck_at or "")
    return paragraphs(
        lines(
            head(date=calendar.day(asked.date()), time=calendar.clock(asked)),
            t("Association: {association}")(association=request.association) if request.association else None,
            t("Phone: {phone}")(phone=show_phone_number(request.phone)) if request.phone else None,
            t("Stopped at: {field_label}")(field_label=question.label) if question and question.label else None,
            t("Taken on by: {name}")(name=request.claimed_by[1]) if request.claimed_by else None,
        ),
        t("“{text}”")(text=request.text) if request.text is not None else None,
        t("Open requests for help: {count}")(count=request.waiting) if request.waiting > 1 else None,
    )


def choices_for(request: HelpCard, *, reader: int, may_answer: bool) -> tuple[Button, ...]:
    """Free ones may be taken on; one's own answered, or closed after the call."""
    following = (go("help_requests", t("Next request"), request.id),) if request.waiting > 1 else ()
    if not may_answer or request.closed:
        return following
    if request.is_of(reader):
        return (go("answer_help", t("Answer here"), request.id), go("close_help", t("Done"), request.id), *following)
    if request.claimed_by is not None and not request.lapsed:
        return following
    return (go("claim_help", t("I take it on"), request.id), *following)


def _answered(state: State, known: Known) -> Ending:
    request, coordinator = help_in(known), speaker(known)
    if request is None or request.closed or not request.is_of(coordinator.id):
        return Ending(NOT_OPEN, buttons=(NEXT, AREA))
    effect = AnswerHelp(request.id, text=state.answers["answer"].value or "", by=coordinator.id)
    sent = t("Your answer goes to the person with your name: {name}.")
    return Ending(sent(name=coordinator.name), (effect,), buttons=(NEXT, AREA))


ANSWER = Flow(
    name="answer_help",
    version=1,
    title=t("Answer here"),
    questions=(
        Question(
            key="answer",
            ask=lambda _, known: paragraphs(
                card(request, known) if (request := help_in(known)) else NOT_OPEN,
                t("Write the answer in one message. The person sees it with your name."),
            ),
            read=free_text_reader(
                least=2,
                most=1000,
                short=t("This answer is too short (minimum: {min} characters). Write it in a full sentence."),
                long=t("This answer is too long ({count} characters, limit: {max}). Shorten it and send it again."),
            ),
            names=True,
            counted=False,
            box="long",
            ack=quietly,
        ),
    ),
    finish=_answered,
    left=lambda state, _: Ending(buttons=(go("help_request", BACK_TO_REQUEST, state.subject), AREA)),
    role="coordinator",
    needs=frozenset({"help_request"}),
)

FLOWS = (ANSWER,)


def answer(by: str, question: str | None, text: str) -> Outgoing:
    """What the person is told."""
    told = t("Answer from {name}, coordination team:\n{text}")(name=by, text=text)
    asked = t("You asked: “{text}”")(text=question) if question else None
    return Outgoing(paragraphs(asked, told), (go("contact", t("Another question")), go("menu", t("Menu"))))
