"""What people type for yes, no, back, stop: whole messages, however distorted."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from bot.core.words import Words
from storage.reference import load_words

WORDS = load_words()


@pytest.mark.parametrize(
    ("typed", "intent"),
    [
        ("واخا", "yes"),
        ("نعم.", "yes"),
        ("👍🏽", "yes"),
        ("OUI !", "yes"),
        ("لااا", "no"),
        ("ما عنديش", "no_value"),
        ("ماعرفتش", "dont_know"),
        ("مافهمتش", "help"),
        ("STOP", "stop"),
        ("بركا", "stop"),
        ("؟", "help"),
        ("رجوع", "back"),
        ("Rappelez-moi", "human"),
    ],
)
def test_a_word_means_its_intent(typed: str, intent: str) -> None:
    assert WORDS.intent(typed) == intent


@pytest.mark.parametrize(
    "typed", ["بارك الله فيكم", "je ne veux pas de stop ici", "قلت لهم توقف البارحة", "نعم ولكن عندي سؤال", "", "جمعية نعم"]
)
def test_a_word_inside_a_sentence_means_nothing_of_its_own(typed: str) -> None:
    assert WORDS.intent(typed) in (None, "thanks")


def test_every_variant_is_understood_as_people_really_type_it() -> None:
    with (Path(__file__).parents[3] / "storage" / "reference" / "words.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missed = [
        (form, row["intent"]) for row in rows for form in _distorted(row["variant"]) if WORDS.intent(form) != row["intent"]
    ]
    assert missed == []


def _distorted(word: str) -> list[str]:
    forms = [word, f"{word} ", f"\u200f{word}", f"\u2068{word}\u2069", f"{word}.", f"{word} !", word.upper()]
    if re.search("[\u0621-\u064a]", word):
        forms += [word.replace("ة", "ه"), word.replace("ي", "ى"), f"{word}،", word.replace("ي", "ی").replace("ك", "ک")]
        forms += [re.sub("[أإآ]", "ا", word), f"{word[:1]}\u0640{word[1:]}", f"{word[:1]}\u064e{word[1:]}"]
    return forms


def test_two_intents_for_one_word_are_a_mistake_in_the_data() -> None:
    with pytest.raises(ValueError, match="means"):
        Words.of([("yes", "نعم"), ("no", "نعـم")])
