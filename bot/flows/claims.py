"""A sign-up that others prepared, on its way to its president: offered for its number, given for its code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.flow import NO, YES, Answer, Answers, Choice, Ending, Flow, Question, State, quietly
from bot.core.known import Known
from bot.core.text import Sayable, Text, t
from bot.flows import signup

NAME = "claim"
PHONE = signup.PHONE.key


@dataclass(frozen=True, slots=True)
class Offered:
    """A prepared sign-up that may be the person's: it waits for the number they have just shared."""

    id: int
    association: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A prepared sign-up that is the person's draft from now on, with the answers that were gathered; `further` names the
    centres after the first."""

    id: int
    answers: Mapping[str, Answer]
    further: tuple[str, ...] = ()

    def about_further(self) -> Text | None:
        if not self.further:
            return None
        return t("Further centres of the association, kept as they were sent: {centres}")(centres=" – ".join(self.further))


WELCOME = t(
    "Welcome.\n\nThis space is for presidents of associations that run social-care institutions in Morocco. From what you"
    " sent by form or e-mail, the coordination team has prepared the sign-up of the association {association}. Check the"
    " answers, change what is not right, and sign: nothing counts as a request before that.\n\nThis is an automatic"
    " assistant. You can ask to speak to the coordination team at any time."
)


def _is_it_yours(answers: Answers, _: Known) -> Sayable:
    return t(
        "For this number, the coordination team has prepared a sign-up from what was sent by form or e-mail.\nAssociation:"
        " {association}\nIs it yours? If so, its answers replace those you have given here, and you check them before"
        " signing."
    )(association=answers["association"].value or "")


def _claimed(_: State, known: Known) -> Ending:
    claimed: Claimed | None = known.loaded.get("claimed")
    if claimed is None:
        return Ending(t("This sign-up is no longer waiting for its president. The answers you have given here are kept."))
    own = known.beneath.answers if known.beneath else {}
    answers = {key: own[key] for key in (signup.CONSENT.key, PHONE) if key in own}
    return Ending(
        claimed.about_further(),
        then=signup.NAME,
        closes_all=True,
        answers={**claimed.answers, **answers},
        subject=claimed.id,
    )


CLAIM = Flow(
    name=NAME,
    version=1,
    title=t("Prepared sign-up"),
    questions=(
        Question(
            key="claim",
            ask=_is_it_yours,
            choices=(
                Choice("yes", t("Yes, it is mine"), words=YES),
                Choice(
                    "no",
                    t("No, it is not"),
                    words=NO | {"cancel"},
                    does="leave",
                    tell=lambda _: t("Noted. The answers you have given here are kept."),
                ),
            ),
            counted=False,
            ack=quietly,
        ),
    ),
    finish=_claimed,
)
