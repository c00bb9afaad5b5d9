"""Announcements and reminders: asked apart from the sign-up, stopped by one word, never resumed by accident."""

from __future__ import annotations

from bot.core.flow import NO, YES, Choice, Ending, Flow, Question, State, quietly
from bot.core.known import Known
from bot.core.text import t
from bot.flows import notice
from bot.flows.effects import GiveConsent, WithdrawConsent


def _answered(state: State, _: Known) -> Ending:
    if state.answers["announcements"].value == "yes":
        done = t("Noted: you will receive announcements and reminders here.")
        return Ending(done, (GiveConsent("announcements", notice.VERSION),))
    refused = t("Noted: you will only receive replies about your own request.")
    return Ending(refused, (WithdrawConsent("announcements"),))


OPTIN = Flow(
    name="optin",
    version=1,
    title=t("Announcements"),
    questions=(
        Question(
            key="announcements",
            ask=t(
                "Would you like to receive announcements and reminders from {controller} here, on {channel_name}? You can"
                " stop at any time by writing “Stop”."
            ),
            choices=(
                Choice("yes", t("Yes, send them"), words=YES),
                Choice("no", t("No, thank you"), words=NO | {"skip", "stop"}),
            ),
            counted=False,
            ack=quietly,
        ),
    ),
    finish=_answered,
)
