"""Restoring: rows and erasures in one transaction, so that nobody who was forgotten is back even for a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zipfile import ZipFile

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.people import erased_mark, forget, journal_key
from bot.core.errors import CommandRefused
from bot.core.seals import Seals
from bot.core.text import Ltr, t
from storage import people
from storage.backup import Manifest, Progress, restore_backup
from storage.engine import Database
from storage.erasures import Erasure, Journal


async def restore(
    database: Database,
    archive: ZipFile,
    manifest: Manifest,
    erasures: Sequence[Erasure],
    seals: Seals,
    *,
    progress: Progress,
) -> int:
    """Fill an empty database from an opened backup; how many were forgotten again because the journal names them.
    CommandRefused: nothing was done, and why."""
    refuse_other_key(erasures, seals)
    async with database.write() as connection:
        await restore_backup(connection, archive, manifest, progress=progress)
        return await _forget_again(connection, {each.person: each.at for each in erasures}, seals)


async def keep_erasures(journal: Journal, others: Sequence[Erasure]) -> None:
    """Add to this installation's journal what another one says: older backups may still hold those people."""
    known = set(journal.read()[0]) if journal.file.exists() else set()
    missing = [each for each in dict.fromkeys(others) if each not in known]
    if missing:
        await journal.write(missing)


def refuse_other_key(erasures: Sequence[Erasure], seals: Seals) -> None:
    """CommandRefused: some lines were written with another key, so that whom they name cannot be told."""
    key = journal_key(seals)
    others = sum(each.key != key for each in erasures)
    if others:
        raise CommandRefused(
            t(
                "Lines of the erasure journal that were written with another secret key: {count}. Whom they name cannot be"
                " told, and would be back. Set {setting} to the key of that time and restore again."
            )(count=others, setting=Ltr("NIDAA_SECRET_KEY"))
        )


async def _forget_again(connection: AsyncConnection, erased_at: Mapping[str, datetime], seals: Seals) -> int:
    """As it was done then: who holds a seat since was told at that time."""
    if not erased_at:
        return 0
    marked = [(person, erased_mark(person, seals)) async for person in people.everybody(connection)]
    found = [(person, erased_at[mark]) for person, mark in marked if mark in erased_at]
    for person, at in found:
        await forget(connection, person, channel="cli", now=at)
    return len(found)
