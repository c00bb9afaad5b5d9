"""JSON and CSV files of what people told us: readable by their owner alone, whole or not there."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from bot.core.bidi import without_isolates
from bot.core.text import Speech
from bot.reports.sheet import Sheet
from storage.files import flush_folder

SEPARATORS = {"ar": ";", "fr": ";"}
"""What parts the cells where a file is opened with a tap: the spreadsheets of Morocco, in both languages, take the comma for
the decimal sign and would put a whole row into one cell. Elsewhere it is the comma."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_json(file: Path, records: Sequence[Any]) -> None:
    """A list of objects, a line each, in UTF-8; moments in ISO 8601 with their offset."""
    with whole(file, "w", encoding="utf-8") as out:
        lines = ",\n".join(msgspec.json.encode(record).decode() for record in records)
        out.write(f"[\n{lines}\n]\n" if records else "[]\n")


def write_csv(file: Path, sheet: Sheet, speech: Speech) -> int:
    """The sheet in the speech's language, as spreadsheets open it: UTF-8 with its mark; how many rows it has.

    A cell that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    with whole(file, "w", encoding="utf-8-sig", newline="") as out:
        return _write_rows(out, sheet, speech, separator=",", headed=True)


def csv_text(sheet: Sheet, speech: Speech, *, separator: str = ",", headed: bool = True) -> str:
    """The same as text; without its heading it can be put behind another one."""
    out = io.StringIO(newline="")
    _write_rows(out, sheet, speech, separator=separator, headed=headed)
    return out.getvalue()


def _write_rows(out: IO[str], sheet: Sheet, speech: Speech, *, separator: str, headed: bool) -> int:
    count = 0
    writer = csv.writer(out, delimiter=separator)
    if headed:
        writer.writerow([_safe(without_isolates(speech.tell(column))) for column in sheet.columns])
    for count, row in enumerate(sheet.rows, 1):  # noqa: B007 -- the last number is the count
        writer.writerow(["" if cell is None else _safe(without_isolates(speech.show(cell))) for cell in row])
    return count


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


@contextmanager
def whole(file: Path, mode: str, **how: Any) -> Iterator[IO[Any]]:  # noqa: ANN401 -- what open takes
    """A file for its owner alone, there under its name once it is complete and durable, and not before."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, mode, **how) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
        flush_folder(file.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
