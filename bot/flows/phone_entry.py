"""Filling a sign-up for a president who is on the phone: the call's questions, asked of a coordinator; the president
still signs."""

from __future__ import annotations

from dataclasses import replace

from bot.core import calendar
from bot.core.flow import Answers, Ending, Flow, State
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.core.text import Ltr, Sayable, lines, paragraphs, t
from bot.flows import signup
from bot.flows.codes import telegram_link
from bot.flows.command import go, speaker
from bot.flows.effects import PrepareSignup
from bot.rules.codes import PREPARED, code_from
from bot.rules.imports import PREPARED_LASTS


def _check(answers: Answers, known: Known) -> Sayable:
    return paragraphs(
        signup.table(answers, known),
        t("Read these answers to the president. Is everything correct? The president still signs."),
    )


def _prepared(state: State, known: Known) -> Ending:
    code, until = code_from(PREPARED, known.chance()), known.now + PREPARED_LASTS
    effect = PrepareSignup(state.answers, code=code, by=speaker(known).id)
    link = telegram_link(known, code)
    say = paragraphs(
        t("The sign-up is kept, filled on behalf of the president. It is not a request until the president signs."),
        lines(
            t("Tell the president this code: {code}\nIt works once, until {deadline}.")(
                code=Ltr(code.upper()), deadline=calendar.day(until.date())
            ),
            t("On Telegram they only press this link: {link}")(link=link) if link else None,
            t("They open {web_link}, press “{label}” and write the code.")(label=t("I have a code to continue")),
        ),
    )
    return Ending(say, (effect,), buttons=(go("coordination", t("Coordination area")),))


PHONE_ENTRY = Flow(
    name="phone_entry",
    version=1,
    title=t("Fill a sign-up by phone"),
    questions=(
        *(signup.ASSOCIATION, signup.CENTRE, signup.CATEGORY, signup.CATEGORY_OTHER, signup.PRESIDENT),
        *(replace(signup.PHONE, shares_phone=False), signup.EMAIL, signup.CITY),
        replace(signup.REVIEW, ask=_check),
    ),
    finish=_prepared,
    role="coordinator",
)


def copy_for(answers: Answers, code: str, known: Known) -> Outgoing:
    """What the president is sent where the number given is one that asked us for a call."""
    return Outgoing(
        paragraphs(
            t("The coordination team has filled your sign-up with you by phone, on your behalf. Here is what was written:"),
            signup.table(answers, known),
            t("To check it, correct it and sign, write this code here: {code}")(code=Ltr(code.upper())),
        ),
        (go("human", t("Ask for a call")),),
    )
