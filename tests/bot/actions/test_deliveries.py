"""Deliveries: in order to each recipient, nothing lost by a refusal, nothing early, one bad chat does not hold up another."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.actions.deliveries import Deliveries
from bot.actions.desk import Desk
from bot.actions.desktop import LEASE, Desktop
from bot.actions.workshop import Job, Workshop
from bot.core.errors import (
    ChannelBusy,
    ChannelMisconfigured,
    ChannelUnreachable,
    DeliveryFailed,
    FileNotMade,
    MessageRefused,
    RecipientGone,
    StorageUnavailable,
)
from bot.core.messages import Message, Order
from storage import inbox, outbox as queries
from storage.engine import Database
from storage.outbox import Later, Owed
from storage.tables import addresses, outbox
from tests.bot.actions.updates import SEALS, update
from tests.bot.core.setting import SETUP
from tests.fakes.clock import Clock


class Wire:
    """A channel that keeps what it took; `fails` holds what happens next to a recipient's messages (None: nothing). A text of
    more than `caption` letters does not go with a file."""

    name = "telegram"
    pushes = True
    caption = 40

    def __init__(self) -> None:
        self.took: defaultdict[str, list[str]] = defaultdict(list)
        self.files: defaultdict[str, list[bytes]] = defaultdict(list)
        self.fails: defaultdict[str, list[DeliveryFailed | None]] = defaultdict(list)
        self.tries = 0

    async def send(self, recipient: str, message: Message, content: bytes | None = None) -> Message | None:
        self.tries += 1
        await asyncio.sleep(0)
        failure = self.fails[recipient].pop(0) if self.fails[recipient] else None
        if failure is not None:
            raise failure
        self.took[recipient].append(message.text)
        if content is not None and len(message.text) > self.caption:
            return replace(message, text="")
        self.files[recipient] += [content] if content is not None else []
        return None


class Makers:
    """Makes «letters» for whoever ordered; `fails` holds what happens next, `made` counts."""

    def __init__(self) -> None:
        self.fails: list[Exception] = []
        self.made = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def letter(self, job: Job) -> bytes:
        await self.gate.wait()
        self.made += 1
        if self.fails:
            raise self.fails.pop(0)
        return f"to {job.reader.id}: {job.order.parameters['words']}".encode()


def letter(words: str, **how: Any) -> Order:
    return Order("letter", "letter.txt", "text/plain", "ar", {"words": words}, **how)


class Office:
    """A desk and its deliveries at work over a wire."""

    def __init__(self, database: Database, wire: Wire, clock: Clock, sender: str) -> None:
        self.database = database
        self.wire = wire
        self.clock = clock
        self.makers = Makers()
        self.deliveries = Deliveries(
            database,
            {"telegram": wire},
            sender=sender,
            clock=clock,
            workshop=Workshop(database, SETUP, {"letter": self.makers.letter}, clock=clock),
            idle=timedelta(seconds=0.02),
        )
        self.desk = Desk(database, Desktop(SETUP, SEALS, sender), clock=clock, outlet=self.deliveries.hand_over)
        self.deliveries.desk = self.desk

    async def hears(self, person: str, *texts: str) -> None:
        for text in texts:
            await self.desk.take(update(person, text))

    async def owes(self, *messages: Message, recipient: str = "1") -> None:
        """As if somebody else had written them: the loop finds them."""
        rows = [queries.owed("telegram", recipient, message, leased=False) for message in messages]
        async with self.database.write() as connection:
            await queries.owe(connection, rows, now=self.clock(), sender=None, lease=LEASE)

    async def parked(self) -> list[str]:
        async with self.database.read() as connection:
            return list((await connection.execute(sa.select(outbox.c.parked).order_by(outbox.c.id))).scalars())

    async def owed(self) -> int:
        async with self.database.read() as connection:
            return int(await connection.scalar(sa.select(sa.func.count()).where(outbox.c.parked.is_(None))) or 0)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():
                await asyncio.sleep(0.01)

    async def postponed(self) -> None:
        """Until what failed is written down as due later."""
        later = sa.select(sa.func.count()).where(outbox.c.leased_by.is_(None), outbox.c.leased_until.is_not(None))
        async with asyncio.timeout(10):
            while True:
                async with self.database.read() as connection:
                    if await connection.scalar(later):
                        return
                await asyncio.sleep(0.01)

    async def empty(self) -> None:
        async with asyncio.timeout(10):
            while await self.owed():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def office(database: Database, wire: Wire, clock: Clock, sender: str = "here") -> AsyncIterator[Office]:
    opened = Office(database, wire, clock, sender)
    work = [asyncio.create_task(opened.desk.run()), asyncio.create_task(opened.deliveries.run())]
    try:
        yield opened
    finally:
        for task in reversed(work):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def test_replies_leave_at_once_and_nothing_stays_owed(database: Database, wire: Wire, clock: Clock) -> None:
    async with office(database, wire, clock) as here:
        await here.hears("1", "سلام", "أوافق")
        await here.empty()
    assert len(wire.took["1"]) == 3
    assert wire.tries == 3


class SlowWire(Wire):
    """Answers only while `open`; `owed` holds how many messages were not recorded as sent whenever one arrived."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.open = asyncio.Event()
        self.owed: list[int] = []

    async def send(self, recipient: str, message: Message, content: bytes | None = None) -> Message | None:
        async with self.database.read() as connection:
            self.owed.append(await connection.scalar(sa.select(sa.func.count()).select_from(outbox)) or 0)
        await self.open.wait()
        return await super().send(recipient, message, content)


async def test_a_message_leaves_only_when_the_one_before_is_recorded_though_it_was_owed_meanwhile(
    database: Database, clock: Clock
) -> None:
    wire, next_words = SlowWire(database), update("1", "جمعية الأمل")
    async with office(database, wire, clock) as here:
        wire.open.set()
        await here.hears("1", "سلام")
        await here.empty()
        wire.open.clear()
        await here.hears("1", "أوافق")
        await here.until(lambda: len(wire.owed) == 3)
        async with database.write() as connection:  # whoever writes the same update holds the next turn up
            await inbox.record_updates(connection, [("telegram", next_words.update_id)], now=clock())
            turn = asyncio.create_task(here.desk.take(next_words))
            await asyncio.sleep(0.1)
            wire.open.set()
            await here.until(lambda: len(wire.took["1"]) == 3)
            await connection.rollback()
        await turn
        await here.empty()
    assert len(wire.took["1"]) == 4
    assert wire.owed[-1] == 1  # two would come again after a crash now


async def test_a_busy_chat_waits_as_long_as_the_channel_said_and_keeps_its_order(
    database: Database, wire: Wire, clock: Clock
) -> None:
    wire.fails["1"] = [ChannelBusy(timedelta(seconds=30))]
    async with office(database, wire, clock) as here:
        await here.hears("1", "سلام", "أوافق")
        await here.hears("2", "سلام")
        await here.until(lambda: len(wire.took["2"]) == 2)
        await here.postponed()
        clock.advance(seconds=29)
        await asyncio.sleep(0.1)
        assert wire.took["1"] == []

        clock.advance(seconds=2)
        await here.empty()
    assert [text[:5] for text in wire.took["1"]] == ["السلا", "قبل ا", "تم تس"]


async def test_an_unreachable_channel_is_tried_again_with_patience(database: Database, wire: Wire, clock: Clock) -> None:
    wire.fails["1"] = [ChannelUnreachable("TimeoutError")] * 3
    async with office(database, wire, clock) as here:
        await here.hears("1", "سلام")
        for tries, seconds in enumerate((1, 2, 4), 1):
            await here.postponed()
            assert wire.tries == tries
            clock.advance(seconds=seconds - 0.1)
            await asyncio.sleep(0.06)
            assert wire.tries == tries
            clock.advance(seconds=0.2)
            await here.until(lambda tries=tries: wire.tries > tries)  # type: ignore[misc]  # bound now
        await here.empty()
    assert len(wire.took["1"]) == 2


async def test_a_person_who_left_is_not_written_to_again(database: Database, wire: Wire, clock: Clock) -> None:
    wire.fails["1"] = [RecipientGone("403")]
    async with office(database, wire, clock) as here:
        await here.hears("1", "سلام")
        await here.empty()
        async with database.read() as connection:
            assert await connection.scalar(sa.select(addresses.c.gone_at)) is not None
    assert wire.tries == 1


async def test_a_refused_message_is_parked_and_the_next_one_goes(database: Database, wire: Wire, clock: Clock) -> None:
    wire.fails["1"] = [MessageRefused("400")]
    async with office(database, wire, clock) as here:
        await here.hears("1", "سلام")
        await here.empty()
        async with database.read() as connection:
            assert (await connection.execute(sa.select(outbox.c.parked))).scalars().all() == ["400"]
    assert [text[:5] for text in wire.took["1"]] == ["قبل ا"]


async def test_a_misconfigured_channel_is_reported_and_nothing_is_lost(database: Database, wire: Wire, clock: Clock) -> None:
    wire.fails["1"] = [ChannelMisconfigured("401")]
    async with office(database, wire, clock) as here:
        await here.hears("1", "سلام")
        await here.postponed()
        assert here.deliveries.troubles == {"telegram": "401"}
        clock.advance(minutes=2)
        await here.empty()
        assert here.deliveries.troubles == {}
    assert len(wire.took["1"]) == 2


async def test_a_bug_in_a_channel_parks_its_message_only(database: Database, wire: Wire, clock: Clock) -> None:
    wire.fails["1"] = [KeyError("unheard of")]  # type: ignore[list-item]  # what should not happen
    async with office(database, wire, clock) as here:
        await here.hears("1", "سلام")
        await here.hears("2", "سلام")
        await here.empty()
    assert len(wire.took["2"]) == 2
    assert len(wire.took["1"]) == 1


async def test_what_a_crash_left_is_sent_by_the_next_process_when_the_lease_ends(
    database: Database, wire: Wire, clock: Clock
) -> None:
    desk = Desk(database, Desktop(SETUP, SEALS, "dead"), clock=clock, outlet=lambda _: None)
    working = asyncio.create_task(desk.run())
    await desk.take(update("1", "سلام"))
    working.cancel()

    async with office(database, wire, clock) as here:
        await asyncio.sleep(0.1)
        assert wire.tries == 0
        clock.advance(seconds=LEASE.total_seconds() + 1)
        await here.empty()
    assert [text[:5] for text in wire.took["1"]] == ["السلا", "قبل ا"]


async def test_two_senders_send_each_message_once_and_in_order(database: Database, wire: Wire, clock: Clock) -> None:
    desk = Desk(database, Desktop(SETUP, SEALS, None), clock=clock, outlet=lambda _: None)
    working = asyncio.create_task(desk.run())
    for person in map(str, range(20)):
        await desk.take(update(person, "سلام"))
        await desk.take(update(person, "أوافق"))
    async with office(database, wire, clock, "one") as one, office(database, wire, clock, "other"):
        await one.empty()
    working.cancel()
    assert {tuple(text[:5] for text in texts) for texts in wire.took.values()} == {("السلا", "قبل ا", "تم تس")}
    assert len(wire.took) == 20


NOT_MADE = "تعذر إعداد الملف. المرجو إعادة المحاولة بعد بضع دقائق."


async def test_a_file_is_made_when_its_message_leaves(database: Database, wire: Wire, clock: Clock) -> None:
    async with office(database, wire, clock) as here:
        await here.owes(Message("رسالة", file=letter("السلام")), Message("بعدها"))
        await here.empty()
    assert wire.took["1"] == ["رسالة", "بعدها"]
    assert wire.files["1"] == ["to 1: السلام".encode()]
    assert here.makers.made == 1


async def test_a_text_too_long_to_go_with_its_file_is_not_said_twice_when_the_file_must_wait(
    database: Database, wire: Wire, clock: Clock
) -> None:
    long = "كلمات " * 20
    wire.fails["1"] = [None, ChannelBusy(timedelta(seconds=30))]
    async with office(database, wire, clock) as here:
        await here.owes(Message(long, file=letter("السلام")))
        await here.postponed()
        assert (wire.took["1"], wire.files["1"]) == ([long], [])
        clock.advance(seconds=31)
        await here.empty()
    assert (wire.took["1"], wire.files["1"]) == ([long, ""], ["to 1: السلام".encode()])


@pytest.mark.parametrize(
    ("failure", "cause"),
    [(FileNotMade("painter failed"), "painter failed"), (KeyError("unheard of"), "KeyError")],
    ids=["foreseen", "a bug"],
)
async def test_a_file_that_cannot_be_made_takes_nothing_but_itself_from_the_person(
    database: Database, wire: Wire, clock: Clock, failure: Exception, cause: str
) -> None:
    async with office(database, wire, clock) as here:
        here.makers.fails = [failure]
        await here.owes(Message("رسالة", file=letter("السلام")), Message("بعدها"))
        await here.empty()
        assert await here.parked() == [cause]
    assert wire.took["1"] == [f"رسالة\n\n{NOT_MADE}", "بعدها"]
    assert wire.files["1"] == []


async def test_a_file_that_the_channel_refuses_takes_nothing_but_itself_from_the_person(
    database: Database, wire: Wire, clock: Clock
) -> None:
    wire.fails["1"] = [MessageRefused("413")]
    async with office(database, wire, clock) as here:
        await here.owes(Message("رسالة", file=letter("السلام")))
        await here.empty()
        assert await here.parked() == ["413"]
    assert wire.took["1"] == [f"رسالة\n\n{NOT_MADE}"]


async def test_a_file_waits_for_a_database_that_is_away(database: Database, wire: Wire, clock: Clock) -> None:
    async with office(database, wire, clock) as here:
        here.makers.fails = [StorageUnavailable()]
        await here.owes(Message("رسالة", file=letter("السلام")))
        await here.postponed()
        assert wire.took["1"] == []
        clock.advance(seconds=2)
        await here.empty()
    assert wire.files["1"] == ["to 1: السلام".encode()]


async def test_a_file_that_takes_long_stays_in_the_hands_of_its_sender(database: Database, wire: Wire, clock: Clock) -> None:
    async with office(database, wire, clock, "one") as one, office(database, wire, clock, "other") as other:
        one.makers.gate.clear()
        other.makers.gate.clear()
        await one.owes(Message("رسالة", file=letter("السلام")))
        await asyncio.sleep(0.1)
        clock.advance(seconds=2 * LEASE.total_seconds())
        await asyncio.sleep(0.1)
        one.makers.gate.set()
        other.makers.gate.set()
        await one.empty()
    assert one.makers.made + other.makers.made == 1
    assert wire.took["1"] == ["رسالة"]


async def test_a_message_with_a_file_that_another_has_taken_over_is_left_to_it(
    database: Database, wire: Wire, clock: Clock
) -> None:
    async with office(database, wire, clock) as here:
        taken = Owed(7, "telegram", "1", Message("رسالة", file=letter("السلام")), leased=True)
        async with database.write() as connection:
            await queries.owe(connection, [taken], now=clock(), sender="another", lease=LEASE)
        here.deliveries.hand_over([taken])
        await asyncio.sleep(0.1)
        assert await here.owed() == 1
    assert (wire.tries, here.makers.made) == (0, 0)


async def test_at_most_one_message_a_recipient_is_leased(database: Database, clock: Clock) -> None:
    messages = [
        Owed(number, "telegram", recipient, Message(f"{number}"), leased=False)
        for number, recipient in enumerate(("1", "1", "2", "1", "3"), 1)
    ]
    async with database.write() as connection:
        await queries.owe(connection, messages, now=clock(), sender=None, lease=LEASE)
    async with database.write() as connection:
        leased = await queries.lease_due_messages(
            connection, channel="telegram", now=clock(), lease=LEASE, sender="a", limit=10
        )
        assert [each.id for each in leased] == [1, 3, 5]
        again = await queries.lease_due_messages(
            connection, channel="telegram", now=clock(), lease=LEASE, sender="b", limit=10
        )
        assert again == []


async def test_a_message_due_later_holds_nothing_back(database: Database, clock: Clock) -> None:
    async with database.write() as connection:
        early = [Owed(1, "telegram", "1", Message("later"), leased=False)]
        await queries.owe(connection, early, now=clock() + timedelta(hours=1), sender=None, lease=LEASE)
        await queries.owe(
            connection, [Owed(2, "telegram", "1", Message("now"), leased=False)], now=clock(), sender=None, lease=LEASE
        )
        leased = await queries.lease_due_messages(
            connection, channel="telegram", now=clock(), lease=LEASE, sender="a", limit=10
        )
    assert [each.message.text for each in leased] == ["now"]


async def test_a_late_failure_counts_no_more_when_another_sender_has_the_message(database: Database, clock: Clock) -> None:
    async def leased(sender: str) -> list[Owed]:
        async with database.write() as connection:
            return await queries.lease_due_messages(
                connection, channel="telegram", now=clock(), lease=LEASE, sender=sender, limit=10
            )

    async with database.write() as connection:
        owed = [Owed(1, "telegram", "1", Message("…"), leased=False)]
        await queries.owe(connection, owed, now=clock(), sender=None, lease=LEASE)
    (first,) = await leased("frozen")
    clock.advance(seconds=LEASE.total_seconds() + 1)
    (second,) = await leased("awake")
    async with database.write() as connection:
        await queries.settle(connection, [Later(first.id, first.attempts, None)])
    assert await leased("third") == []

    async with database.write() as connection:
        await queries.settle(connection, [Later(second.id, second.attempts, None)])
    assert [each.id for each in await leased("third")] == [1]


async def test_a_message_tried_for_months_can_still_be_tried(database: Database, clock: Clock) -> None:
    async with database.write() as connection:
        owed = [Owed(1, "telegram", "1", Message("…"), leased=False)]
        await queries.owe(connection, owed, now=clock(), sender=None, lease=LEASE)
        await connection.execute(outbox.update().values(attempts=2**15 - 1))
    for _ in range(2):
        clock.advance(minutes=2)
        async with database.write() as connection:
            leased = await queries.lease_due_messages(
                connection, channel="telegram", now=clock(), lease=LEASE, sender=f"{clock()}"[:24], limit=10
            )
        assert [each.id for each in leased] == [1]
