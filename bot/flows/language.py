"""Choosing the language: at any time, or first of all where the channel names one we do not speak."""

from __future__ import annotations

from dataclasses import replace

from bot.core.flow import Choice, Ending, Flow, Question, State, quietly
from bot.core.known import Known
from bot.core.text import t
from bot.flows import signup
from bot.flows.effects import SetLanguage

CHANGED = t("The conversation will continue in English. Your previous answers are kept.")
UNSUPPORTED = t("For now this service works in Arabic and French. You may write in Darija.")
CHOOSE = t("المرجو اختيار اللغة.\nVeuillez choisir votre langue.")


QUESTION = Question(
    key="language",
    ask=CHOOSE,
    choices=(
        Choice("ar", t("العربية"), words=frozenset({"lang_ar"})),
        Choice("fr", t("Français"), words=frozenset({"lang_fr"})),
    ),
    counted=False,
    ack=quietly,
)


def _changed(state: State, _: Known) -> Ending:
    return Ending(CHANGED, (SetLanguage(state.answers["language"].value or "ar"),))


def _first_chosen(state: State, _: Known) -> Ending:
    return Ending(None, (SetLanguage(state.answers["language"].value or "ar"),), then=signup.NAME)


LANGUAGE = Flow(name="language", version=1, title=t("Language"), questions=(QUESTION,), finish=_changed)
FIRST_LANGUAGE = replace(LANGUAGE, name="first_language", finish=_first_chosen)
