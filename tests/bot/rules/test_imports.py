"""Which column is which, which rows are one association, which are there already."""

from __future__ import annotations

import pytest

from bot.rules.imports import (
    FIELDS,
    Columns,
    ColumnsUnclear,
    Entry,
    Existing,
    Line,
    Resemblance,
    Sorted,
    cells_of,
    find_columns,
    rows_below,
    sort_entries,
)

ROW = ("جمعية أمل", "مركز أمل", "النساء", "فاطمة العلوي", "0600000001", "fatima@example.org", "الصويرة", "")
CALL = (
    *("الجمعية المسيرة", "المركز", "الفئة المستهدفة", "رئيس(ة) الجمعية"),
    *("رقم الهاتف", "البريد الإلكتروني", "المدينة", "التوقيع"),
)


def lines(*rows: tuple[str, ...]) -> list[Line]:
    return [Line(number, row) for number, row in enumerate(rows, 1)]


def places(*header: str) -> dict[str, int]:
    columns = find_columns(lines(header, ROW))
    assert isinstance(columns, Columns), columns
    return dict(columns.places)


@pytest.mark.parametrize(
    "header",
    [
        CALL,
        (
            "Association gestionnaire",
            "Centre",
            "Catégorie cible",
            "Président(e)",
            "Téléphone",
            "E-mail",
            "Ville",
            "Signature",
        ),
        (
            *("Nom de l'association", "Nom du centre", "Public visé par le centre", "Nom du président de l’association"),
            *("N° de tél.", "Adresse e-mail de l'association", "VILLE DU CENTRE", "Signature du président"),
        ),
        (
            *("اسم الجمعية المسيرة للمركز", "اسم المؤسسة", "الفئة المستهدفة من خدمات المركز", "اسم رئيسة الجمعيه"),
            *("هاتف الرئيس", "بريد الجمعية", "مدينة المركز", "توقيع الرئيس"),
        ),
        ("Managing association", "Centre", "Target category", "President", "Phone", "E-mail", "City", "Signature"),
    ],
    ids=range(5),
)
def test_headers_are_recognised_in_the_order_of_the_call(header: tuple[str, ...]) -> None:
    assert places(*header) == {name: place for place, name in enumerate(FIELDS)}


def test_headers_are_recognised_in_any_order_with_others_between() -> None:
    header = ("Horodateur", "المدينة", "Tél", "ملاحظات", "Président", "Catégorie", "المركز", "Association")
    assert places(*header) == {
        "city": 1,
        "phone": 2,
        "president": 4,
        "category": 5,
        "centre": 6,
        "association": 7,
    }


def test_a_title_above_the_headers_is_passed_over() -> None:
    table = lines(("لائحة الجمعيات المنخرطة في النداء",), (), CALL, ROW)
    columns = find_columns(table)
    assert isinstance(columns, Columns)
    assert columns.header == Line(3, CALL)
    assert rows_below(table, columns) == [Line(4, ROW)]


def test_a_table_without_headers_is_read_in_the_order_of_the_call_if_that_fits() -> None:
    table = lines(ROW, ROW)
    columns = find_columns(table)
    assert columns == Columns({name: place for place, name in enumerate(FIELDS)}, None)
    assert rows_below(table, columns) == table
    assert cells_of(Line(1, ROW[:3]), columns)["phone"] == ""


def test_a_row_of_data_is_not_taken_for_headers_though_names_hold_their_words() -> None:
    row = ("جمعية رئيس", "مركز", "فئة", "رئيس", "0600000001", "mail@example.org", "مدينة")
    assert isinstance(columns := find_columns(lines(row)), Columns)
    assert columns.header is None


@pytest.mark.parametrize(
    "table",
    [
        lines(("a", "b"), ("c", "d")),
        lines(("فاطمة", "0600000001", "الصويرة")),
        lines((*ROW[:3], ROW[4], ROW[3], *ROW[5:])),
        [],
    ],
    ids=range(4),
)
def test_a_table_that_is_none_of_ours_names_what_is_missing(table: list[Line]) -> None:
    assert find_columns(table) == ColumnsUnclear(missing=("association", "centre", "category", "president", "phone", "city"))


def test_a_column_that_is_missing_or_there_twice_is_named() -> None:
    header = ("Association", "Centre", "Catégorie", "Président", "Téléphone du président", "GSM", "E-mail")
    assert find_columns(lines(header, ROW)) == ColumnsUnclear(
        missing=("city",), twice=(("phone", ("Téléphone du président", "GSM")),)
    )


def entry(row: int, name: str = "amal", phone: str = "+212600000001", city: str = "1", centre: str = "a") -> Entry:
    return Entry(row, name, phone, city, centre)


def test_centres_of_one_association_are_gathered() -> None:
    rows = [entry(2), entry(3, centre="b"), entry(4, name="nur", phone="+212600000002"), entry(5, city="2")]
    assert sort_entries(rows, []) == Sorted(taken=[[2, 3, 5], [4]])


def test_the_same_association_is_left_out() -> None:
    rows = [entry(2), entry(3), entry(4, phone="+212600000003", centre="c")]
    assert sort_entries(rows, []) == Sorted([[2]], [Resemblance(3, 2, "same"), Resemblance(4, 2, "same")])


def test_an_application_that_is_there_already_leaves_all_its_rows_out() -> None:
    there = Existing("4726-3918", None, "amal", "+212600000001", frozenset({"9"}))
    rows = [entry(2), entry(3, centre="b")]
    assert sort_entries(rows, [there]) == Sorted(left_out=[Resemblance(2, there, "same"), Resemblance(3, there, "same")])


def test_an_association_without_phone_is_known_by_its_city() -> None:
    there = Existing("4726-3918", None, "amal", None, frozenset({"1"}))
    assert sort_entries([entry(2)], [there]).left_out == [Resemblance(2, there, "same")]


def test_what_is_only_similar_is_taken_and_noted() -> None:
    rows = [
        entry(2, name="jamyiat amal litanmiya"),
        entry(3, name="jamyiat amal litanmiya", phone="+212600000003", city="2"),
        entry(4, name="nur", city="3"),
        entry(5, name="jamyiat amal litanmyia", phone="+212600000005"),
        entry(6, name="another", phone="+212600000006"),
    ]
    assert sort_entries(rows, []) == Sorted(
        [[2], [3], [4], [5], [6]],
        noted=[Resemblance(3, 2, "name"), Resemblance(4, 2, "phone"), Resemblance(5, 2, "alike")],
    )


def test_duplicates_are_taken_each_as_its_own_when_they_are_wanted() -> None:
    rows = [entry(2), entry(3), entry(4, centre="b")]
    assert sort_entries(rows, [], with_duplicates=True) == Sorted([[2, 4], [3]], noted=[Resemblance(3, 2, "same")])
