"""Tables as people send them: real files in every format, made here."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from html import escape
from typing import Any

import xlsxwriter

Rows = Sequence[Sequence[Any]]

HEADER = (
    *("الجمعية المسيرة", "المركز", "الفئة المستهدفة", "رئيس(ة) الجمعية"),
    *("رقم الهاتف", "البريد الإلكتروني", "المدينة", "التوقيع"),
)
FATIMA = (
    *("جمعية أمل للتنمية", "مركز الأمل للنساء", "النساء ضحايا العنف", "فاطمة العلوي"),
    *("0600000001", "fatima@example.org", "الصويرة", ""),
)
NAIMA = (
    *("Association Espoir", "Centre Espoir", "Personnes âgées", "Naïma Berrada"),
    *("06 00 00 00 06", "", "Rabat", "oui"),
)
TABLE: Rows = (HEADER, FATIMA, NAIMA)


def csv_of(rows: Rows, *, sign: str = ",", encoding: str = "utf-8", end: str = "\r\n") -> bytes:
    return end.join(sign.join(str(cell) for cell in row) for row in rows).encode(encoding)


def xlsx_of(rows: Rows, *, sheets: Sequence[str] = ("Feuil1",), first: int = 0, formula: str | None = None) -> bytes:
    """The rows in the first sheet, from that line on (from 0)."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        made = [book.add_worksheet(name) for name in sheets]
        for number, row in enumerate(rows, first):
            made[0].write_row(number, 0, row)
        if formula is not None:
            made[0].write_formula(first + 1, 9, formula, None, 2)
    return out.getvalue()


_ODS = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.3"'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>{tables}'
    "</office:spreadsheet></office:body></office:document-content>"
)
_MANIFEST = (
    '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/"'
    ' manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>{more}</manifest:manifest>'
)


def ods_of(rows: Rows, *, more_cells: str = "", more_rows: str = "", manifest: str = "") -> bytes:
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}{more_cells}</table:table-row>" for row in rows)
    table = f'<table:table table:name="Feuille1">{lines}{more_rows}</table:table>'
    return zip_of(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": _MANIFEST.format(more=manifest),
            "content.xml": _ODS.format(tables=table),
        }
    )


def _ods_cell(cell: Any) -> str:
    return f'<table:table-cell office:value-type="string"><text:p>{escape(str(cell))}</text:p></table:table-cell>'


def zip_of(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def with_part(workbook: bytes, name: str, content: str | bytes) -> bytes:
    """The workbook with one part added or replaced."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        parts: dict[str, str | bytes] = {member: archive.read(member) for member in archive.namelist()}
    return zip_of({**parts, name: content})


def sheet_of(data: str, *, dimension: str = "A1:H3", before: str = "") -> str:
    """A worksheet's XML around rows given as XML."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="{dimension}"/><sheetData>{data}</sheetData></worksheet>'
    )
