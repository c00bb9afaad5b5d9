"""What is kept about a person, and what is gone when they leave."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from bot.core.messages import Pressed
from storage.engine import Database
from storage.outbox import Gone
from storage.tables import addresses, associations, codes, consents, conversations, metadata, outbox, parked, people, signups
from tests.bot.actions.updates import OpenDesk, open_desk, update
from tests.bot.flows.chat import GOOD
from tests.fakes.clock import Clock

SIGNUP = (
    "سلام",
    "أوافق",
    *(GOOD[key] for key in ("association", "centre", "category", "president", "phone", "email", "city")),
)
SIGNED = (*SIGNUP, "نعم", GOOD["president"], "نعم")
PERSONAL = (GOOD["president"], "600000001", GOOD["email"])


@pytest.fixture
async def desk(database: Database, clock: Clock) -> AsyncIterator[OpenDesk]:
    async with open_desk(database, clock) as opened:
        yield opened


async def everything(database: Database) -> str:
    """All rows of all tables as text."""
    found = []
    async with database.read() as connection:
        for table in metadata.sorted_tables:
            found += [str(tuple(row)) for row in await connection.execute(sa.select(table))]
    return "\n".join(found)


@pytest.mark.parametrize("channel", ["telegram", "web"])
async def test_nothing_personal_is_left_when_somebody_is_erased(desk: OpenDesk, database: Database, channel: str) -> None:
    await desk.dialogue("1", *SIGNED, channel=channel)
    await desk.dialogue("1", "لاحقا", "طلب مكالمة", channel=channel)
    kept = await everything(database)
    assert all(value in kept for value in PERSONAL)

    (sure,) = await desk.takes(update("1", "معطياتي", channel=channel))
    erase = next(payload for label, payload in sure.owed[-1].message.buttons if label == "طلب الحذف")
    (asked,) = await desk.takes(update("1", Pressed(erase), channel=channel))
    assert asked.owed[-1].message.text.startswith("أنتم بصدد طلب حذف معطياتكم.")
    (farewell,) = await desk.takes(update("1", "نعم", channel=channel))
    assert farewell.owed[-1].message.text.startswith("تم حذف معطياتكم يوم")

    left = await everything(database)
    assert not [value for value in PERSONAL if value in left]
    async with database.read() as connection:
        for table in (people, addresses, consents, conversations, codes):
            assert (await connection.execute(sa.select(table))).all() == []
        assert await connection.scalar(sa.select(signups.c.status)) == "withdrawn"
        assert await connection.scalar(sa.select(associations.c.name)) == GOOD["association"]
        assert len((await connection.execute(sa.select(outbox))).all()) == 1


async def test_what_somebody_sent_that_failed_here_goes_too_when_they_are_erased(desk: OpenDesk, database: Database) -> None:
    await desk.dialogue("1", *SIGNUP)
    await desk.dialogue("2", *SIGNUP[:2])
    async with database.read() as connection:
        talks = {row.person_id: row.talk for row in await connection.execute(sa.select(conversations))}
    async with database.write() as connection:
        await connection.execute(conversations.update().values(talk="{"))
    await desk.takes(update("1", "نعم فاطمة العلوي 0600000001"), update("2", "جمعية أخرى"))
    async with database.write() as connection:
        for person, talk in talks.items():
            await connection.execute(conversations.update().where(conversations.c.person_id == person).values(talk=talk))
        assert len((await connection.execute(sa.select(parked))).all()) == 2

    await desk.dialogue("1", "/erase", "نعم")
    left = await everything(database)
    assert not [value for value in PERSONAL if value in left]
    assert "جمعية أخرى" in left


async def test_somebody_who_was_erased_begins_anew(desk: OpenDesk) -> None:
    await desk.dialogue("1", *SIGNED)
    (asked,) = await desk.takes(update("1", "/erase"))
    results = await desk.takes(update("1", "نعم"), update("1", "سلام"))
    assert asked.owed
    assert results[1].owed[0].message.text.startswith("السلام عليكم ومرحبا بكم.")


async def test_a_blocked_address_revives_with_its_next_message(desk: OpenDesk, database: Database, clock: Clock) -> None:
    await desk.dialogue("1", "سلام")
    await desk.desk.settle(Gone(desk.owed[0].id, "telegram", "1", clock()))
    async with database.read() as connection:
        assert await connection.scalar(sa.select(addresses.c.gone_at)) == clock()
        assert set((await connection.execute(sa.select(outbox.c.parked))).scalars()) == {"gone"}
    await desk.dialogue("1", "سلام")
    async with database.read() as connection:
        assert await connection.scalar(sa.select(addresses.c.gone_at)) is None


async def test_cancelling_deletes_the_draft_row(desk: OpenDesk, database: Database) -> None:
    await desk.dialogue("1", *SIGNUP[:4], "إلغاء", "نعم")
    async with database.read() as connection:
        assert (await connection.execute(sa.select(signups))).all() == []


async def test_a_change_signed_again_replaces_what_was_sent(desk: OpenDesk, database: Database) -> None:
    await desk.dialogue("1", *SIGNED)
    await desk.dialogue("1", "تعديل", "1", "جمعية أخرى للتنمية", "نعم", GOOD["president"])
    async with database.read() as connection:
        rows = (await connection.execute(sa.select(signups.c.reference, associations.c.name).join(associations))).all()
    assert [tuple(row) for row in rows] == [("4726-3918", "جمعية أخرى للتنمية")]


async def test_my_data_lists_what_is_kept(desk: OpenDesk) -> None:
    await desk.dialogue("1", *SIGNED)
    (copy,) = await desk.dialogue("1", "/mydata_copy")
    assert "المرجع: \u20664726-3918\u2069" in copy
    assert "وافقتم على استعمال معطياتكم يوم الاثنين 23 نونبر 2026." in copy
    assert "وافقتم على التوصل بالإعلانات يوم الاثنين 23 نونبر 2026." in copy


async def test_stop_and_resume_are_recorded_with_their_times(desk: OpenDesk, database: Database, clock: Clock) -> None:
    await desk.dialogue("1", *SIGNED)
    clock.advance(hours=1)
    assert (await desk.dialogue("1", "توقف"))[0].startswith("تم إيقاف الإعلانات والتذكيرات")
    assert (await desk.dialogue("1", "stop"))[0].startswith("الإعلانات متوقفة مسبقا.")
    clock.advance(hours=1)
    await desk.dialogue("1", "استئناف")
    async with database.read() as connection:
        query = sa.select(consents.c.given_at, consents.c.withdrawn_at).where(consents.c.purpose == "announcements")
        first, second = (await connection.execute(query.order_by(consents.c.id))).all()
    assert (second.given_at - first.withdrawn_at).total_seconds() == 3600
    assert second.withdrawn_at is None
