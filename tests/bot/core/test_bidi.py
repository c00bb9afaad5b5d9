"""Invisible characters never survive; letters always do."""

from __future__ import annotations

import unicodedata

from hypothesis import given, strategies as st

from bot.core.bidi import clean, shorten, shorten_apart


def test_bidi_overrides_and_controls_go_and_line_breaks_stay() -> None:
    assert clean("\u202eجمعية\u0000 \u2067أمل\r\nسطر\t ثان \u200f") == "جمعية أمل\nسطر ثان"


def test_a_joiner_stays_between_letters_and_goes_elsewhere() -> None:
    assert clean("\u200cمی\u200cخواهم \u200d") == "می\u200cخواهم"


@given(st.text())
def test_cleaning_keeps_every_letter_and_no_control(text: str) -> None:
    cleaned = clean(text)
    letters = [c for c in text if unicodedata.category(c)[0] in "LMNPS"]
    assert [c for c in cleaned if unicodedata.category(c)[0] in "LMNPS"] == letters
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"]


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(min_size=1), st.integers(2, 20))
def test_a_shortened_text_is_short_and_never_cut_inside_a_letter(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    if short != text:
        kept = len(short.removesuffix("…"))
        assert not unicodedata.combining(text[kept]) or text[:kept].rstrip() != text[:kept]


@given(st.text(), st.text(), st.text(), st.integers(8, 30))
def test_a_text_told_apart_is_short_however_both_begin(begin: str, one: str, other: str, limit: int) -> None:
    assert len(shorten_apart(begin + one, begin + other, limit)) <= limit


def test_two_names_that_begin_alike_are_told_apart_where_they_part() -> None:
    one, other = "جمعية دار الطالب النور", "جمعية دار الطالب النور الجديدة"
    assert (shorten_apart(one, other, 15), shorten_apart(other, one, 15)) == ("…النور", "…النور الجديدة")
    emails = ("association.amal.essaouira.1@example.org", "association.amal.essaouira.2@example.org")
    assert [shorten_apart(*pair, 15) for pair in (emails, emails[::-1])] == ["…aouira.1@exam…", "…aouira.2@exam…"]
    assert shorten_apart("06 00 00 00 01", "06 00 00 00 02", 15) == "06 00 00 00 01"
