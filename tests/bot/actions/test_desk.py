"""The desk: acknowledged is durable, a repeat has no effect, one bad turn does not hold up another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.actions.desktop import Desktop, Taken
from bot.actions.parked import retry_parked
from bot.actions.turns import take_turns
from bot.core.errors import StorageUnavailable
from bot.core.messages import FromGroup
from storage.engine import Database
from storage.outbox import Sent
from storage.tables import addresses, conversations, inbox, outbox, parked, people, signups
from tests.bot.actions.updates import SEALS, OpenDesk, open_desk, update
from tests.bot.core.setting import SETUP
from tests.fakes.clock import Clock
from tests.fakes.outage import Outage


@pytest.fixture
async def desk(database: Database, clock: Clock) -> AsyncIterator[OpenDesk]:
    async with open_desk(database, clock) as opened:
        yield opened


async def count(database: Database, table: sa.Table) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


async def test_what_is_acknowledged_is_in_the_database(desk: OpenDesk, database: Database) -> None:
    await desk.dialogue("1", "سلام", "أوافق", "جمعية أمل")
    async with database.read() as connection:
        talk = await connection.scalar(sa.select(conversations.c.talk))
    assert "جمعية أمل" in str(talk)
    assert await count(database, inbox) == 3
    assert [owed.leased for owed in desk.owed] == [True] * 4


async def test_the_same_update_three_times_has_one_effect(desk: OpenDesk, database: Database) -> None:
    await desk.dialogue("1", "سلام", "أوافق")
    again = update("1", "جمعية أمل")
    results = await desk.takes(again, again, again)
    assert [taken.repeat for taken in results] == [False, True, True]
    (late,) = await desk.takes(again)
    assert late.repeat
    assert late.owed == ()
    assert await count(database, outbox) == 4


async def test_two_first_messages_at_once_make_one_person_and_one_draft(desk: OpenDesk, database: Database) -> None:
    await desk.takes(update("1", "سلام"), update("1", "/start"))
    await desk.takes(update("1", "أوافق"), update("1", "أوافق"))
    assert (await count(database, people), await count(database, addresses), await count(database, signups)) == (1, 1, 1)


async def test_two_first_messages_at_two_desks_make_one_person(database: Database, clock: Clock) -> None:
    async with open_desk(database, clock) as one, open_desk(database, clock, sender="there") as other:
        for person in map(str, range(10)):
            await asyncio.gather(one.takes(update(person, "سلام")), other.takes(update(person, "سلام")))
    assert await count(database, people) == 10
    assert await count(database, parked) == 0


async def test_answers_of_one_person_that_arrive_together_are_taken_in_order(desk: OpenDesk) -> None:
    await desk.dialogue("1", "سلام", "أوافق")
    results = await desk.takes(
        update("1", "جمعية أمل"), update("1", "مركز الأمل"), update("1", "2"), update("1", "فاطمة العلوي")
    )
    assert [
        next(line[:8] for line in taken.owed[-1].message.text.splitlines() if line.startswith("السؤال")) for taken in results
    ] == ["السؤال 2", "السؤال 3", "السؤال 4", "السؤال 5"]


async def test_two_desks_take_turns_over_one_conversation(database: Database, clock: Clock) -> None:
    async with open_desk(database, clock) as one, open_desk(database, clock, sender="there") as other:
        await one.dialogue("1", "سلام", "أوافق")
        await asyncio.gather(one.takes(update("1", "جمعية أمل")), other.takes(update("1", "مركز الأمل")))
        async with database.read() as connection:
            (row,) = await connection.execute(sa.select(conversations.c.talk, conversations.c.question))
    assert row.question == "category"
    assert await count(database, parked) == 0


async def test_a_turn_is_taken_from_where_the_one_before_of_the_same_person_left_the_conversation(
    database: Database, clock: Clock
) -> None:
    """Another process is in the middle of that one."""
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", "سلام", "أوافق")
        async with database.write() as connection:
            await take_turns(connection, [update("1", "جمعية أمل")], Desktop(SETUP, SEALS, "there"), now=clock())
            waiting = asyncio.create_task(desk.desk.take(update("1", "مركز الأمل")))
            await asyncio.sleep(0.2)
            assert not waiting.done()
        taken = await waiting
        async with database.read() as connection:
            assert await connection.scalar(sa.select(conversations.c.question)) == "category"
    assert "السؤال 3 من 8" in taken.owed[-1].message.text


async def test_sixty_four_newcomers_share_few_transactions(desk: OpenDesk, database: Database) -> None:
    results = await desk.takes(*(update(str(number), "سلام") for number in range(64)))
    assert all(len(taken.owed) == 2 for taken in results)
    assert await count(database, people) == 64


async def spoil(database: Database) -> None:
    """Make what is kept of every conversation unreadable, as a bug of ours might."""
    async with database.write() as connection:
        await connection.execute(conversations.update().values(talk='{"stack": "0600000001"}'))


async def test_a_turn_that_fails_alone_is_parked_and_the_others_are_taken(desk: OpenDesk, database: Database) -> None:
    await desk.dialogue("1", "سلام", "أوافق")
    await spoil(database)
    bad, good = update("1", "جمعية أمل"), update("2", "سلام")
    parked_one, taken = await desk.takes(bad, good)
    assert taken.owed[0].message.text.startswith("السلام عليكم ومرحبا بكم.")
    async with database.read() as connection:
        (row,) = await connection.execute(sa.select(parked))
    assert row.cause.startswith("ValidationError at storage.conversations:")
    assert "0600000001" not in row.cause
    (told,) = parked_one.owed
    assert told.message.text.startswith("حال خلل تقني من جانبنا دون إتمام هذه الخطوة.")
    assert row.reference in told.message.text

    (again,) = await desk.takes(bad)
    assert again.repeat


async def test_a_turn_that_cannot_even_be_parked_holds_no_neighbour_up(desk: OpenDesk, database: Database) -> None:
    impossible = replace(update("1", "سلام"), update_id="\ud800")  # no engine keeps half a character
    good = [update(str(number), "سلام") for number in (2, 3)]
    refused, *taken = await asyncio.gather(*(desk.desk.take(each) for each in (impossible, *good)), return_exceptions=True)
    assert isinstance(refused, StorageUnavailable)
    assert [len(each.owed) for each in taken if isinstance(each, Taken)] == [2, 2]
    assert await count(database, inbox) == 2


async def test_a_parked_turn_is_taken_again_once_the_fault_is_mended(desk: OpenDesk, database: Database) -> None:
    await desk.dialogue("1", "سلام", "أوافق")
    async with database.read() as connection:
        talk = await connection.scalar(sa.select(conversations.c.talk))
    await spoil(database)
    await desk.takes(update("1", "جمعية أمل"))
    assert await retry_parked(database, desk.desk) == (1, 1)
    async with database.write() as connection:
        await connection.execute(conversations.update().values(talk=talk))

    assert await retry_parked(database, desk.desk) == (1, 0)
    assert "السؤال 2 من 8" in desk.owed[-1].message.text


async def test_nothing_is_acknowledged_when_the_database_is_away(database: Database, clock: Clock) -> None:
    outage = Outage(str(database.url), times=2)
    async with open_desk(outage, clock) as desk:
        first = update("1", "سلام")
        for _ in range(2):
            with pytest.raises(StorageUnavailable):
                await desk.takes(first)
        assert await count(database, parked) == 0
        (taken,) = await desk.takes(first)
        assert not taken.repeat
    await outage.close()


async def test_no_reply_is_handed_out_whose_transaction_was_not_committed(database: Database, clock: Clock) -> None:
    outage = Outage(database.url.render_as_string(hide_password=False), commits=1)
    async with open_desk(outage, clock) as desk:
        first = update("1", "سلام")
        with pytest.raises(StorageUnavailable):
            await desk.takes(first)
        assert (desk.owed, await count(database, outbox)) == ([], 0)
        (taken,) = await desk.takes(first)
        assert desk.owed == list(taken.owed)
        assert await count(database, outbox) == len(desk.owed) == 2
    await outage.close()


async def test_settlements_survive_an_outage_and_are_written_later(database: Database, clock: Clock) -> None:
    outage = Outage(database.url.render_as_string(hide_password=False))
    async with open_desk(outage, clock) as desk:
        await desk.dialogue("1", "سلام")
        outage.times = 2
        await asyncio.gather(*(desk.desk.settle(Sent(owed.id)) for owed in desk.owed))
        assert outage.times == 0
        assert await count(database, outbox) == 0
    await outage.close()


async def test_a_settlement_is_durable_when_settle_returns(desk: OpenDesk, database: Database) -> None:
    await desk.dialogue("1", "سلام")
    for owed in desk.owed:
        await desk.desk.settle(Sent(owed.id))
    assert await count(database, outbox) == 0


async def test_a_reply_waits_in_the_outbox_while_an_earlier_one_is_owed_elsewhere(database: Database, clock: Clock) -> None:
    async with open_desk(database, clock, sender=None) as web_only:
        await web_only.dialogue("1", "سلام")
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", "أوافق")
        assert [owed.leased for owed in desk.owed] == [False]


async def test_a_group_is_answered_once_and_nothing_is_kept_of_it(desk: OpenDesk, database: Database) -> None:
    called = replace(update("-100", FromGroup()), update_id="group:-100")
    first, second = await desk.takes(called, called)
    assert first.owed[0].message.text.startswith("هذا المساعد يتواصل مع كل جمعية على حدة.")
    assert second.repeat
    assert await count(database, people) == 0
