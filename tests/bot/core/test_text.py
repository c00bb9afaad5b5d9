"""Sentences meet their reader: values isolated, plurals right, placeholders told."""

from __future__ import annotations

import pytest

from bot.core.bidi import FSI, LRI, PDI
from bot.core.text import AsTold, Ltr, Named, Speech, Text, lines, n, paragraphs, t
from bot.main import catalogue

ARABIC = Speech("ar", catalogue("ar"), {"contact_phone": Ltr("05 24 00 00 01")})
FRENCH = Speech("fr", catalogue("fr"))


def test_a_value_is_isolated_by_its_kind() -> None:
    assert ARABIC.tell(t("Saved: {value}")(value="فاطمة (أ)")) == f"تم الحفظ: {FSI}فاطمة (أ){PDI}"
    assert ARABIC.tell(t("Saved: {value}")(value=Ltr("06 00 00 00 01"))) == f"تم الحفظ: {LRI}06 00 00 00 01{PDI}"
    assert ARABIC.tell(t("Question {n} of {total}")(n=3, total=8)) == "السؤال 3 من 8"


def test_each_line_of_a_value_is_isolated_by_itself() -> None:
    told = ARABIC.tell(t("Saved: {value}")(value="سطر\n\nUne ligne"))
    assert told == f"تم الحفظ: {FSI}سطر{PDI}\n\n{FSI}Une ligne{PDI}"


def test_what_was_told_already_is_shown_as_it_is() -> None:
    once = FRENCH.tell(t("Saved: {value}")(value="فاطمة {phone}"))
    assert ARABIC.tell(Text("{body}", {"body": AsTold(once)})) == once


def test_a_proper_name_is_told_in_the_readers_language() -> None:
    city = t("Saved: {value}")(value=Named("الصويرة", "Essaouira"))
    assert (ARABIC.tell(city), FRENCH.tell(city)) == (
        f"تم الحفظ: {FSI}الصويرة{PDI}",
        f"Enregistré\u00a0: {FSI}Essaouira{PDI}",
    )


def test_markup_and_braces_in_a_value_stay_what_they_are() -> None:
    assert "{phone} *_<b>%s" in ARABIC.tell(t("Saved: {value}")(value="{phone} *_<b>%s"))


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "يوم عمل واحد"),
        (2, "يومي عمل"),
        (3, "3 أيام عمل"),
        (11, "11 يوم عمل"),
        (100, "100 يوم عمل"),
        (103, "103 أيام عمل"),
    ],
)
def test_arabic_counts_in_six_forms(count: int, told: str) -> None:
    assert ARABIC.tell(n("{n} working day", "{n} working days", count)) == told


def test_a_fact_fills_a_placeholder_that_the_sentence_does_not() -> None:
    told = ARABIC.tell(
        t("{helper}\n\nTo speak to someone: {contact_phone} ({contact_hours})")(helper="x", contact_hours="9")
    )
    assert "05 24 00 00 01" in told


def test_a_placeholder_that_nobody_fills_is_a_bug() -> None:
    with pytest.raises(KeyError, match="value"):
        ARABIC.tell(t("Saved: {value}"))


def test_what_is_missing_leaves_no_empty_line() -> None:
    assert FRENCH.tell(paragraphs(None, lines(t("Yes"), None, t("No")), None)) == "Oui\nNon"
