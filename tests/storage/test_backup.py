"""Backups: what was written comes back as it was, on either engine; what is damaged or out of place is refused whole."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from gettext import NullTranslations

import msgspec
import pytest

from bot.core.bidi import without_isolates
from bot.core.errors import CommandRefused
from bot.core.text import Speech
from storage.backup import Manifest, Progress, count_rows, opened_backup, restore_backup, write_backup
from storage.engine import Database
from storage.migrations import HEAD, migrate
from storage.tables import metadata, parked, people, signups
from tests.fakes.rows import fill, rows_of

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


async def _nothing(_: int) -> None:
    pass


async def backed_up(database: Database, progress: Progress = _nothing) -> bytes:
    out = io.BytesIO()
    async with database.snapshot() as connection:
        await write_backup(connection, out, release="0.1.0", now=NOW, progress=progress)
    return out.getvalue()


async def restored(database: Database, backup: bytes, progress: Progress = _nothing) -> Manifest:
    with opened_backup(io.BytesIO(backup)) as (archive, manifest):
        async with database.write() as connection:
            await restore_backup(connection, archive, manifest, progress=progress)
    return manifest


async def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    async with database.read() as connection:
        return await rows_of(connection)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.close()


@pytest.fixture
async def filled(database: Database) -> Database:
    async with database.write() as connection:
        await fill(connection)
    return database


def changed(backup: bytes, **entries: bytes | None) -> bytes:
    """The backup with other content in some entries; None takes an entry away. Dots in names are written as two lines."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(backup)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = entries.get(name.replace(".", "__"), old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def why(refused: CommandRefused) -> str:
    return without_isolates(Speech("en", NullTranslations()).tell(refused.why))


def entry(backup: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(backup)) as archive:
        return archive.read(name)


async def test_every_row_of_every_table_comes_back_as_it_was_on_either_engine(filled: Database, other: Database) -> None:
    kept = await everything(filled)
    assert all(kept.values())
    await restored(other, await backed_up(filled))
    assert await everything(other) == kept


async def test_a_backup_of_a_restored_database_holds_the_same_lines(filled: Database, other: Database) -> None:
    one = await restored(other, await backed_up(filled))
    with opened_backup(io.BytesIO(await backed_up(other))) as (_, two):
        assert (one.tables, one.rows) == (two.tables, 7 * len(metadata.tables))


async def test_the_manifest_says_what_belongs_together(filled: Database) -> None:
    backup = await backed_up(filled)
    manifest = json.loads(entry(backup, "manifest.json"))
    tables = manifest.pop("tables")
    engine = "sqlite" if filled.is_sqlite else "postgresql"
    assert manifest == {
        "format": 1,
        "release": "0.1.0",
        "schema": HEAD,
        "engine": engine,
        "taken_at": "2026-11-23T10:00:00Z",
    }
    for name in metadata.tables:
        lines = entry(backup, f"{name}.jsonl")
        assert tables[name] == {"rows": lines.count(b"\n"), "sha256": hashlib.sha256(lines).hexdigest()}


async def test_ids_the_database_makes_go_on_after_a_restore(database: Database, twin: Database) -> None:
    row = {"status": "draft", "language": "ar", "channel": "web", "created_at": NOW}
    body = {"channel": "web", "cause": "x", "body": "x", "parked_at": NOW}
    async with database.write() as connection:
        for _ in range(3):
            await connection.execute(signups.insert().values(**row))
    await restored(twin, await backed_up(database))
    async with twin.write() as connection:
        made = await connection.execute(signups.insert().values(**row).returning(signups.c.id))
        assert made.scalar_one() == 4
        first = await connection.execute(parked.insert().values(reference="A", **body).returning(parked.c.id))
        assert first.scalar_one() == 1


async def test_a_backup_is_of_one_moment_whatever_is_written_meanwhile(filled: Database, twin: Database) -> None:
    before = await everything(filled)
    written = 0

    async def write_everywhere(_: int) -> None:
        nonlocal written
        async with filled.write() as connection:
            await fill(connection, rows=1)
            await connection.execute(people.update().values(announcements="no"))
        written += 1

    backup = await backed_up(filled, write_everywhere)
    assert written == len(metadata.tables)
    assert {len(rows) for rows in (await everything(filled)).values()} == {7 + written}
    await restored(twin, backup)
    assert await everything(twin) == before


async def test_progress_counts_every_row_once(filled: Database, twin: Database) -> None:
    told: list[int] = []

    async def tell(count: int) -> None:
        told.append(count)

    async with filled.snapshot() as connection:
        total = await count_rows(connection)
    backup = await backed_up(filled, tell)
    assert sum(told) == total == 7 * len(metadata.tables)
    told.clear()
    await restored(twin, backup, tell)
    assert sum(told) == total


async def test_memory_stays_flat_however_many_rows_there_are(database: Database, twin: Database) -> None:
    """Twenty thousand rows more cost a batch or two on their way; held, they would cost 20 MiB."""
    peaks = []
    for ids in (range(1, 5_001), range(5_001, 25_001)):
        for first in ids[::1000]:
            new = [_person(id_) for id_ in range(first, first + 1000)]
            async with database.write() as connection:
                await connection.execute(people.insert(), new)
        tracemalloc.start()
        backup = await backed_up(database)
        writing = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        await restored(twin, backup)
        peaks.append((writing - len(backup), tracemalloc.get_traced_memory()[1] - len(backup)))
        tracemalloc.stop()
        async with twin.write() as connection:
            await connection.execute(people.delete())
    (few_written, few_read), (many_written, many_read) = peaks
    assert many_written - few_written < 2**20
    assert many_read - few_read < 12 * 2**20


def _person(id_: int) -> dict[str, object]:
    return {"id": id_ << 20, "language": "ar", "announcements": "unasked", "created_at": NOW}


async def test_a_database_without_its_tables_is_neither_read_nor_filled(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("bare") / "x.db"
    async with opened(f"sqlite+aiosqlite:///{file}") as bare:
        with pytest.raises(CommandRefused) as caught:
            async with bare.snapshot() as connection:
                await count_rows(connection)
        assert why(caught.value).endswith("Run nidaa migrate.")
        await migrate(bare)
        backup = await backed_up(bare)
        await migrate(bare, "base")
        with pytest.raises(CommandRefused):
            await restored(bare, backup)


@pytest.mark.parametrize("table", sorted(metadata.tables))
async def test_a_database_that_holds_anything_is_left_as_it_is(database: Database, twin: Database, table: str) -> None:
    backup = await backed_up(database)
    async with database.write() as connection:
        await fill(connection, rows=1, only=table)
    before = await everything(database)
    assert before[table]
    with pytest.raises(CommandRefused) as caught:
        await restored(database, backup)
    assert why(caught.value).startswith("This database already holds data")
    assert await everything(database) == before


def _signed(backup: bytes, lines: bytes) -> bytes:
    """Other lines with the digest and the count they ask for: what they hold must be found wrong by itself."""
    kept = {"rows": lines.count(b"\n"), "sha256": hashlib.sha256(lines).hexdigest()}
    return _declared(changed(backup, people__jsonl=lines), people=kept)


def _declared(backup: bytes, **tables: object) -> bytes:
    """The backup with a manifest that says something else of these tables; None: says nothing of them."""
    manifest = json.loads(entry(backup, "manifest.json"))
    declared = {name: kept for name, kept in (manifest["tables"] | tables).items() if kept is not None}
    return changed(backup, manifest__json=msgspec.json.encode(manifest | {"tables": declared}))


def _without_last(lines: bytes) -> bytes:
    return lines[: lines.rindex(b"\n", 0, -1) + 1]


_WRONG: dict[str, Callable[[bytes, bytes], bytes]] = {
    "a line is gone": lambda backup, lines: changed(backup, people__jsonl=_without_last(lines)),
    "a line is cut": lambda backup, lines: _signed(backup, lines[:-5]),
    "a table is gone": lambda backup, _: changed(backup, outbox__jsonl=None),
    "the manifest is gone": lambda backup, _: changed(backup, manifest__json=None),
    "the manifest is no manifest": lambda backup, _: changed(backup, manifest__json=b"[]"),
    "a table is not declared": lambda backup, _: _declared(backup, outbox=None),
    "a strange table is declared": lambda backup, _: _declared(backup, strangers={"rows": 0, "sha256": ""}),
    "the count is another": lambda backup, lines: _declared(
        backup, people={"rows": 8, "sha256": hashlib.sha256(lines).hexdigest()}
    ),
    "the digest is another": lambda backup, _: _declared(backup, people={"rows": 7, "sha256": "0" * 64}),
    "a column has another name": lambda backup, lines: _signed(backup, lines.replace(b'"language"', b'"tongue"')),
    "a column is one too many": lambda backup, lines: _signed(backup, lines.replace(b'{"id"', b'{"x":1,"id"')),
    "a value has another type": lambda backup, lines: _signed(backup, lines.replace(b'"language":"', b'"language":1,"x":"')),
    "rows belong to nobody": lambda backup, lines: _signed(backup, _without_last(lines)),
}


@pytest.mark.parametrize("wrong", _WRONG)
async def test_a_backup_that_was_changed_is_refused_and_nothing_is_restored(
    filled: Database, twin: Database, wrong: str
) -> None:
    backup = await backed_up(filled)
    spoilt = _WRONG[wrong](backup, entry(backup, "people.jsonl"))
    with pytest.raises(CommandRefused) as caught:
        await restored(twin, spoilt)
    assert why(caught.value).startswith("This file is not a whole backup")
    assert not any((await everything(twin)).values())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_backup_cut_off_or_spoilt_anywhere_is_refused_or_whole(database: Database, twin: Database) -> None:
    """Every byte may go: what is then restored, if anything, is what was written (a zip says things twice)."""
    async with database.write() as connection:
        await fill(connection, rows=1)
    kept, backup = await everything(database), await backed_up(database)
    cut = [backup[:length] for length in range(0, len(backup), 43)]
    spoilt = [backup[:at] + bytes([backup[at] ^ 0xFF]) + backup[at + 1 :] for at in range(0, len(backup), 31)]
    for each in cut + spoilt:
        found = await _tried(twin, each)
        assert found is None if each in cut else found in (None, kept)
        assert not any((await everything(twin)).values())


async def _tried(database: Database, backup: bytes) -> dict[str, list[tuple[object, ...]]] | None:
    """What would be restored, taken back; None when it is refused."""
    found = None
    with suppress(CommandRefused, _TakenBackError), opened_backup(io.BytesIO(backup)) as (archive, manifest):
        async with database.write() as connection:
            await restore_backup(connection, archive, manifest, progress=_nothing)
            found = await rows_of(connection)
            raise _TakenBackError
    return found


class _TakenBackError(Exception):
    pass


@pytest.mark.parametrize(("field", "value"), [("schema", "0000"), ("format", 2)])
async def test_a_backup_of_another_release_says_which(filled: Database, field: str, value: object) -> None:
    backup = await backed_up(filled)
    manifest = json.loads(entry(backup, "manifest.json")) | {field: value, "release": "9.9"}
    with (
        pytest.raises(CommandRefused) as caught,
        opened_backup(io.BytesIO(changed(backup, manifest__json=msgspec.json.encode(manifest)))),
    ):
        pass
    assert "Restore it with release 9.9; then run nidaa migrate with this one." in why(caught.value)


async def test_nobody_writes_into_a_database_while_it_is_filled(filled: Database, twin: Database) -> None:
    backup = await backed_up(filled)
    writing: asyncio.Task[None] | None = None

    async def write() -> None:
        async with twin.write() as connection:
            await connection.execute(people.insert().values(id=1, language="ar", created_at=NOW))

    async def begin_to_write(_: int) -> None:
        nonlocal writing
        writing = writing or asyncio.create_task(write())
        await asyncio.sleep(0.02)
        assert not writing.done()

    await restored(twin, backup, begin_to_write)
    assert writing is not None
    await writing
    assert len((await everything(twin))["people"]) == 8
