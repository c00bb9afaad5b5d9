"""Imports: what a table would bring, bringing it in as one, taking it back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.signups import application
from bot.core import calendar
from bot.core.errors import CommandRefused
from bot.core.flow import Answer
from bot.core.folding import fold
from bot.core.known import Setup
from bot.core.text import Ltr, t
from bot.flows.imports import Prepared, entry_of
from bot.reports.imports import Printed
from bot.rules.codes import PREPARED, code_from, read_code
from bot.rules.imports import Existing, Sorted, sort_entries
from storage import imports as stored
from storage.engine import Database
from storage.signups import Application, add_prepared
from storage.tables.base import Row


@dataclass(frozen=True, slots=True)
class Load:
    """One file's rows that can be taken; `rows` is how many it had in all."""

    digest: str
    rows: int
    prepared: Sequence[Prepared]
    again: bool = False
    with_duplicates: bool = False


async def compare_import(database: Database, load: Load, setup: Setup) -> Sorted:
    """What the load would bring, nothing written. CommandRefused: this file was loaded before."""
    async with database.read() as connection:
        await _refuse_repeat(connection, load, setup)
        return _sorted(load, [each async for _, each in _existing(connection)])


async def apply_import(
    database: Database,
    load: Load,
    setup: Setup,
    *,
    digest: Callable[[str], str],
    random: Callable[[], int],
    keep_codes: Callable[[int, Sequence[Printed]], None],
    now: datetime,
) -> tuple[int, Sorted]:
    """Bring the load in, all of it or nothing: (the import's number, what it brought).

    `digest` is what is stored of a code; `random` a number nobody can guess. The codes exist nowhere but in what
    `keep_codes` is given, before the commit: what it raises undoes everything. CommandRefused: this file was loaded before,
    or nothing in it is new.
    """
    by_row = {each.row: each.answers for each in load.prepared}
    async with database.read() as connection:  # comparing takes longer than conversations should wait for a writer
        existing = [each async for each in _existing(connection)]
    brought, latest = _sorted(load, (each for _, each in existing)), max((id_ for id_, _ in existing), default=0)
    async with database.write() as connection:
        await stored.lock_imports(connection)
        await _refuse_repeat(connection, load, setup)
        if newer := [each async for each in _existing(connection, after=latest)]:
            brought = _sorted(load, (each for _, each in (*existing, *newer)))
        if not brought.taken:
            raise CommandRefused(t("There is nothing in this file to take: nothing was written."))
        taken = sum(map(len, brought.taken))
        number = await stored.add_import(connection, digest=load.digest, rows=load.rows, taken=taken, now=now)
        codes = _new_codes(random, digest, await stored.claim_digests(connection))
        printed, gathered = [], []
        for rows, (code, mark) in zip(brought.taken, codes, strict=False):
            printed.append(_printed(by_row[rows[0]], code))
            gathered.append(([_application(by_row, row, rows, setup) for row in rows], mark))
        await add_prepared(connection, gathered, source="import", language=setup.languages[0], import_id=number, now=now)
        keep_codes(number, printed)
    return number, brought


@dataclass(frozen=True, slots=True)
class Undone:
    """`deleted` sign-ups were waiting; `claimed` stay: (association, reference) each, None for what is not signed or was
    erased."""

    deleted: int
    claimed: Sequence[tuple[str | None, str | None]]


async def undo_import(database: Database, number: int, *, now: datetime) -> Undone:
    """Take a whole import back, but for what presidents have claimed. CommandRefused: no import of that number is left."""
    async with database.write() as connection:
        if not await stored.close_import(connection, number, now=now):
            raise CommandRefused(t("There is no import {number}, or it was undone before.")(number=number))
        deleted = await stored.delete_prepared(connection, of_import=number)
        claimed = [(row.association, row.reference) for row in await stored.claimed_of(connection, number)]
    return Undone(deleted, claimed)


def _sorted(load: Load, existing: Iterable[Existing]) -> Sorted:
    return sort_entries(map(entry_of, load.prepared), existing, with_duplicates=load.with_duplicates)


async def _refuse_repeat(connection: AsyncConnection, load: Load, setup: Setup) -> None:
    earlier = None if load.again else await stored.import_of(connection, load.digest)
    if earlier is not None:
        loaded = t("This file was loaded on {date} as import {number}. Undo that one first, or load it again with {option}.")
        date = calendar.day(earlier.imported_at.astimezone(setup.zone).date())
        raise CommandRefused(loaded(date=date, number=earlier.id, option=Ltr("--again")))


async def _existing(connection: AsyncConnection, *, after: int = 0) -> AsyncIterator[tuple[int, Existing]]:
    """(its association's id, application), each once with the cities of its centres; those whose association came after."""
    one, cities = None, set[str]()
    async for row in stored.applications_to_compare(connection, after=after):
        if one is not None and row.id != one.id:
            yield _compared(one, cities)
            cities = set()
        one = row
        if row.city is not None:
            cities.add(row.city_code or fold(row.city))
    if one is not None:
        yield _compared(one, cities)


def _compared(row: Row, cities: Iterable[str]) -> tuple[int, Existing]:
    return row.id, Existing(row.reference, row.import_id, row.name_key, row.phone, frozenset(cities))


def _new_codes(random: Callable[[], int], digest: Callable[[str], str], held: set[str]) -> Iterator[tuple[str, str]]:
    """Codes that nobody holds, without end, each with its digest; `held` are the digests of those that somebody does."""
    while True:
        code = code_from(PREPARED, random())
        mark = digest(read_code(code) or code)
        if mark not in held:
            held.add(mark)
            yield code, mark


def _application(by_row: Mapping[int, Mapping[str, Answer]], row: int, rows: Iterable[int], setup: Setup) -> Application:
    """A row as what is applied for; the first e-mail that any row of the association gives is the association's."""
    email = next((by_row[each]["email"] for each in rows if by_row[each].get("email", Answer(None)).value), Answer(None))
    return application({**by_row[row], "email": email}, setup.places)


def _printed(answers: Mapping[str, Answer], code: str) -> Printed:
    return Printed(
        answers["association"].value or "", answers["president"].value or "", answers["phone"].value or "", code.upper()
    )
