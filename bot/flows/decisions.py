"""Applications waiting for a decision: the card, and the conversations that approve, ask for a correction, or refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core import calendar, engine
from bot.core.flow import (
    NO,
    YES,
    Answer,
    Answers,
    Choice,
    Ending,
    Flow,
    Question,
    State,
    quietly,
)
from bot.core.known import Known
from bot.core.messages import Button
from bot.core.readers import free_text_reader, show_phone_number
from bot.core.text import Ltr, Sayable, Text, Value, lines, paragraphs, t
from bot.flows import signup
from bot.flows.command import AREA, go, speaker
from bot.flows.effects import Decide
from bot.rules.references import reference

UNDO_WITHIN = timedelta(minutes=2)
"""How long a decision can be undone; then the person is told."""
MOST_COUNTED = 1000
"""A card does not count further: counting a hundred thousand takes longer than all the rest of it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`by` is a name, None when that person is gone; `reason` a key of REASONS, `remark` the coordinator's own words;
    `reopens` the question to be answered again."""

    status: str
    by: str | None
    at: datetime
    reason: str | None = None
    remark: str | None = None
    reopens: str | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Joining:
    """A sign-up was joined to another (`seat`), by whom (a name, None when that person is gone) and when."""

    seat: int
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who signed for the same association, in an application joined to this one; `phone` is E.164."""

    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Application:
    """A sign-up as the committee sees it. `similar` are names of associations that resemble it, not judged yet; `decision`
    the last one that was not undone; `waiting` how many wait for a decision in the reader's scope, this one included, up
    to MOST_COUNTED. `by_phone`: a coordinator filled it, and the president signed. `joined`: to which other sign-up, if it
    was; `contacts`: of those joined to it."""

    id: int
    status: str
    since: datetime
    answers: Mapping[str, Answer] = field(default_factory=dict)
    similar: tuple[str, ...] = ()
    decision: Decision | None = None
    waiting: int = 0
    by_phone: bool = False
    joined: Joining | None = None
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an application is not accepted, and which answer would have to change (None: none in particular)."""

    text: Text
    reopens: str | None = None


REASONS: dict[str, Reason] = {
    "not_managing_association": Reason(t("The association does not run a social-care institution")),
    "duplicate": Reason(t("The association and centre are already registered")),
    "cannot_reach": Reason(t("The phone number given could not be reached"), "phone"),
    "missing_signature": Reason(t("The signature is unclear or does not match"), "signature"),
    "not_authorised_signer": Reason(t("The signer’s authority is not shown"), "signature"),
    "outside_morocco": Reason(t("The centre is outside Morocco")),
}
STATUS = {
    "approved": t("Accepted"),
    "needs_correction": t("Waiting for information"),
    "refused": t("Not accepted"),
}
BACK_TO_REQUEST = t("Back to the request")
NOT_YOURS = t("This request is not among yours, or it no longer exists.")


def application_in(known: Known) -> Application | None:
    found = known.loaded.get("application")
    return found if isinstance(found, Application) else None


def values_of(application: Application, known: Known) -> dict[str, Value]:
    shown: dict[str, Value] = {"ref": Ltr(reference(application.id))}
    for question in signup.ROWS:
        answer = application.answers.get(question.key)
        shown[question.key] = engine.show(question, answer, known) if answer else t("Not provided")
    shown["duplicate_note"] = "، ".join(application.similar) if application.similar else t("None")
    return shown


def card(application: Application, known: Known) -> Sayable:
    """What a coordinator decides on: the call's answers, who signed, what it resembles, what was decided before."""
    values = values_of(application, known)
    head = t(
        "New request {ref}\nAssociation: {association}\nCentre: {centre}\nCategory: {category}\nCity: {city}\nPossible"
        " duplicate: {duplicate_note}"
    )
    people = t("President: {president}\nPhone: {phone}\nE-mail: {email}\nSigned by: {signature}\nSent on: {date}")
    signed = _signed(application.answers)
    sent = calendar.day(application.since.astimezone(known.zone).date())
    facts = people(president=values["president"], phone=values["phone"], email=values["email"], signature=signed, date=sent)
    contacts = (_contact(each) for each in application.contacts)
    filled = t("Filled by phone, on behalf of the president") if application.by_phone else None
    return paragraphs(
        lines(head(**values), facts, filled, *contacts), _before(application, known), _more(application.waiting)
    )


def _more(waiting: int) -> Sayable | None:
    if waiting < MOST_COUNTED:
        return t("Waiting for a decision: {count}")(count=waiting) if waiting > 1 else None
    return t("Waiting for a decision: {count} or more")(count=MOST_COUNTED)


def _contact(contact: Contact) -> Text:
    phone = show_phone_number(contact.phone) if contact.phone else t("Not provided")
    return t("Second contact: {name}, {phone}")(name=contact.name, phone=phone)


def _signed(answers: Answers) -> Value:
    signature = answers.get("signature", Answer(None)).value
    role = answers.get("signer_role", Answer(None)).value
    if signature is None:
        return t("Not provided")
    return t("{name}, on behalf of the president ({role})")(name=signature, role=role) if role else signature


def _before(application: Application, known: Known) -> Sayable | None:
    decision = application.decision
    if application.joined is not None:
        return already(application, known)
    if decision is None or decision.status not in STATUS:
        return None
    if application.status == "pending":
        corrected = t("Sent again after: {decision}. {remark}")
        return corrected(decision=STATUS[decision.status], remark=why(decision.reason, decision.remark))
    return already(application, known)


def why(reason: str | None, remark: str | None) -> Value:
    """The reason of a decision as the person reads it; empty for an approval."""
    return REASONS[reason].text if reason in REASONS else remark or ""


def already(application: Application, known: Known) -> Text:
    """Somebody was faster. An application that is not pending without a decision was withdrawn, or is not sent yet."""
    decision, joined = application.decision, application.joined
    if joined is not None:
        told = t("Request {ref} was joined to request {other} by {coordinator} on {date}. Nothing was changed.")
        return told(
            ref=Ltr(reference(application.id)),
            other=Ltr(reference(joined.seat)),
            coordinator=joined.by or t("the coordination team"),
            date=calendar.day(joined.at.astimezone(known.zone).date()),
        )
    if decision is None:
        return NOT_YOURS
    at = decision.at.astimezone(known.zone)
    return t("Request {ref} was already handled by {coordinator} on {date}: {decision}. Nothing was changed.")(
        ref=Ltr(reference(application.id)),
        coordinator=decision.by or t("the coordination team"),
        date=calendar.day(at.date()),
        decision=STATUS[decision.status],
    )


def choices_for(application: Application, *, may_decide: bool) -> tuple[Button, ...]:
    """The buttons under a card."""
    decide = (
        go("approve", t("Accept"), application.id),
        go("ask_info", t("Ask for information"), application.id),
        go("refuse", t("Do not accept"), application.id),
    )
    compare = (go("compare", t("Compare"), application.id),) if may_decide and application.similar else ()
    following = (go("pending", t("Next request"), application.id),) if application.waiting > 1 else ()
    return (*(decide if may_decide and application.status == "pending" else ()), *compare, *following)


def _decided(state: State, known: Known, *, status: str, reason: str | None = None, remark: str | None = None) -> Ending:
    """Keep the decision, unless somebody was faster."""
    application, coordinator = application_in(known), speaker(known)
    if application is None:
        return Ending(NOT_YOURS, buttons=(AREA,))
    following = go("pending", t("Next request"), application.id)
    if application.status != "pending":
        return Ending(already(application, known), buttons=(following, AREA))
    reopens = REASONS[reason].reopens if reason else None
    if status == "needs_correction":
        reopens = state.answers["field"].value
    effect = Decide(application.id, status=status, by=coordinator.id, reason=reason, remark=remark, reopens=reopens)
    saved = t("Decision recorded for {ref}: {decision}. By: {coordinator}, {date} {time}")(
        ref=Ltr(reference(application.id)),
        decision=STATUS[status],
        coordinator=coordinator.name,
        date=calendar.day(known.now.date()),
        time=calendar.clock(known.now),
    )
    buttons = (following, go("undo", t("Undo"), application.id), AREA)
    return Ending(paragraphs(saved, _when_told(known)), (effect,), buttons=buttons)


def _when_told(known: Known) -> Text:
    at = told_at(known)
    if at <= known.now + UNDO_WITHIN:
        return t("The president will be told in two minutes. Until then you can undo it.")
    later = t("The president will be told on {date} at {time}. Until then you can undo it.")
    return later(date=calendar.day(at.date()), time=calendar.clock(at))


def told_at(known: Known) -> datetime:
    """When the person hears of what is decided now: once it can no longer be undone, at a fit hour."""
    return known.fit_hour(known.now + UNDO_WITHIN)


def _confirm(_: Answers, known: Known) -> Sayable:
    application, at = application_in(known), told_at(known)
    if application is None:
        return NOT_YOURS
    values = values_of(application, known)
    if at <= known.now + UNDO_WITHIN:
        ask = t(
            "Accept request {ref} ({association}, {centre})? The president is told in two minutes; until then you can undo"
            " it."
        )
    else:
        ask = t(
            "Accept request {ref} ({association}, {centre})? The president is told on {date} at {time}; until then you can"
            " undo it."
        )(date=calendar.day(at.date()), time=calendar.clock(at))
    return ask(ref=values["ref"], association=values["association"], centre=values["centre"])


def _left(state: State, _: Known) -> Ending:
    """Nothing was decided: the card is one tap away."""
    return Ending(buttons=(go("application", BACK_TO_REQUEST, state.subject), AREA))


_NEEDS = frozenset({"application"})
_UNDECIDED = t("Nothing was decided.")

APPROVE = Flow(
    name="approve",
    version=1,
    title=t("Accept"),
    questions=(
        Question(
            key="sure",
            ask=_confirm,
            choices=(
                Choice("yes", t("Accept"), words=YES),
                Choice("no", t("Cancel"), words=NO | {"cancel"}, does="leave", tell=lambda _: _UNDECIDED),
            ),
            counted=False,
            ack=quietly,
        ),
    ),
    finish=lambda state, known: _decided(state, known, status="approved"),
    left=_left,
    role="coordinator",
    needs=_NEEDS,
)

_OTHER_REASON = free_text_reader(
    least=5,
    most=300,
    short=t("This reason is too short (minimum: {min} characters). Write it in a full sentence."),
    long=t("This reason is too long ({count} characters, limit: {max}). Shorten it and send it again."),
)


def _refused(state: State, known: Known) -> Ending:
    answer = state.answers["reason"]
    if answer.value in REASONS:
        return _decided(state, known, status="refused", reason=answer.value)
    return _decided(state, known, status="refused", remark=answer.value)


_SHORT_REASONS = {
    "not_managing_association": t("No institution"),
    "duplicate": t("Already registered"),
    "cannot_reach": t("Phone not reached"),
    "missing_signature": t("Signature unclear"),
    "not_authorised_signer": t("Signer not entitled"),
    "outside_morocco": t("Outside Morocco"),
}

REFUSE = Flow(
    name="refuse",
    version=1,
    title=t("Do not accept"),
    questions=(
        Question(
            key="reason",
            ask=t("Choose the reason, or write it. The president will read it as you write it."),
            choices=(
                *(Choice(key, _SHORT_REASONS[key], reason.text) for key, reason in REASONS.items()),
                Choice("cancel", t("Cancel"), words=frozenset({"cancel"}), does="leave", tell=lambda _: _UNDECIDED),
            ),
            read=_OTHER_REASON,
            counted=False,
            ack=quietly,
            box="long",
        ),
    ),
    finish=_refused,
    left=_left,
    role="coordinator",
    needs=_NEEDS,
)


def _field_choices() -> tuple[Choice, ...]:
    return tuple(
        Choice(question.key, question.label) for question in (*signup.ROWS, signup.SIGNATURE) if question.label is not None
    )


ASK_INFO = Flow(
    name="ask_info",
    version=1,
    title=t("Ask for information"),
    questions=(
        Question(
            key="field",
            ask=t("Which answer must be corrected? Only this one is asked again; the others are kept."),
            choices=(
                *_field_choices(),
                Choice("cancel", t("Cancel"), words=frozenset({"cancel"}), does="leave", tell=lambda _: _UNDECIDED),
            ),
            counted=False,
            ack=quietly,
        ),
        Question(
            key="remark",
            ask=t("Write what must be corrected, in one sentence. The president will read it as you write it."),
            read=free_text_reader(
                least=5,
                most=300,
                short=t("This remark is too short (minimum: {min} characters). Write it in a full sentence."),
                long=t("This remark is too long ({count} characters, limit: {max}). Shorten it and send it again."),
            ),
            names=True,
            counted=False,
            box="long",
            ack=quietly,
        ),
    ),
    finish=lambda state, known: _decided(state, known, status="needs_correction", remark=state.answers["remark"].value),
    left=_left,
    role="coordinator",
    needs=_NEEDS,
)

FLOWS = (APPROVE, REFUSE, ASK_INFO)
