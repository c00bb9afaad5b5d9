"""The catalogue is fresh, complete in both languages, and keeps the conventions of our copy."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tests.tools.catalogue import LOCALES, extracted

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
PLURALS = "(n==0?0:n==1?1:n==2?2:n%100>=3&&n%100<=10?3:n%100>=11?4:5)"
LATIN = {
    "PDF",
    "JPG",
    "PNG",
    "BotFather",
    "PostgreSQL",
    "Bot",
    "API",
    "Africa",
    "Casablanca",
    "nidaa",
    "check",
    "migrate",
    "coordinators",
    "invite",
}


@cache
def catalogue(locale: str) -> Catalog:
    with (LOCALES / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale)


def ids(messages: Catalog) -> set[str]:
    return {message.id if isinstance(message.id, str) else message.id[0] for message in messages if message.id}


def told(locale: str) -> Iterator[tuple[Message, str, str]]:
    """Each message with a source form and its translation."""
    for message in catalogue(locale):
        if not message.id:
            continue
        if isinstance(message.id, str):
            assert isinstance(message.string, str)
            yield message, message.id, message.string
        else:
            for form in message.string:
                yield message, message.id[1], form


@pytest.mark.parametrize("locale", ["ar_MA", "fr"])
def test_every_sentence_of_the_code_is_translated_and_none_is_left_over(locale: str) -> None:
    assert ids(catalogue(locale)) == ids(extracted())
    empty = [source for _, source, text in told(locale) if not text.strip()]
    assert empty == []
    assert not any(message.fuzzy for message in catalogue(locale))


def test_the_template_is_the_extraction() -> None:
    with (LOCALES / "messages.pot").open("rb") as file:
        assert ids(read_po(file)) == ids(extracted())


@pytest.mark.parametrize("locale", ["ar_MA", "fr"])
def test_no_translation_loses_or_invents_a_placeholder(locale: str) -> None:
    wrong = [
        source
        for message, source, text in told(locale)
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(source))
        and not (isinstance(message.id, tuple) and not PLACEHOLDER.findall(text))
    ]
    assert wrong == []
    strays = [text for _, _, text in told(locale) if re.search(r"[{}]", PLACEHOLDER.sub("", text))]
    assert strays == []


def test_arabic_counts_in_six_forms_in_the_order_of_the_standard() -> None:
    po = (LOCALES / "ar_MA" / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8")
    assert f"nplurals=6; plural={PLURALS};" in po
    assert all(len(message.string) == 6 for message in catalogue("ar_MA") if isinstance(message.id, tuple))


@pytest.mark.parametrize("locale", ["ar_MA", "fr"])
def test_no_translation_holds_an_invisible_character_or_outer_space(locale: str) -> None:
    for _, source, text in told(locale):
        assert text == text.strip(), source
        assert not [c for c in text if unicodedata.category(c) in ("Cf", "Cc") and c != "\n"], source


def test_arabic_copy_keeps_its_conventions() -> None:
    for _, source, text in told("ar_MA"):
        plain = PLACEHOLDER.sub("", text)
        assert not re.search("[٠-٩۰-۹]", text), source
        assert not re.search("[\u064b-\u0652\u0640]", text), source
        assert not re.search(r"[!]|[\U0001f300-\U0001faff]", text), source
        assert not re.search("[بلك]\\{", text), source
        assert not re.search("نوفمبر|ديسمبر|سبتمبر|أغسطس|يوليو\\b|مايو", text), source
        if source.startswith("المرجو") or "://" in text:
            continue
        assert not re.search(r"[?;,](?!\d)", plain), source
        words = set(re.findall("[A-Za-zÀ-ÿ]{2,}", plain)) - LATIN
        assert words <= {"ar", "fr", "true", "false", "Français"}, (source, words)


def test_french_copy_keeps_its_conventions() -> None:
    for _, source, text in told("fr"):
        if source.startswith("المرجو"):
            continue
        bare = re.sub(r"https?://\S*|sqlite:\S*|postgresql:\S*|\d\d:\d\d", "", text)
        assert "'" not in text, source
        assert not re.search(r"[^\u00a0\s/][:;?!](\s|$)", bare), source
        assert not re.search(r" [:;?!»%]|« ", bare), source


def test_refusals_neither_blame_nor_apologise() -> None:
    blame = {"ar_MA": "عذرا|المعذرة|نأسف|خاطئ|غير صالح|ممنوع|نسيتم", "fr": r"\b(désolé|oups|invalide|incorrecte?|oublié)\b"}
    for locale, words in blame.items():
        assert not [source for _, source, text in told(locale) if re.search(words, text, re.IGNORECASE)]


def test_the_compiled_catalogues_are_those_of_the_sources() -> None:
    import gettext

    for locale in ("ar_MA", "fr"):
        compiled = gettext.translation("messages", LOCALES, [locale])
        for message in catalogue(locale):
            if isinstance(message.id, str) and message.id:
                assert compiled.gettext(message.id) == message.string


def test_copy_that_was_given_is_used_as_it_was_given() -> None:
    given = Path(__file__).parents[3] / "shared" / "content" / "copy.tsv"
    if not given.exists():
        pytest.skip("the shared copy is not at hand")
    rows = [line.split("\t") for line in given.read_text(encoding="utf-8").splitlines()[1:]]
    texts: dict[str, list[list[str]]] = {}
    for _, source, *translations in rows:
        cells = [cell.replace("\\n", "\n") for cell in translations]
        texts.setdefault(source.replace("\\n", "\n"), []).append(cells)
    for place, locale in enumerate(("ar_MA", "fr")):
        changed = [s for _, s, text in told(locale) if s in texts and text not in [cells[place] for cells in texts[s]]]
        assert changed == []
