"""What people are told of decisions: the person whose application it is, whoever took it, whoever signed too late."""

from __future__ import annotations

from bot.core import engine
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.core.text import Ltr, t
from bot.flows import signup
from bot.flows.command import AREA, go
from bot.flows.decisions import BACK_TO_REQUEST, Application, Decision, values_of, why
from bot.rules.references import reference


def verdict(application: Application, decision: Decision, known: Known) -> Outgoing:
    """What the person is told of a decision."""
    ref, values = Ltr(reference(application.id)), values_of(application, known)
    if decision.status == "approved":
        accepted = t(
            "Your sign-up has been accepted.\nAssociation: {association}\nCentre: {centre}\nReference: {ref}\n\nYou can now"
            " confirm your attendance at the national meeting and take part in the consultations on the draft charter."
        )
        return Outgoing(
            accepted(association=values["association"], centre=values["centre"], ref=ref), (go("menu", t("Menu")),)
        )
    correct = go("correct", t("Correct and resend"))
    if decision.status == "refused":
        refused = t(
            "Your request {ref} could not be accepted.\nReason: {reason}\n\nWhat you can do: correct the information and"
            " send it again, or contact the team at {contact_phone}."
        )
        return Outgoing(
            refused(ref=ref, reason=why(decision.reason, decision.remark)), (correct, go("human", engine.CALL_ME))
        )
    question = signup.SIGNUP.question(decision.reopens or "")
    asked = t(
        "One answer of your request {ref} must be corrected: {field_label}.\nRemark of the team: {remark}\n\nYour other"
        " answers are kept."
    )
    label = question.label if question is not None and question.label is not None else t("the information")
    return Outgoing(asked(ref=ref, field_label=label, remark=decision.remark or ""), (correct,))


def taken_back(signup_id: int, by: str) -> Outgoing:
    """What is told to whoever took a decision that somebody else has undone."""
    told = t("{name} took back your decision on request {ref}: it is waiting for a decision again.")
    card_ = go("application", BACK_TO_REQUEST, signup_id)
    return Outgoing(told(name=by, ref=Ltr(reference(signup_id))), (card_, AREA))


def not_kept(signup: int) -> Outgoing:
    """Said to somebody who signed a change of an application that can no longer be changed."""
    say = t(
        "The change you have just signed was not kept: request {ref} was decided on, or joined with another, before you"
        " signed. Write to the team what should change."
    )
    return Outgoing(say(ref=Ltr(reference(signup))), (go("contact", t("Contact the team")),))
