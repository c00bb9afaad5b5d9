"""Who was erased stays erased: the journal is written before the erasure, and replayed with every restore."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.backups import keep_erasures, restore
from bot.actions.parked import retry_parked
from bot.actions.people import erased_mark, journal_key
from bot.core.errors import CommandRefused, StorageUnavailable
from bot.core.seals import Seals
from storage.backup import opened_backup, write_backup
from storage.engine import Database
from storage.erasures import Erasure, Journal
from storage.tables import addresses, parked, people
from tests.bot.actions.test_people import SIGNED, everything
from tests.bot.actions.updates import SEALS, open_desk, update
from tests.fakes.clock import Clock

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ZINEB, YOUSSEF = ("زينب التازي", "0600000004", "zineb@example.org"), ("يوسف الأمراني", "0600000002", "youssef@example.org")
PERSONAL = (ZINEB[0], "600000004", ZINEB[2])


def signed(name: str, phone: str, email: str) -> tuple[str, ...]:
    """Everything somebody says from the first word to the opt-in."""
    return (*SIGNED[:5], name, phone, email, *SIGNED[8:10], name, "نعم")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "erasures.jsonl")


async def _nothing(_: int) -> None:
    pass


async def backed_up(database: Database) -> bytes:
    out = io.BytesIO()
    async with database.snapshot() as connection:
        await write_backup(connection, out, release="0.1.0", now=NOW, progress=_nothing)
    return out.getvalue()


async def restored(database: Database, backup: bytes, erasures: Sequence[Erasure], seals: Seals = SEALS) -> int:
    with opened_backup(io.BytesIO(backup)) as (archive, manifest):
        return await restore(database, archive, manifest, erasures, seals, progress=_nothing)


async def known(database: Database) -> list[str]:
    """The channel's ids of everybody who is known."""
    async with database.read() as connection:
        return sorted((await connection.execute(sa.select(addresses.c.external_id))).scalars())


async def test_who_was_erased_after_a_backup_stays_erased_when_it_is_restored(
    database: Database, twin: Database, clock: Clock, journal: Journal
) -> None:
    async with open_desk(database, clock, journal=journal) as desk:
        await desk.dialogue("1", *signed(*ZINEB))
        await desk.dialogue("1", "لاحقا", "طلب مكالمة")
        await desk.dialogue("2", *signed(*YOUSSEF))
        async with database.read() as connection:
            person = await connection.scalar(sa.select(addresses.c.person_id).where(addresses.c.external_id == "1"))
        backup = await backed_up(database)
        await desk.dialogue("1", "/erase", "نعم")
    assert person is not None
    lines, unreadable = journal.read()
    assert (lines, unreadable) == ([Erasure(erased_mark(person, SEALS), clock(), journal_key(SEALS))], 0)
    assert not [value for value in (*PERSONAL, str(person)) if value in journal.file.read_text()]

    assert await restored(twin, backup, lines) == 1
    left = await everything(twin)
    assert not [value for value in PERSONAL if value in left]
    assert await known(twin) == ["2"]
    assert "youssef@example.org" in left
    again = await backed_up(twin)
    with opened_backup(io.BytesIO(again)) as (archive, _):
        dumped = "\n".join(archive.read(name).decode() for name in archive.namelist())
    assert "youssef@example.org" in dumped
    assert not [value for value in PERSONAL if value in dumped]


async def test_without_its_line_in_the_journal_the_person_would_be_back(
    database: Database, twin: Database, clock: Clock
) -> None:
    """The test above shows the journal's work and not some other forgetting."""
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", *signed(*ZINEB))
    assert await restored(twin, await backed_up(database), []) == 0
    left = await everything(twin)
    assert [value for value in PERSONAL if value in left] == [*PERSONAL]


async def test_somebody_who_came_back_after_the_erasure_is_not_forgotten_again(
    database: Database, twin: Database, clock: Clock, journal: Journal
) -> None:
    async with open_desk(database, clock, journal=journal) as desk:
        await desk.dialogue("1", *signed(*ZINEB))
        await desk.dialogue("1", "/erase", "نعم", "سلام")
    assert await restored(twin, await backed_up(database), journal.read()[0]) == 0
    assert await known(twin) == ["1"]


async def test_an_erasure_that_cannot_be_written_down_is_not_done_and_holds_up_nobody(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    broken = Journal(tmp_path / "data" / "erasures.jsonl")
    async with open_desk(database, clock, journal=broken) as desk:
        await desk.dialogue("1", *signed(*ZINEB))
        await desk.dialogue("1", "/erase")
        before = await everything(database)
        told, neighbour = await desk.takes(update("1", "نعم"), update("2", "سلام"))
        assert told.owed[0].message.text.startswith("حال خلل تقني من جانبنا دون إتمام هذه الخطوة.")
        assert neighbour.owed[0].message.text.startswith("السلام عليكم ومرحبا بكم.")
        after = await everything(database)
        assert [line for line in before.splitlines() if line not in after] == []
        async with database.read() as connection:
            (row,) = await connection.execute(sa.select(parked))
        assert row.cause.startswith("JournalUnavailable at storage.erasures:")

        (tmp_path / "data").unlink()
        assert await retry_parked(database, desk.desk) == (1, 0)
    assert len(broken.read()[0]) == 1
    assert await known(database) == ["2"]


class Torn(Database):
    """A database whose connection breaks just before the next commit."""

    tears = False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with super().write() as connection:
            yield connection
            if self.tears:
                self.tears = False
                raise StorageUnavailable


async def test_an_erasure_cut_off_between_journal_and_commit_leaves_everything_and_is_done_when_it_comes_again(
    database: Database, twin: Database, clock: Clock, journal: Journal
) -> None:
    torn = Torn(database.url.render_as_string(hide_password=False))
    async with open_desk(torn, clock, journal=journal) as desk:
        await desk.dialogue("1", *signed(*ZINEB))
        await desk.dialogue("1", "/erase")
        before, backup = await everything(database), await backed_up(database)
        yes = update("1", "نعم")
        torn.tears = True
        with pytest.raises(StorageUnavailable):
            await desk.takes(yes)
        assert await everything(database) == before
        (farewell,) = await desk.takes(yes)
        assert farewell.owed[0].message.text.startswith("تم حذف معطياتكم يوم")
    await torn.close()
    first, second = journal.read()[0]
    assert first == second
    assert await known(database) == []
    assert await restored(twin, backup, [first, second]) == 1


async def test_a_journal_of_another_key_is_refused_before_anything_is_restored(
    database: Database, twin: Database, clock: Clock, journal: Journal
) -> None:
    async with open_desk(database, clock, journal=journal) as desk:
        await desk.dialogue("1", *signed(*ZINEB))
        backup = await backed_up(database)
        await desk.dialogue("1", "/erase", "نعم")
    with pytest.raises(CommandRefused):
        await restored(twin, backup, journal.read()[0], Seals(b"another key altogether"))
    assert await everything(twin) == ""


async def test_lines_of_another_journal_are_kept_once(journal: Journal) -> None:
    one, other = Erasure("one", NOW, "key"), Erasure("other", NOW, "key")
    await keep_erasures(journal, [])
    assert not journal.file.exists()
    await keep_erasures(journal, [one, one])
    await keep_erasures(journal, [one, other])
    assert journal.read() == ([one, other], 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_forgetting_again_finds_its_people_among_many(database: Database, twin: Database, clock: Clock) -> None:
    many = [{"id": number, "language": "ar", "created_at": clock()} for number in range(1, 5001)]
    async with database.write() as connection:
        await connection.execute(people.insert(), many)
    gone = range(1, 5001, 1000)
    erasures = [Erasure(erased_mark(number, SEALS), NOW, journal_key(SEALS)) for number in (*gone, 9999)]
    assert await restored(twin, await backed_up(database), erasures) == len(gone)
    async with twin.read() as connection:
        left = set((await connection.execute(sa.select(people.c.id))).scalars())
    assert left == set(range(1, 5001)) - set(gone)
