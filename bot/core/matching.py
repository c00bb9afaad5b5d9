"""Typed words → what they name of what is on offer: a choice, a way out of a doubt, an answer to change."""

from __future__ import annotations

import re

from bot.core.flow import Choice, Doubt, Flow, Option, Question
from bot.core.folding import digits, fold
from bot.core.known import Known

_NUMBERED = re.compile(r"(?:(?:ال)?(?:رقم|اختيار|خيار|جواب|سؤال)|numero|num|no|n|choix|le|la) ?(\d+)")


def key_of(typed: str) -> str:
    """What the functions below compare by; «رقم ٢» is «2»."""
    key = fold(typed)
    numbered = _NUMBERED.fullmatch(key)
    return numbered[1] if numbered else key


def choice_meant(choices: tuple[Choice, ...], key: str, known: Known) -> Choice | None:
    for number, choice in enumerate(choices, 1):
        texts = (choice.label, choice.full) if choice.full else (choice.label,)
        if (
            (choice.by_number and key == str(number))
            or key == fold(choice.key)
            or any(key in known.spellings(text.source) for text in texts)
        ):
            return choice
    intent = known.words.intents.get(key)
    return next((c for c in choices if intent in c.words), None) or next(
        (c for c in choices if key in map(fold, c.also)), None
    )


def option_meant(doubt: Doubt, key: str, known: Known) -> Option | None:
    intent = known.words.intents.get(key)
    labels = [fold(known.speech.tell(option.label)) for option in doubt.options]
    for number, (option, label) in enumerate(zip(doubt.options, labels, strict=True), 1):
        if key in (str(number), label) or intent in option.words:
            return option
    partly = [option for option, label in zip(doubt.options, labels, strict=True) if len(key) > 2 and key in label]
    return partly[0] if len(partly) == 1 else None


def names_field(flow: Flow, question: Question, key: str, known: Known) -> bool:
    by_name = question.label is not None and key in known.spellings(question.label.source)
    return by_name or digits(key) == str(flow.number(question))
