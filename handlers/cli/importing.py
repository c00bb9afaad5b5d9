"""`nidaa import`: what a table would bring, bringing it in, taking it back."""

from __future__ import annotations

import asyncio
import secrets
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.actions.imports import Load, apply_import, compare_import, undo_import
from bot.core import calendar
from bot.core.errors import CommandRefused
from bot.core.known import Known, Setup
from bot.core.text import Joined, Ltr, Sayable, Text, n, t
from bot.flows.imports import Prepared, RowRefused, read_row
from bot.reports.imports import Printed, codes_sheet, field_label, refused_sheet
from bot.rules.imports import (
    PREPARED_DAYS,
    PREPARED_LASTS,
    Columns,
    ColumnsUnclear,
    Existing,
    Line,
    Resemblance,
    Sorted,
    cells_of,
    find_columns,
    rows_below,
)
from handlers.cli.tools import Tools, writing
from handlers.exports.files import write_csv
from handlers.imports.child import MOST_ROWS
from handlers.imports.reading import REASONS, Table, read_table


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asked for. `language` is that of the tables written."""

    file: Path
    apply: bool
    again: bool
    with_duplicates: bool
    codes: Path | None
    refused: Path | None
    language: str


@dataclass(frozen=True, slots=True)
class _Read:
    table: Table
    columns: Columns
    lines: Sequence[Line]
    prepared: Sequence[Prepared]
    refused: Sequence[RowRefused]


async def signups(tools: Tools, wish: Wish) -> None:
    """Say what the table would bring; with `apply`, bring it in. Nothing is overwritten."""
    for output in (wish.codes, wish.refused):
        _must_be_new(output)
    setup, now = tools.setup(), datetime.now(UTC)
    known = setup.known(language=setup.languages[0], channel="web", now=now, keyboard_up=False)
    read = _read(await asyncio.to_thread(read_table, wish.file), known)
    _tell_table(tools, read)
    load = Load(read.table.digest, len(read.lines), read.prepared, wish.again, wish.with_duplicates)
    if wish.apply:
        await _apply(tools, wish, load, setup, now)
    else:
        await _dry_run(tools, load, setup)
    _tell_refused(tools, wish, read, setup)
    if not wish.apply:
        tools.say(t("Nothing was written. To load the table: {command}")(command=Ltr(_command(wish))))


async def undo(tools: Tools, number: int) -> None:
    """Take an import back, and say what stays because a president has claimed it."""
    database = tools.database()
    try:
        undone = await undo_import(database, number, now=datetime.now(UTC))
    finally:
        await database.close()
    tools.say(t("Import {number} is undone. Sign-ups deleted: {count}")(number=number, count=undone.deleted))
    if undone.claimed:
        tools.say(t("Claimed by their presidents, so they stay: {count}")(count=len(undone.claimed)))
    for association, reference in undone.claimed:
        line = t("{association} ({ref})")
        tools.say(line(association=association or "–", ref=Ltr(reference or "–")))


def _command(wish: Wish) -> str:
    """The same again, to be carried out."""
    options = {"--again": wish.again, "--with-duplicates": wish.with_duplicates, "--apply": True}
    return shlex.join(("nidaa", "import", "signups", str(wish.file), *(name for name, wanted in options.items() if wanted)))


def _read(table: Table, known: Known) -> _Read:
    """Every row by the questions of the chat. CommandRefused: the columns are unclear, or there are too many rows."""
    columns = find_columns(table.lines)
    if isinstance(columns, ColumnsUnclear):
        raise CommandRefused(_unclear(columns))
    lines = rows_below(table.lines, columns)
    if not lines:
        raise CommandRefused(REASONS["empty"])
    if len(lines) > MOST_ROWS:
        raise CommandRefused(REASONS["rows"])
    rows = [read_row(line.number, cells_of(line, columns), known) for line in _with_a_bar(lines)]
    return _Read(
        table,
        columns,
        lines,
        prepared=[row for row in rows if isinstance(row, Prepared)],
        refused=[row for row in rows if isinstance(row, RowRefused)],
    )


def _with_a_bar(lines: Sequence[Line]) -> Iterable[Line]:
    from rich.console import Console  # noqa: PLC0415 -- 5 MiB that only this command needs
    from rich.progress import track  # noqa: PLC0415

    console = Console(stderr=True)
    return track(lines, description=f"{len(lines)}", console=console, transient=True, disable=not console.is_terminal)


def _unclear(columns: ColumnsUnclear) -> Sayable:
    if columns.twice:
        field, names = columns.twice[0]
        several = t("Several columns may be “{field_label}”: {names}. Rename those that are not to be read.")
        return several(field_label=field_label(field), names=" / ".join(names))
    missing = Joined(tuple(field_label(field) for field in columns.missing), " / ")
    return t("No column was found for: {columns}. Name the columns in the first row.")(columns=missing)


def _tell_table(tools: Tools, read: _Read) -> None:
    tools.say(t("Rows in the table: {count}")(count=len(read.lines)))
    if read.table.others:
        only = t("Only the sheet “{sheet}” was read. Other sheets: {count}")
        tools.say(only(sheet=read.table.sheet or "", count=read.table.others))
    if read.columns.header is None:
        tools.say(t("The columns have no names: they were read in the order of the call."))
        return
    places = set(read.columns.places.values())
    unread = [cell for place, cell in enumerate(read.columns.header.cells) if cell and place not in places]
    if unread:
        tools.say(t("Columns that were not read: {names}")(names=" / ".join(unread)))


async def _dry_run(tools: Tools, load: Load, setup: Setup) -> None:
    database = tools.database()
    try:
        brought = await compare_import(database, load, setup)
    finally:
        await database.close()
    tools.say(_counts(t("Would be taken: {associations}, {centres}."), brought))
    _tell_sorted(tools, brought)
    if not brought.taken:
        return
    wait = t(
        "These people have not agreed to anything yet: a sign-up that its president has not claimed {days} after the import"
        " is deleted."
    )
    tools.say(wait(days=n("{n} day", "{n} days", PREPARED_DAYS)))


async def _apply(tools: Tools, wish: Wish, load: Load, setup: Setup, now: datetime) -> None:
    database, seals = tools.database(), tools.seals()
    written: list[Path] = []

    def keep_codes(number: int, printed: Sequence[Printed]) -> None:
        file = wish.codes or wish.file.with_name(f"{wish.file.stem}-codes-{number}.csv")
        _must_be_new(file)
        with writing(file):
            write_csv(file, codes_sheet(printed), setup.speech(wish.language, "web"))
        written.append(file)

    try:
        with _taken_back(written):
            number, brought = await apply_import(
                database,
                load,
                setup,
                digest=seals.digest,
                random=lambda: secrets.randbelow(10**10),
                keep_codes=keep_codes,
                now=now,
            )
    finally:
        await database.close()
    _tell_sorted(tools, brought)
    _tell_done(tools, number, brought, written[0], (now + PREPARED_LASTS).astimezone(setup.zone))


@contextmanager
def _taken_back(written: Sequence[Path]) -> Iterator[None]:
    """Codes of an import that was not kept lead nowhere: their file goes."""
    try:
        yield
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise


def _tell_done(tools: Tools, number: int, brought: Sorted, codes: Path, until: datetime) -> None:
    tools.say(_counts(t("Import {number}: {associations}, {centres}.")(number=number), brought))
    tools.say(
        t("The presidents’ codes are in {file}. Each works once. Print or tell them, then delete the file.")(
            file=Ltr(str(codes))
        )
    )
    tools.say(t("What nobody has claimed by {date} will be deleted.")(date=calendar.day(until.date())))
    tools.say(t("To take the import back: {command}")(command=Ltr(f"nidaa import undo {number}")))


def _counts(sentence: Text, brought: Sorted) -> Text:
    associations, centres = len(brought.taken), sum(map(len, brought.taken))
    return sentence(
        associations=n("{n} association", "{n} associations", associations), centres=n("{n} centre", "{n} centres", centres)
    )


def _tell_sorted(tools: Tools, brought: Sorted) -> None:
    tools.say(t("Left out because they are there already: {count}")(count=len(brought.left_out)))
    for each in brought.left_out:
        tools.say(_resemblance(each))
    if brought.noted:
        tools.say(t("Taken, but to be looked at: {count}")(count=len(brought.noted)))
    for each in brought.noted:
        tools.say(_resemblance(each))


def _resemblance(each: Resemblance) -> Text:
    return _HOW[each.how](row=each.row, like=_like(each.like))


_HOW = {
    "same": t("Row {row}: the same association as {like}."),
    "name": t("Row {row}: the same name as {like}, in another city and with another phone."),
    "phone": t("Row {row}: the same phone as {like}, under another name."),
    "alike": t("Row {row}: a name very similar to {like}, in the same city."),
}


def _like(like: int | Existing) -> Text:
    if isinstance(like, int):
        return t("row {row}")(row=like)
    if like.reference is not None:
        return t("request {ref}")(ref=Ltr(like.reference))
    if like.import_id is not None:
        return t("a sign-up of import {number}")(number=like.import_id)
    return t("a sign-up that is not finished")


def _tell_refused(tools: Tools, wish: Wish, read: _Read, setup: Setup) -> None:
    tools.say(t("Refused: {count}")(count=len(read.refused)))
    for each in read.refused:
        for question, why in each.why:
            wrong = t("Row {row}, {field_label}: {why}")
            tools.say(wrong(row=each.row, field_label=question.label or "", why=why))
    if not read.refused:
        return
    if wish.refused is None:
        tools.say(t("To have them in a file, to correct and load again: {option}")(option=Ltr("--refused FILE")))
        return
    lines = {line.number: line for line in read.lines}
    _must_be_new(wish.refused)  # the codes may have been written there
    with writing(wish.refused):
        write_csv(wish.refused, refused_sheet(read.refused, lines, read.columns), setup.speech(wish.language, "web"))
    tools.say(t("Written: {file} ({count})")(file=Ltr(str(wish.refused)), count=len(read.refused)))


def _must_be_new(file: Path | None) -> None:
    if file is not None and file.exists():
        raise CommandRefused(t("The file {file} is there already. Choose another name.")(file=Ltr(str(file))))
