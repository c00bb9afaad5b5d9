"""Backups: one moment of every table as a zip of JSON lines, which either engine can be restored from.

A table is a file of its own, a row a line; the manifest says what belongs together and the digest of each. Rows are
streamed both ways: a backup of a million people needs no more memory than one of ten.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.errors import CommandRefused
from bot.core.text import Ltr, t
from storage.migrations import HEAD, revision_of
from storage.tables import metadata

_FORMAT = 1
_MANIFEST = "manifest.json"
_ROWS, _BYTES = 1000, 1 << 20

Progress = Callable[[int], Awaitable[None]]
"""Told how many rows were written or read since it was told last."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a backup holds of one table; `sha256` is that of its lines."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`schema` is the revision of the tables, `release` the one that wrote them, `engine` where they were."""

    format: int
    release: str
    schema: str
    engine: str
    taken_at: datetime
    tables: Mapping[str, Kept]

    @property
    def rows(self) -> int:
        return sum(kept.rows for kept in self.tables.values())


async def count_rows(connection: AsyncConnection) -> int:
    """How many rows a backup of this moment will hold. CommandRefused: the tables are not those of this release."""
    await _refuse_other_tables(connection)
    counts = [sa.select(sa.func.count()).select_from(table) for table in metadata.sorted_tables]
    return sum((await connection.execute(sa.union_all(*counts))).scalars())


async def write_backup(
    connection: AsyncConnection, out: IO[bytes], *, release: str, now: datetime, progress: Progress
) -> Manifest:
    """Write all tables as this connection sees them: `Database.snapshot` gives one that sees a single moment."""
    tables: dict[str, Kept] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in metadata.sorted_tables:
            with archive.open(_name(table), "w", force_zip64=True) as entry:
                tables[table.name] = await _write_table(connection, table, entry, progress)
        manifest = Manifest(_FORMAT, release, HEAD, connection.dialect.name, now, tables)
        archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


async def _write_table(connection: AsyncConnection, table: sa.Table, entry: IO[bytes], progress: Progress) -> Kept:
    names = [column.name for column in table.columns]
    encoder, digest, count = msgspec.json.Encoder(), hashlib.sha256(), 0
    async with connection.stream(sa.select(table), execution_options={"yield_per": _ROWS}) as rows:
        async for some in rows.partitions():
            lines = encoder.encode_lines([dict(zip(names, row, strict=True)) for row in some])
            digest.update(lines)
            entry.write(lines)
            count += len(some)
            await progress(len(some))
    return Kept(count, digest.hexdigest())


@contextmanager
def opened_backup(file: IO[bytes]) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup and what it says it holds. CommandRefused: it is damaged, or of another release."""
    with _damage_named():
        archive = zipfile.ZipFile(file)
        manifest = msgspec.json.decode(archive.read(_MANIFEST), type=Manifest)
    with archive:
        _refuse_other_release(manifest)
        yield archive, manifest


@contextmanager
def _damage_named() -> Iterator[None]:
    """Around reading the file alone: what a zip with a wrong byte may raise is too wide for anything else."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, LookupError, RuntimeError, ValueError, struct.error) as error:
        raise CommandRefused(_DAMAGED) from error


async def restore_backup(
    connection: AsyncConnection, archive: zipfile.ZipFile, manifest: Manifest, *, progress: Progress
) -> None:
    """Fill the tables, which must be there and empty, and check every digest: what is wrong is raised before the
    transaction can commit. CommandRefused: this database or this backup cannot be used, and why."""
    await _refuse_other_tables(connection)
    await _refuse_unless_empty(connection)
    if set(manifest.tables) != set(metadata.tables):
        raise CommandRefused(_DAMAGED)
    for table in metadata.sorted_tables:
        if await _read_table(connection, table, archive, progress) != manifest.tables[table.name]:
            raise CommandRefused(_DAMAGED)
    await _wind_sequences(connection)


async def _read_table(connection: AsyncConnection, table: sa.Table, archive: zipfile.ZipFile, progress: Progress) -> Kept:
    digest, count = hashlib.sha256(), 0
    for lines, rows in _rows(table, archive):
        digest.update(lines)
        try:
            await connection.execute(table.insert(), rows)
        except sa.exc.IntegrityError as error:
            raise CommandRefused(_DAMAGED) from error
        count += len(rows)
        await progress(len(rows))
    return Kept(count, digest.hexdigest())


def _rows(table: sa.Table, archive: zipfile.ZipFile) -> Iterator[tuple[bytes, list[dict[str, Any]]]]:
    """Lines and the rows they hold, some at a time, each value of its column's type."""
    fields = [(str(column.name), column.type.python_type | None) for column in table.columns]
    decoder = msgspec.json.Decoder(msgspec.defstruct(table.name, fields, forbid_unknown_fields=True))
    rest = b""
    with _damage_named(), archive.open(_name(table)) as entry:
        while block := entry.read(_BYTES):
            whole, newline, rest = (rest + block).rpartition(b"\n")
            if newline:
                yield whole + newline, [msgspec.structs.asdict(row) for row in decoder.decode_lines(whole)]
        if rest:
            raise EOFError


async def _wind_sequences(connection: AsyncConnection) -> None:
    """Let ids that PostgreSQL makes go on after those that came with their rows; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        made = table.autoincrement_column
        if made is not None:
            next_one = sa.select(sa.func.coalesce(sa.func.max(made), 0) + 1).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, made.name)
            await connection.execute(sa.select(sa.func.setval(sequence, next_one, False)))


async def _refuse_other_tables(connection: AsyncConnection) -> None:
    if await revision_of(connection) != HEAD:
        raise CommandRefused(t("The database answers, but its tables are not ready. Run nidaa migrate."))


async def _refuse_unless_empty(connection: AsyncConnection) -> None:
    """Also keeps others from writing until the transaction ends; on SQLite a writer already does."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(connection.dialect.identifier_preparer.format_table(table) for table in metadata.sorted_tables)
        await connection.execute(sa.text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
    for table in metadata.sorted_tables:
        if await connection.scalar(sa.select(sa.select(sa.literal(1)).select_from(table).exists())):
            raise CommandRefused(
                t(
                    "This database already holds data, and a backup is restored into an empty one only. Let {setting} name a"
                    " new database, run {command}, then restore again."
                )(setting=Ltr("NIDAA_DATABASE_URL"), command=Ltr("nidaa migrate"))
            )


def _refuse_other_release(manifest: Manifest) -> None:
    if manifest.format != _FORMAT or manifest.schema != HEAD:
        raise CommandRefused(
            t(
                "This backup was written by release {release}, with other tables than those of this release. Restore it with"
                " release {release}; then run {command} with this one."
            )(release=Ltr(manifest.release), command=Ltr("nidaa migrate"))
        )


_DAMAGED = t("This file is not a whole backup: it is damaged, or was cut off. Nothing was restored. Use another copy.")


def _name(table: sa.Table) -> str:
    return f"{table.name}.jsonl"
