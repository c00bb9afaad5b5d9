"""Files of every usual kind are read alike; what is dangerous, broken or no table is refused with what to do."""

from __future__ import annotations

import hashlib
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from bot.core.errors import CommandRefused
from bot.rules.imports import Line
from handlers.imports import child
from handlers.imports.reading import REASONS, Table, read_table
from tests.handlers.imports.tables import (
    FATIMA,
    HEADER,
    NAIMA,
    TABLE,
    csv_of,
    ods_of,
    sheet_of,
    with_part,
    xlsx_of,
    zip_of,
)

READ = [list(HEADER), list(FATIMA[:7]), list(NAIMA)]


def read(tmp_path: Path, content: bytes, name: str) -> Table:
    file = tmp_path / name
    file.write_bytes(content)
    return read_table(file)


def cells(table: Table) -> list[list[str]]:
    return [list(line.cells) for line in table.lines]


def refusal(tmp_path: Path, content: bytes, name: str) -> str:
    """The reason's key. Nothing is left beside the file."""
    with pytest.raises(CommandRefused) as refused:
        read(tmp_path, content, name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    why = refused.value.why
    return next(key for key, text in REASONS.items() if text.source == why.source)  # type: ignore[union-attr]


FRENCH = [
    ["Association", "Centre", "Catégorie", "Président(e)", "Téléphone", "E-mail", "Ville"],
    ["Association Été", "Centre Élan", "Personnes âgées", "Hélène Çelik", "0600000007", "", "Fès"],
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", xlsx_of(TABLE)),
        ("a.ods", ods_of(TABLE)),
        ("a.csv", csv_of(TABLE)),
        ("with the mark of a spreadsheet.CSV", csv_of(TABLE, encoding="utf-8-sig")),
        ("semicolons.csv", csv_of(TABLE, sign=";")),
        ("tabs.tsv", csv_of(TABLE, sign="\t", end="\n")),
        ("separator said.csv", b"sep=;\r\n" + csv_of(TABLE, sign=";")),
        ("unicode text.txt", csv_of(TABLE, sign="\t", encoding="utf-16")),
        ("wide without mark.csv", csv_of(TABLE, encoding="utf-16-le")),
        ("wide the other way.csv", csv_of(TABLE, encoding="utf-16-be")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_table_reads_the_same_whatever_its_format(tmp_path: Path, name: str, content: bytes) -> None:
    table = read(tmp_path, content, name)
    assert cells(table) == READ
    assert table.digest == hashlib.sha256(content).hexdigest()


def test_the_empty_rows_and_columns_that_a_spreadsheet_repeats_to_its_end_are_none(tmp_path: Path) -> None:
    blank = '<table:table-cell table:number-columns-repeated="16384"/>'
    content = ods_of(
        TABLE,
        more_cells='<table:table-cell table:number-columns-repeated="16376"/>',
        more_rows=f'<table:table-row table:number-rows-repeated="1048570">{blank}</table:table-row>',
    )
    assert cells(read(tmp_path, content, "a.ods")) == READ


@pytest.mark.parametrize(("encoding", "rows"), [("cp1256", READ), ("cp1252", FRENCH), ("latin-1", FRENCH)])
def test_a_table_of_windows_reads_right_in_arabic_and_in_french(
    tmp_path: Path, encoding: str, rows: list[list[str]]
) -> None:
    content = csv_of(rows, sign=";", encoding=encoding)
    assert cells(read(tmp_path, content, "a.csv")) == rows


def test_numbers_of_a_spreadsheet_keep_their_digits_and_rows_their_numbers(tmp_path: Path) -> None:
    rows = (HEADER, (*FATIMA[:4], 600000001, "", "الصويرة"), (), NAIMA)
    table = read(tmp_path, xlsx_of(rows, first=2), "a.xlsx")
    assert [line.number for line in table.lines] == [3, 4, 6]
    assert table.lines[1].cells[4] == "600000001"


def test_quoted_cells_may_hold_separators_and_line_breaks(tmp_path: Path) -> None:
    content = b'Association,Centre,Ville\n"Espoir, ""Nord""","Centre\nEspoir",Rabat\nx,y,z\n'
    assert read(tmp_path, content, "a.csv").lines == (
        Line(1, ("Association", "Centre", "Ville")),
        Line(2, ('Espoir, "Nord"', "Centre\nEspoir", "Rabat")),
        Line(3, ("x", "y", "z")),
    )


def test_the_first_sheet_that_holds_anything_is_read_and_the_others_are_counted(tmp_path: Path) -> None:
    table = read(tmp_path, xlsx_of(TABLE, sheets=("Réponses", "Notes", "Brouillon")), "a.xlsx")
    assert (table.sheet, table.others, cells(table)) == ("Réponses", 2, READ)


def repeated(rows: str, columns: str) -> str:
    return (
        f'<table:table-row table:number-rows-repeated="{rows}"><table:table-cell office:value-type="string"'
        f' table:number-columns-repeated="{columns}"><text:p>x</text:p></table:table-cell></table:table-row>'
    )


PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 1, 1, 8, 2, 0, 0, 0) + b"\x00" * 40
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb") + bytes(range(256)) * 4
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600
LAUGHS = '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>'
FAR_CELL = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
LOCKED_ODS = '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
LYING = bytearray(xlsx_of(TABLE))
for place in range(40, len(LYING) // 2, 7):
    LYING[place] ^= 0x55

HOSTILE = {
    "picture.png": (PNG, "extension"),
    "picture renamed.csv": (PNG, "not_a_table"),
    "photo renamed.xlsx": (JPEG, "not_a_table"),
    "document renamed.csv": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "not_a_table"),
    "noise.csv": (random.Random(1).randbytes(5000), "not_a_table"),
    "archive.xlsx": (zip_of({"a.txt": "hello"}), "not_a_table"),
    "workbook renamed.csv": (xlsx_of(TABLE), "other_name"),
    "workbook renamed.ods": (xlsx_of(TABLE), "other_name"),
    "text renamed.xlsx": (csv_of(TABLE), "other_name"),
    "old.xls": (OLD, "extension"),
    "old renamed.xlsx": (OLD, "old_excel"),
    "encrypted.xlsx": (OLD + "EncryptedPackage".encode("utf-16-le"), "locked"),
    "encrypted.ods": (ods_of(TABLE, manifest=LOCKED_ODS), "locked"),
    "macros.xlsx": (with_part(xlsx_of(TABLE), "xl/vbaProject.bin", b"x"), "macros"),
    "macros.ods": (with_part(ods_of(TABLE), "Basic/Standard/Module1.xml", "x"), "macros"),
    "formulas.xlsx": (xlsx_of(TABLE, formula="=1+1"), "formulas"),
    "formulas.ods": (ods_of(TABLE, more_cells='<table:table-cell table:formula="of:=1+1"/>'), "formulas"),
    "zip bomb.xlsx": (with_part(xlsx_of(TABLE), "xl/media/x.xml", bytes(170_000_000)), "limits"),
    "xml bomb.xlsx": (with_part(xlsx_of(TABLE), "xl/worksheets/sheet1.xml", sheet_of("", before=LAUGHS)), "entities"),
    "far away cell.xlsx": (
        with_part(
            xlsx_of(TABLE),
            "xl/worksheets/sheet1.xml",
            sheet_of(f'<row r="1"><c r="A1"><v>1</v></c></row>{FAR_CELL}', dimension="A1:XFD1048576"),
        ),
        "limits",
    ),
    "repeated.ods": (ods_of(TABLE, more_rows=repeated("90000", "400")), "limits"),
    "repeated without end.ods": (ods_of(TABLE, more_rows=repeated("1000000", "16000")), "damaged"),
    "damaged.xlsx": (bytes(LYING), "damaged"),
    "cut off.xlsx": (xlsx_of(TABLE)[:3000], "damaged"),
    "no sheet.xlsx": (zip_of({"xl/workbook.xml": "<workbook/>", "[Content_Types].xml": "<Types/>"}), "damaged"),
    "nothing.csv": (b"", "empty"),
    "blank.csv": (b"\r\n ;;;\r\n", "empty"),
    "blank.xlsx": (xlsx_of(()), "empty"),
    "too many rows.csv": (csv_of([HEADER, *([FATIMA] * 20_020)]), "rows"),
    "too many rows.xlsx": (xlsx_of([HEADER, *([("x",)] * 20_020)]), "rows"),
    "too many columns.csv": (csv_of([["x"] * 100]), "columns"),
    "long cell.csv": (csv_of([HEADER, ("x" * 3000,)]), "long_cell"),
    "open quote.csv": (csv_of([HEADER, FATIMA]) + b'\r\n"' + b"x,y\r\n" * 5000, "quotes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    content, reason = HOSTILE[name]
    assert refusal(tmp_path, content, name) == reason


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandRefused):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(CommandRefused):
        read_table(tmp_path)
    large = tmp_path / "large.csv"
    with large.open("wb") as out:
        out.truncate(child.MOST_BYTES + 1)
    with pytest.raises(CommandRefused):
        read_table(large)


def test_the_reading_process_can_write_nothing_and_takes_no_more_than_its_memory(tmp_path: Path) -> None:
    greedy = f"""
import runpy, sys
limits = runpy.run_path({child.__file__!r})["_limit"]
limits()
try:
    bytearray(300 * 1024 * 1024)
    sys.exit("it had the memory")
except MemoryError:
    pass
import resource, signal
assert resource.getrlimit(resource.RLIMIT_CPU) == (30, 30)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open({str(tmp_path / "x")!r}, "wb", buffering=0) as out:
        out.write(b"x")
    sys.exit("it could write")
except OSError:
    pass
"""
    done = subprocess.run([sys.executable, "-I", "-c", greedy], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
