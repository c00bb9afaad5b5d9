"""Rows are read by the questions of the chat; what they would ask back about is told, never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.flow import Answer
from bot.core.folding import fold
from bot.flows.categories import CATEGORIES
from bot.flows.imports import Prepared, RowRefused, entry_of, read_row
from bot.rules.imports import Entry
from tests.bot.core.setting import KNOWN, told

CELLS = {
    "association": "جمعية أمل للتنمية",
    "centre": "مركز الأمل للنساء",
    "category": "النساء ضحايا العنف",
    "president": "فاطمة العلوي",
    "phone": "0600000001",
    "email": "fatima@example.org",
    "city": "الصويرة",
    "signature": "فاطمة",
}


def answer(key: str, cell: str) -> Answer:
    read = read_row(2, {**CELLS, key: cell}, KNOWN)
    assert isinstance(read, Prepared), read
    return read.answers[key]


def why(key: str, cell: str) -> str:
    """What is said against this cell, and against no other."""
    read = read_row(2, {**CELLS, key: cell}, KNOWN)
    assert isinstance(read, RowRefused), read
    ((question, text),) = read.why
    assert question.key == key
    return told(text)


def test_a_row_becomes_the_answers_of_the_chat() -> None:
    read = read_row(2, CELLS, KNOWN)
    assert isinstance(read, Prepared)
    assert {key: kept.value for key, kept in read.answers.items()} == {
        "association": "جمعية أمل للتنمية",
        "centre": "مركز الأمل للنساء",
        "category": "women_victims_violence",
        "president": "فاطمة العلوي",
        "phone": "+212600000001",
        "email": "fatima@example.org",
        "city": "07.211.01.05",
    }
    assert entry_of(read) == Entry(2, fold(CELLS["association"]), "+212600000001", "07.211.01.05", fold(CELLS["centre"]))


@pytest.mark.parametrize("choice", CATEGORIES, ids=lambda choice: choice.key)
def test_every_category_is_known_by_its_key_and_its_labels_in_both_languages(choice) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    labels = [choice.label, choice.full or choice.label]
    for cell in (choice.key, *(told(label, language) for label in labels for language in ("ar", "fr"))):
        assert answer("category", cell).value == choice.key


@pytest.mark.parametrize("cell", ["", " ", "-", "/", "لا يوجد", "néant", "ما عنديش"])
def test_an_email_may_be_missing(cell: str) -> None:
    assert answer("email", cell) == Answer(None)


def test_an_email_that_is_missing_is_left_to_be_asked_where_it_is_required() -> None:
    read = read_row(2, {**CELLS, "email": ""}, replace(KNOWN, email_required=True))
    assert isinstance(read, Prepared)
    assert "email" not in read.answers


@pytest.mark.parametrize("cell", ["600000001", "212600000001", "+212 6 00 00 00 01", "٠٦٠٠٠٠٠٠٠١"])
def test_phones_are_read_as_spreadsheets_leave_them(cell: str) -> None:
    assert answer("phone", cell).value == "+212600000001"


def test_a_number_that_only_asks_for_a_nod_in_the_chat_is_taken() -> None:
    assert answer("phone", "05 24 00 00 01").value == "+212524000001"
    assert answer("phone", "0033 6 12 34 56 78").value == "+33612345678"
    assert answer("centre", CELLS["association"]).value == CELLS["association"]


def test_an_apostrophe_that_kept_a_cell_from_being_a_formula_is_not_part_of_it() -> None:
    assert answer("association", "'=HYPERLINK(0)").value == "=HYPERLINK(0)"
    assert answer("phone", "'+212600000001").value == "+212600000001"


def test_doubtful_cells_name_what_they_may_mean() -> None:
    assert "سيدي بوبكر (جرادة) / سيدي بوبكر (الرحامنة)" in why("city", "سيدي بوبكر")
    assert "ورزازات" in why("city", "ouarzazat")
    assert "الأشخاص المسنون" in why("category", "مسنين")
    assert "06 00 00 00 01 / 05 24 00 00 01" in why("phone", "0600000001 / 0524000001")
    assert "x@gmail.com" in why("email", "x@gmial.com")


@pytest.mark.parametrize("cell", ["سيدي بوبكر (جرادة)", "سيدي بوبكر (الرحامنة)"])
def test_what_a_doubt_names_can_be_written_back(cell: str) -> None:
    assert answer("city", cell).value is not None


@pytest.mark.parametrize(
    ("key", "cell", "said"),
    [
        ("association", "", "الخانة فارغة."),
        ("association", "=1+1", "هذه صيغة حسابية."),
        ("association", "جم", "قصير ولا يسمح بالتعرف على الجمعية"),
        ("centre", "0600000001", "رقم هاتف"),
        ("category", "3", "لا يطابق الجواب «3» أي فئة."),
        ("category", "كواكب", "الأشخاص المسنون"),
        ("president", "فاطمة", "كلمة واحدة فقط"),
        ("phone", "2,126E+11", "اختصر برنامج الجداول هذا الرقم."),
        ("phone", "06000", "تنقص هذا الرقم"),
        ("email", "fatima", "@"),
        ("city", "قرية مجهولة", "لا يوجد الاسم «قرية مجهولة» في لائحة الجماعات."),
    ],
)
def test_a_cell_that_cannot_be_taken_says_why(key: str, cell: str, said: str) -> None:
    assert said in why(key, cell)


def test_all_that_is_wrong_with_a_row_is_told_at_once() -> None:
    read = read_row(7, {**CELLS, "president": "", "phone": "x"}, KNOWN)
    assert isinstance(read, RowRefused)
    assert (read.row, [question.key for question, _ in read.why]) == (7, ["president", "phone"])
