"""A file → its table, read by a process of its own; what cannot be read is refused with what to do."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bot.core.errors import CommandRefused
from bot.core.text import Ltr, Text, t
from bot.rules.imports import Line
from handlers.imports import child


@dataclass(frozen=True, slots=True)
class Table:
    """`digest` is that of the file's bytes; `sheet` the sheet's name where the file has sheets, `others` how many more."""

    digest: str
    lines: tuple[Line, ...]
    sheet: str | None
    others: int


def read_table(file: Path) -> Table:
    """The lines of the file, its bytes read once. CommandRefused: it cannot be read, it would be dangerous to, or it takes
    more than a table of this size needs."""
    content = _content(file)
    try:
        done = subprocess.run(  # noqa: S603 -- our own file, by the interpreter that runs us
            [sys.executable, "-I", str(Path(child.__file__)), file.suffix.casefold()],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=child.MOST_SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise _refused("limits") from None
    if done.returncode != 0:
        raise _refused("limits" if done.returncode < 0 else "damaged")
    told: dict[str, Any] = msgspec.json.decode(done.stdout)
    if "refused" in told:
        raise _refused(told["refused"], told["row"])
    lines = tuple(Line(number, tuple(cells)) for number, cells in told["rows"])
    return Table(hashlib.sha256(content).hexdigest(), lines, told["sheet"], told["others"])


def _content(file: Path) -> bytes:
    if not file.is_file():
        raise CommandRefused(t("There is no file {file}. Check how its name is written.")(file=Ltr(str(file))))
    try:
        with file.open("rb") as opened:
            content = opened.read(child.MOST_BYTES + 1)
    except OSError:
        raise CommandRefused(t("The file {file} cannot be opened.")(file=Ltr(str(file)))) from None
    if len(content) > child.MOST_BYTES:
        raise CommandRefused(
            t("The file is larger than {max} megabytes. Keep only the table, or divide it.")(max=child.MOST_BYTES // 2**20)
        )
    return content


def _refused(reason: str, row: int | None = None) -> CommandRefused:
    why = REASONS[reason]
    return CommandRefused(why(row=row) if row is not None else why)


FORMATS = Ltr(".xlsx, .ods, .csv")
_TOO_MUCH = t(
    "Reading this file takes more time or memory than a table of sign-ups needs. Copy the rows into a new file and try that"
    " one."
)
REASONS: dict[str, Text] = {
    "extension": t("Only tables can be read: files whose names end in {formats}.")(formats=FORMATS),
    "other_name": t(
        "The end of the file’s name does not say what it is. Save the table again from the spreadsheet, as {formats}."
    )(formats=FORMATS),
    "not_a_table": t("This file is not a table: a picture, a document or something else. Save the table as {formats}.")(
        formats=FORMATS
    ),
    "old_excel": t("This is a table of an old Excel. Save it again as {format}.")(format=Ltr(".xlsx")),
    "locked": t("The file is protected by a password. Save it without one."),
    "macros": t("The file contains programs (macros). Save the table without them, as {formats}.")(formats=FORMATS),
    "formulas": t(
        "Some cells are formulas. Copy the table, paste it with “values only” into a new file, and try that one; or save it"
        " as {format}."
    )(format=Ltr(".csv")),
    "entities": t("The file contains definitions that no table needs and that can be used to do harm. It is not opened."),
    "limits": _TOO_MUCH,
    "damaged": t("The file is damaged or was not saved whole. Save it again from the spreadsheet."),
    "empty": t("There are no rows in this file."),
    "rows": t("There are more than {max} rows. Divide the table.")(max=child.MOST_ROWS),
    "columns": t("Row {row} has more columns than a table of sign-ups can have. Keep only the columns of the call."),
    "long_cell": t("Row {row} holds a text that is too long for a table of sign-ups. Shorten it."),
    "quotes": t("The columns cannot be told apart from row {row} on: a quotation mark is not closed there. Mend it."),
}
