"""`nidaa backup` and `nidaa restore`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import typer

from bot.actions.backups import keep_erasures, refuse_other_key, restore as restore_rows
from bot.core import calendar
from bot.core.errors import CommandRefused, JournalUnavailable
from bot.core.text import Ltr, t
from handlers.cli.tools import NOT_WRITABLE, Tools, writing
from handlers.exports.files import whole
from storage.backup import Progress, count_rows, opened_backup, write_backup
from storage.erasures import Erasure, Journal


async def backup(tools: Tools, file: Path) -> None:
    """Write one moment of the database to a file that only its owner can read; people go on talking meanwhile."""
    database = tools.database()
    try:
        async with database.snapshot() as connection:
            total = await count_rows(connection)
            with writing(file), whole(file, "wb") as out, _bar(total) as progress:
                manifest = await write_backup(
                    connection, out, release=version("nidaa"), now=datetime.now(UTC), progress=progress
                )
    finally:
        await database.close()
    tools.say(t("Written: {file} ({count})")(file=Ltr(str(file)), count=manifest.rows))


async def restore(tools: Tools, file: Path, journals: Sequence[Path]) -> None:
    """Fill an empty database and forget again whom the erasure journals name: this installation's and those given."""
    seals, own = tools.seals(), tools.journal()
    erasures = _erasures(tools, own, journals)
    refuse_other_key(erasures, seals)
    await _keep(own, erasures)
    database = tools.database()
    try:
        with _opened(file) as source, opened_backup(source) as (archive, manifest), _bar(manifest.rows) as progress:
            erased = await restore_rows(database, archive, manifest, erasures, seals, progress=progress)
    finally:
        await database.close()
    when = Ltr(f"{manifest.taken_at.astimezone(calendar.zone(tools.settings().timezone)):%Y-%m-%d %H:%M %z}")
    tools.say(t("Restored: {count} rows, as they were on {when}.")(count=manifest.rows, when=when))
    tools.say(t("Erased again, as the erasure journal says: {count}.")(count=erased))


def _erasures(tools: Tools, own: Journal, journals: Sequence[Path]) -> list[Erasure]:
    found: list[Erasure] = []
    cut = 0
    for journal in (own, *map(Journal, journals)):
        if journal is own and not own.file.exists():
            continue
        try:
            some, unreadable = journal.read()
        except OSError as error:
            raise CommandRefused(_UNREADABLE(file=Ltr(str(journal.file)))) from error
        found, cut = [*found, *some], cut + unreadable
    if cut:
        tools.warn(
            t("Lines of the erasure journal that cannot be read: {count}. A crash may leave one; its erasure was not done.")(
                count=cut
            )
        )
    if not own.file.exists() and not journals:
        none = t(
            "There is no erasure journal here ({file}): whoever was erased since this backup is back. If the journal is kept"
            " elsewhere, restore again into a new database, with {option}."
        )
        tools.warn(none(file=Ltr(str(own.file)), option=Ltr("--journal")))
    return found


async def _keep(own: Journal, erasures: Sequence[Erasure]) -> None:
    try:
        await keep_erasures(own, erasures)
    except (JournalUnavailable, OSError) as error:
        raise CommandRefused(NOT_WRITABLE(file=Ltr(str(own.file)))) from error


_UNREADABLE = t("The file {file} cannot be read. Check its name, and that you may read it.")


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    try:
        source = file.open("rb")
    except OSError as error:
        raise CommandRefused(_UNREADABLE(file=Ltr(str(file)))) from error
    with source:
        yield source


@contextmanager
def _bar(total: int) -> Iterator[Progress]:
    """How far it is, on a terminal; nothing elsewhere."""
    with typer.progressbar(length=total, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        async def told(count: int) -> None:
            bar.update(count)

        yield told
