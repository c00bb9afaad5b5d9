"""The process that reads a file we do not trust: bytes in, the rows of one table out, or the reason why not.

It runs alone (`python -I`), imports nothing of ours, and gives itself limits before it looks at the first byte: memory,
time, no file to write. What goes wrong beyond the reasons named here ends it, and whoever started it sees that.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 20_000
MOST_MEMORY = 256 * 1024 * 1024
MOST_SECONDS = 30
_MOST_COLUMNS = 60
_MOST_CELL = 2_000
_MOST_TEXT = 16 * 1024 * 1024
_MOST_UNPACKED = 160 * 1024 * 1024
_ABOVE_THE_TABLE = 10
_TEXTS = {".csv", ".tsv", ".txt"}
_WORKBOOKS = {".xlsx", ".ods"}
_PICTURES_AND_SUCH = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"RIFF", b"\x1f\x8b", b"Rar!")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Unreadable(Exception):
    """`reason` is a key of handlers.imports.reading.REASONS; `row` is where, where that is known."""

    def __init__(self, reason: str, row: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.row = row


def main() -> None:
    """`child.py SUFFIX < FILE`: one JSON object on standard output."""
    _limit()
    try:
        told = read(sys.stdin.buffer.read(), sys.argv[1])
    except Unreadable as error:
        told = {"refused": error.reason, "row": error.row}
    except MemoryError:
        told = {"refused": "limits", "row": None}
    sys.stdout.buffer.write(json.dumps(told, ensure_ascii=False).encode(errors="replace"))


def _limit() -> None:
    import resource  # noqa: PLC0415 -- not on every platform; whoever only wants the constants must not need it

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(content: bytes, suffix: str) -> dict[str, Any]:
    """`rows` as (number in the spreadsheet, cells), empty ones left out; `sheet` its name, `others` how many more there are.

    What the content is decides how it is read; a name that says something else is a reason to refuse. Unreadable: why.
    """
    if suffix not in _TEXTS | _WORKBOOKS:
        raise Unreadable("extension")
    if content.startswith(_OLD_OFFICE):
        raise Unreadable("locked" if "EncryptedPackage".encode("utf-16-le") in content else "old_excel")
    if content.startswith(b"PK\x03\x04"):
        return _workbook(content, suffix)
    if not content.strip():
        raise Unreadable("empty")
    text = _encoding(content)
    if suffix not in _TEXTS:
        raise Unreadable("other_name" if text else "not_a_table")
    if text is None:
        raise Unreadable("not_a_table")
    return _told(_csv_rows(content, text), None, 0)


def _told(rows: Iterable[tuple[int, list[str]]], sheet: str | None, others: int) -> dict[str, Any]:
    kept: list[tuple[int, list[str]]] = []
    size = 0
    for number, cells in rows:
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if any(len(cell) > _MOST_CELL for cell in cells):
            raise Unreadable("long_cell", number)
        if len(cells) > _MOST_COLUMNS:
            raise Unreadable("columns", number)
        size += sum(map(len, cells))
        if len(kept) >= MOST_ROWS + _ABOVE_THE_TABLE or size > _MOST_TEXT:
            raise Unreadable("rows")
        kept.append((number, cells))
    if not kept:
        raise Unreadable("empty")
    return {"rows": kept, "sheet": sheet, "others": others}


def _workbook(content: bytes, suffix: str) -> dict[str, Any]:
    kind = _look_inside(content)
    if kind != suffix:
        raise Unreadable("not_a_table" if kind is None else "other_name")
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [
            place
            for place, about in enumerate(book.sheets_metadata)
            if about.visible is SheetVisibleEnum.Visible and about.typ is SheetTypeEnum.WorkSheet
        ]
        for place in shown:
            sheet = book.get_sheet_by_index(place)
            if sheet.start is None:
                continue
            if sheet.height > MOST_ROWS + _ABOVE_THE_TABLE:
                raise Unreadable("rows")
            rows = enumerate(sheet.to_python(skip_empty_area=True), sheet.start[0] + 1)
            cells = ((number, [_cell(cell) for cell in row]) for number, row in rows)
            return _told(cells, sheet.name, len(shown) - 1)
    except CalamineError as error:
        raise Unreadable("damaged") from error
    raise Unreadable("empty")


def _cell(value: object) -> str:
    """A number as it was meant (phones lose their zero and gain a dot in spreadsheets), anything else as it reads."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


_FORMULA = {".xlsx": re.compile(rb"<(?:\w+:)?f[\s/>]"), ".ods": re.compile(rb"table:formula\s*=")}
_HOLDS_CELLS = {".xlsx": re.compile(r"xl/worksheets/[^/]+\.xml$"), ".ods": re.compile(r"content\.xml$")}
_MACROS = re.compile(r"(^|/)vbaproject\.bin$|^xl/macrosheets/|^basic/|^scripts/", re.IGNORECASE)
_LOCKED = re.compile(rb"encryption-data")
_ENTITY = re.compile(rb"<!ENTITY")


def _look_inside(content: bytes) -> str | None:
    """Which kind of workbook an archive is, None when it is none; Unreadable where it would do more than hold a table."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            kind = _kind(archive)
            if any(member.flag_bits & 1 for member in members):
                raise Unreadable("locked")
            if any(_MACROS.search(member.filename) for member in members):
                raise Unreadable("macros")
            if kind is None:
                return None
            if sum(member.file_size for member in members) > _MOST_UNPACKED:
                raise Unreadable("limits")
            for member in members:
                _look_at(archive, member, kind)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError) as error:
        raise Unreadable("damaged") from error
    return kind


def _kind(archive: zipfile.ZipFile) -> str | None:
    names = set(archive.namelist())
    if "xl/workbook.xml" in names:
        return ".xlsx"
    spreadsheet = b"application/vnd.oasis.opendocument.spreadsheet"
    if "mimetype" not in names:
        return None
    with archive.open("mimetype") as said:
        return ".ods" if said.read(100).strip() == spreadsheet else None


def _look_at(archive: zipfile.ZipFile, member: zipfile.ZipInfo, kind: str) -> None:
    """One part, unpacked a piece at a time; what it says of its size and its checksum is held against what comes."""
    if not member.filename.endswith((".xml", ".rels")):
        return
    holds_cells = _HOLDS_CELLS[kind].search(member.filename)
    before = b""
    with archive.open(member) as part:
        while piece := part.read(1 << 16):
            window = before + piece
            if _ENTITY.search(window):
                raise Unreadable("entities")
            if member.filename == "META-INF/manifest.xml" and _LOCKED.search(window):
                raise Unreadable("locked")
            if holds_cells and _FORMULA[kind].search(window):
                raise Unreadable("formulas")
            before = window[-40:]


def _encoding(content: bytes) -> str | None:
    """How the letters are written; None when these are no letters.

    Without a mark: UTF-8 if it can be, else the page of Arabic Windows or that of Western Windows. The two share the
    places of French letters, so what tells them apart is words: those of Arabic letters alone, against those that would mix
    Arabic and Latin letters.
    """
    if content.startswith(_PICTURES_AND_SUCH):
        return None
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return encoding if _is_text(content, encoding) else None
    if b"\x00" in content[:_SAMPLE]:
        high, low = content[:_SAMPLE:2].count(0), content[1:_SAMPLE:2].count(0)
        wide = "utf-16-be" if high > low else "utf-16-le"
        return wide if _is_text(content, wide) else None
    if _is_text(content, "utf-8"):
        return "utf-8"
    words = re.findall(r"[^\W\d_]+", content[:_SAMPLE].decode("cp1256"))
    arabic = sum(len(word) > 1 and not _LATIN.search(word) for word in words)
    mixed = sum(bool(_LATIN.search(word) and _ARABIC.search(word)) for word in words)
    encoding = "cp1256" if arabic > mixed else "cp1252"
    return encoding if _is_text(content, encoding) else None


_SAMPLE = 1 << 18
_LATIN, _ARABIC = re.compile("[A-Za-zÀ-ÿ]"), re.compile("[\u0600-\u06ff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")


def _is_text(content: bytes, encoding: str) -> bool:
    try:
        return _CONTROL.search(content.decode(encoding)) is None
    except UnicodeDecodeError:
        return False


def _csv_rows(content: bytes, encoding: str) -> Iterator[tuple[int, list[str]]]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
    first = text.readline()
    said = re.fullmatch(r"sep=(.)\r?\n?", first)
    if said:
        delimiter = said[1]
    else:
        text.seek(0)
        delimiter = _delimiter(text.read(1 << 16))
        text.seek(0)
    csv.field_size_limit(_MOST_CELL * 4)
    number = 0
    try:
        for number, cells in enumerate(csv.reader(text, delimiter=delimiter), 1):
            yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise Unreadable("quotes", number + 1) from error


def _delimiter(sample: str) -> str:
    """The sign that cuts most lines into the same number of columns, more than one."""
    lines = sample.splitlines()[:200]

    def worth(sign: str) -> tuple[bool, float, int]:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=sign) if row)
        except csv.Error:
            return False, 0.0, 0
        width, times = widths.most_common(1)[0] if widths else (1, 0)
        return width > 1, times / max(1, widths.total()), width

    return max((",", ";", "\t"), key=worth)


if __name__ == "__main__":
    main()
