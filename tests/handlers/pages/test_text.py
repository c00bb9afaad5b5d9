"""Sentences as HTML: escaped, isolated, linked."""

from __future__ import annotations

from bot.core.text import Ltr, paragraphs, t
from handlers.pages.text import to_html, to_paragraphs
from tests.bot.core.setting import SETUP

SPEECH = SETUP.speech("ar", "web")


def test_values_become_isolated_elements() -> None:
    told = SPEECH.tell(t("Saved: {value}")(value=Ltr("06 00 00 00 01")))
    assert to_html(told, "ar") == 'تم الحفظ: <bdi dir="ltr">06 00 00 00 01</bdi>'
    told = SPEECH.tell(t("Saved: {value}")(value="فاطمة"))
    assert to_html(told, "ar") == "تم الحفظ: <bdi>فاطمة</bdi>"


def test_a_french_value_says_its_language_on_an_arabic_page() -> None:
    told = SPEECH.tell(t("Saved: {value}")(value="Naïma"))
    assert to_html(told, "ar") == 'تم الحفظ: <bdi lang="fr">Naïma</bdi>'
    assert to_html(told, "fr") == "تم الحفظ: <bdi>Naïma</bdi>"


def test_markup_in_a_value_is_text() -> None:
    told = SPEECH.tell(t("Saved: {value}")(value='<img src=x onerror="1">&'))
    assert "<img" not in to_html(told, "ar")
    assert "&lt;img" in to_html(told, "ar")


def test_a_link_of_ours_is_a_link_and_nobody_elses() -> None:
    link = to_html(SPEECH.tell(t("Saved: {value}")(value=Ltr("https://t.me/x?start=r1&y"))), "ar")
    assert '<a href="https://t.me/x?start=r1&amp;y" rel="noopener">' in link
    assert "<a" not in to_html(SPEECH.tell(t("Saved: {value}")(value="https://example.org")), "ar")


def test_blank_lines_part_paragraphs_and_single_ones_break_lines() -> None:
    told = SPEECH.tell(paragraphs(t("Yes"), t("No")))
    assert to_paragraphs(f"{told}\nx", "ar") == ["نعم", "لا<br>x"]
