"""Spellings that people write for the same word fold to one key."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bot.core.folding import digits, fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("الصويرة", "الصويره"),
        ("فاطمة العلوي", "فاطمه العلوى"),
        ("أمل", "امل"),
        ("إبراهيم", "ابراهيم"),
        ("آسفي", "اسفي"),
        ("مركز\u0640\u0640 الأمل", "مركز الامل"),
        ("نَعَم", "نعم"),
        ("گلميم", "كلميم"),
        ("ڤاس", "فاس"),
        ("٠٦١٢", "0612"),
        ("۰۶۱۲", "0612"),
        ("\u200fنعم\u200f", "نعم"),
        ("ﻧﻌﻢ", "نعم"),
        ("okkkk", "ok"),
        ("لااااا", "لا"),
        ("D’ACCORD", "d'accord"),
        ("État !", "etat"),
    ],
)
def test_two_spellings_fold_to_one_key(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("جمعية الأمل", "جمعية العمل"), ("صافي", "آسفي"), ("نعم", "لا")])
def test_two_words_do_not_fold_to_one_key(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_digits_change_nothing_else() -> None:
    assert digits("٠٦ ۰۰ x") == "06 00 x"
