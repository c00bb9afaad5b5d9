"""Giving up a sign-up, and having one's data erased: both are asked twice."""

from __future__ import annotations

from bot.core import calendar
from bot.core.flow import NO, YES, Answers, Choice, Ending, Flow, Question, State, quietly
from bot.core.known import Known
from bot.core.text import Sayable, t
from bot.flows.command import AREA
from bot.flows.committee import LAST_OWNER, TEAM, Member
from bot.flows.effects import DropDraft, Erase


def _really_cancel(_: Answers, known: Known) -> Sayable:
    done = len([key for key in known.beneath.answers if key != "consent"]) if known.beneath else 0
    return t("Cancel this sign-up? The {done} saved answers will be deleted.")(done=done)


def _cancelled(_: State, known: Known) -> Ending:
    say = t("The sign-up has been cancelled and its answers deleted. To start again, write “Start”.")
    draft = known.beneath.subject if known.beneath else None
    return Ending(say, (DropDraft(draft),) if draft is not None else (), closes_all=True)


CANCEL = Flow(
    name="cancel",
    version=1,
    title=t("Cancel the sign-up"),
    questions=(
        Question(
            key="cancel",
            ask=_really_cancel,
            choices=(
                Choice("yes", t("Yes, cancel it"), words=YES | {"cancel"}),
                Choice(
                    "no",
                    t("No, continue"),
                    words=NO | {"continue"},
                    does="leave",
                    tell=lambda _: t("Nothing was cancelled. Your answers are still saved."),
                ),
            ),
            counted=False,
            ack=quietly,
        ),
    ),
    finish=_cancelled,
)


def held_back(known: Known) -> Sayable | None:
    """Why somebody cannot have everything erased now; None for everybody but the only person in charge."""
    place = known.loaded.get("place")
    return LAST_OWNER(name=place.coordinator.name) if isinstance(place, Member) and place.last_owner else None


def _erased(_: State, known: Known) -> Ending:
    why_not = held_back(known)
    if why_not is not None:
        return Ending(why_not, buttons=(TEAM, AREA))
    say = t(
        "Your data was deleted on {date}. This is the last message. If you think something remains, write to"
        " {contact_email}."
    )
    return Ending(say(date=calendar.day(known.now.date())), (Erase(),), closes_all=True)


ERASE = Flow(
    name="erase",
    version=1,
    title=t("Delete my data"),
    questions=(
        Question(
            key="erase",
            ask=t(
                "You are asking for your data to be deleted.\nDeleted: your name, phone, e-mail, signature and"
                " messages.\nKept without your name: answers to consultations already counted.\nThe association will no"
                " longer have a registered representative. Continue?"
            ),
            choices=(
                Choice("yes", t("Yes, delete"), words=YES),
                Choice(
                    "no",
                    t("No, keep everything"),
                    words=NO | {"cancel"},
                    does="leave",
                    tell=lambda _: t("Nothing was deleted."),
                ),
            ),
            counted=False,
            ack=quietly,
        ),
    ),
    finish=_erased,
    needs=frozenset({"coordinator", "place"}),
)
