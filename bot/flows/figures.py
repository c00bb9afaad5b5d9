"""What the committee is told of the body as a whole, and of those who stopped on the way."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.engine import CALL_ME
from bot.core.messages import Order, Outgoing
from bot.core.text import Sayable, Text, Value, n, t
from bot.flows.command import go
from bot.flows.signup import SIGNUP

MINUTES_A_QUESTION = 0.6
NOT_STUCK = t("This person has gone on, or is not among yours.")


@dataclass(frozen=True, slots=True)
class Report:
    """The figures as lines and as a picture; the table of members as a file that is made when it is fetched."""

    text: Sayable
    picture: Order
    table: Order


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody whose sign-up stopped: which association (None: not named yet), at which question, how long ago.
    `nudged`: reminded within the last day; `stopped_reminders`: wants none."""

    person: int
    association: str | None
    question: Text
    ago: Value
    nudged: bool = False
    no_reminders: bool = False


def line(stopped: Stopped, number: int) -> Text:
    told = t("{n}. {association}: {field_label}, {duration}")
    named: Value = stopped.association or t("association not named yet")
    return told(n=number, association=named, field_label=stopped.question, duration=stopped.ago)


def nudge(association: str | None, question: str) -> Outgoing:
    """The reminder that a coordinator sends with one tap; `question` is where the person stopped."""
    left = max(1, len(SIGNUP.counted()) - _done(question))
    minutes = n("{n} minute", "{n} minutes", max(1, round(left * MINUTES_A_QUESTION)))
    buttons = (go("continue", t("Continue sign-up")), go("human", CALL_ME), go("stop", t("No more reminders")))
    if association is None:
        unnamed = t(
            "Hello. Your sign-up was saved but is not finished. Questions left: {remaining_questions} (about"
            " {minutes_phrase}). Would you like to continue now?"
        )
        return Outgoing(unnamed(remaining_questions=left, minutes_phrase=minutes), buttons)
    named = t(
        "Hello. The sign-up of {association} has been saved but is not finished. Questions left: {remaining_questions}"
        " (about {minutes_phrase}). Would you like to continue now?"
    )
    return Outgoing(named(association=association, remaining_questions=left, minutes_phrase=minutes), buttons)


def _done(question: str) -> int:
    """How many counted questions stand before this one."""
    place = next((place for place, each in enumerate(SIGNUP.questions) if each.key == question), 0)
    return sum(each.counted for each in SIGNUP.questions[:place])
