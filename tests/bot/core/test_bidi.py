"""Invisible characters never survive; letters always do."""

from __future__ import annotations

import unicodedata

import regex
from hypothesis import given, strategies as st

from bot.core.bidi import clean, shorten, shorten_apart, shorten_to_units


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


LETTERS = (
    st.text(
        st.sampled_from(
            "\U0001f1f2\U0001f1e6\U0001f469\U0001f3fd\u200d\ufe0f\u20e3\u0301\u064b\u094d\u0937\u0915\u093fأعᄀ각ᆨe9 "
        )
    )
    | st.text()
)
"""Flags, families, skin, keycaps, marks, Indic and Korean letters, which are made of several characters each."""


def borders(text: str) -> set[int]:
    """Where a letter as people see it ends, in a second opinion."""
    return {match.end() for match in regex.finditer(r"\X", text)} | {0}


@given(LETTERS, st.integers(2, 20))
def test_a_shortened_text_is_short_and_never_cut_inside_a_letter(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    if short != text:
        assert _ends_between_letters(short, text)


@given(LETTERS, st.integers(2, 40))
def test_a_text_shortened_to_units_fits_them_and_is_never_cut_inside_a_letter(text: str, limit: int) -> None:
    short = shorten_to_units(text, limit)
    assert len(short.encode("utf-16-le")) // 2 <= limit
    if len(text.encode("utf-16-le")) // 2 <= limit:
        assert short == text
    else:
        assert _ends_between_letters(short, text)


def _ends_between_letters(short: str, text: str) -> bool:
    """Is it a beginning of the text, but for spaces at its end, and `…`?"""
    kept = short.removesuffix("…")
    return short.endswith("…") and any(text[:end].rstrip() == kept for end in borders(text))


def test_what_fits_is_not_touched_and_much_of_what_does_not_is_kept() -> None:
    assert shorten_to_units("😀" * 2048, 4096) == "😀" * 2048
    assert shorten_to_units("😀" * 2049, 4096) == "😀" * 2047 + "…"
    assert shorten_to_units("🇲🇦" * 2000, 4096) == "🇲🇦" * 1023 + "…"
    assert shorten("e\u0301" * 10, 8) == "e\u0301" * 3 + "…"


@given(st.text(), st.text(), st.text(), st.integers(8, 30))
def test_a_text_told_apart_is_short_however_both_begin(begin: str, one: str, other: str, limit: int) -> None:
    assert len(shorten_apart(begin + one, begin + other, limit)) <= limit


def test_two_names_that_begin_alike_are_told_apart_where_they_part() -> None:
    one, other = "جمعية دار الطالب النور", "جمعية دار الطالب النور الجديدة"
    assert (shorten_apart(one, other, 15), shorten_apart(other, one, 15)) == ("…النور", "…النور الجديدة")
    emails = ("association.amal.essaouira.1@example.org", "association.amal.essaouira.2@example.org")
    assert [shorten_apart(*pair, 15) for pair in (emails, emails[::-1])] == ["…aouira.1@exam…", "…aouira.2@exam…"]
    assert shorten_apart("06 00 00 00 01", "06 00 00 00 02", 15) == "06 00 00 00 01"
