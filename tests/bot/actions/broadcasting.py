"""Members to write to, announcements as the committee confirms them, and senders at work over a real database."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.actions import announcements as actions
from bot.actions.broadcasts import Broadcasts
from bot.actions.desktop import Desktop
from bot.actions.job import Job
from bot.core.errors import DeliveryFailed
from bot.core.messages import Address, Channel, Message
from bot.core.pacing import Pace
from bot.flows.effects import Announce, ControlAnnouncement
from bot.rules.audience import Audience, Part
from storage import announcements, committee
from storage.announcements import Sums
from storage.conversations import Spoken
from storage.engine import Database
from storage.people import add_people
from storage.tables import deliveries, people
from tests.bot.actions.updates import SEALS
from tests.bot.core.setting import SETUP
from tests.fakes.clock import Clock

EVERYBODY = Audience((Part("all"),))
BODY = "الجمع العام يوم السبت على الساعة 10:00. رقم القاعة: 3"
KHADIJA, OMAR = 7001, 7002


class Wire:
    """A channel that keeps what it took, in order; `fails` says what happens to a message instead."""

    def __init__(self, name: str = "telegram", *, pushes: bool = True) -> None:
        self.name = name
        self.pushes = pushes
        self.took: defaultdict[str, list[str]] = defaultdict(list)
        self.fails: Callable[[str], DeliveryFailed | None] = lambda _: None
        self.slowness = 0.0
        self.open, self.answering = asyncio.Event(), asyncio.Event()
        self.open.set()
        self.answering.set()

    async def send(self, recipient: str, message: Message, content: bytes | None = None) -> Message | None:  # noqa: ARG002 -- none has a file
        await asyncio.sleep(self.slowness)
        await self.open.wait()
        if (failure := self.fails(recipient)) is not None:
            raise failure
        self.took[recipient].append(message.text)
        await self.answering.wait()
        return None

    @property
    def total(self) -> int:
        return sum(map(len, self.took.values()))


async def add_members(
    database: Database,
    clock: Clock,
    names: Sequence[str],
    *,
    channel: str = "telegram",
    language: str = "ar",
    wish: str = "yes",
) -> dict[str, int]:
    """People who said this about announcements, reached under these names; ids by name."""
    async with database.write() as connection:
        spoken = await add_people(connection, [(Address(channel, name), language) for name in names], now=clock())
        ids = [each.person for each in spoken]
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            await connection.execute(people.update().where(people.c.id.in_(some)).values(announcements=wish))
    return dict(zip(names, ids, strict=True))


async def add_coordinators(database: Database, clock: Clock, **categories: str | None) -> None:
    """khadija and omar of the committee, each with the category she or he keeps to."""
    async with database.write() as connection:
        for name, category in categories.items():
            member = {"khadija": KHADIJA, "omar": OMAR}[name]
            facts = {"id": member, "name": name, "role": "coordinator", "category": category, "joined_at": clock()}
            await connection.execute(sa.insert(committee.coordinators).values(**facts))


SPOKEN = Spoken(0, 0, "telegram", "khadija", "ar", "yes", gone=False, owes=False, talk=None)  # type: ignore[arg-type]  # not read


async def announce(database: Database, clock: Clock, audience: Audience = EVERYBODY, **how: Any) -> int:
    """What Khadija confirms, in a turn's transaction; the announcement's id."""
    facts = {"body_fr": None, "send_local": None, "urgent": False, "needs_review": False, "by": KHADIJA, "count": 0, **how}
    made = Announce(title="الجمع العام", body_ar=BODY, audience=audience, **facts)
    async with database.write() as connection:
        job = Job(connection, desktop(), clock())
        await actions.announce(job, [(SPOKEN, made)])
        await job.record()
        return int(await connection.scalar(sa.select(sa.func.max(announcements.announcements.c.id))))


async def control(database: Database, clock: Clock, announcement: int, action: Any, *, by: int = KHADIJA) -> None:
    async with database.write() as connection:
        job = Job(connection, desktop(), clock())
        await actions.control(job, [(SPOKEN, ControlAnnouncement(announcement, action, by))])
        await job.record()


def desktop(sender: str | None = None) -> Desktop:
    return Desktop(SETUP, SEALS, sender)


async def state_of(database: Database, announcement: int) -> str:
    async with database.read() as connection:
        found = await announcements.announcement(connection, announcement, category=None)
        assert found is not None
        return str(found.state)


async def sums(database: Database, announcement: int) -> Sums:
    """The figures; that they add up is asserted whenever they are looked at."""
    async with database.read() as connection:
        found = await announcements.figures(connection, announcement)
        stored = await announcements.announcement(connection, announcement, category=None)
    assert stored is not None
    assert found.targeted == stored.targeted
    assert found.targeted == found.sent + found.waiting + sum(found.failed.values()) + sum(found.skipped.values())
    return found


@asynccontextmanager
async def sending(
    database: Database,
    clock: Callable[[], datetime],
    *channels: Channel,
    sender: str = "here",
    pace: Pace | None = None,
    cap: int = 3,
    cut_off: bool = False,
) -> AsyncIterator[Broadcasts]:
    """A sender at work; `cut_off`: it ends as when its process is killed."""
    paces = {"telegram": pace} if pace else {}
    how: Mapping[str, Any] = {"sender": sender, "clock": clock, "paces": paces, "cap": cap}
    made = Broadcasts(database, {each.name: each for each in channels}, desktop(sender), idle=timedelta(seconds=0.01), **how)
    work, wires = asyncio.create_task(made.run()), list[Wire]()
    try:
        yield made
    finally:
        if cut_off:
            wires = [each for each in channels if isinstance(each, Wire)]
            for wire in wires:
                wire.answering.clear()
            await asyncio.sleep(0.1)  # a transaction that is cut off in our own process would hold its lock for good
            made._leave = _nothing  # type: ignore[method-assign,assignment]
            for line in made._lines:
                for task in line.in_flight:
                    task.cancel()
        else:
            await made.close()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        for wire in wires:
            wire.answering.set()


async def _nothing(_: object) -> None:
    return None


def walking(clock: Clock) -> Callable[[], datetime]:
    """A clock that goes on from there as real time does."""
    begun, tick = clock(), time.monotonic()
    return lambda: begun + timedelta(seconds=time.monotonic() - tick)


async def until(true: Callable[[], Any], seconds: float = 15) -> None:
    """Returns once it is so; what is asked may have to be awaited."""
    async with asyncio.timeout(seconds):
        while True:
            answer = true()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return
            await asyncio.sleep(0.01)


async def freeze(database: Database, clock: Clock) -> int:
    return await actions.freeze(database, clock())


async def sent_out(database: Database, clock: Clock, announcement: int) -> Sums:
    """Returns once nothing waits that is due."""

    async def over() -> bool:
        async with database.read() as connection:
            due = sa.select(sa.func.count()).where(
                deliveries.c.announcement_id == announcement, deliveries.c.state == "waiting", deliveries.c.due_at <= clock()
            )
            held = sa.select(sa.func.count()).where(
                deliveries.c.announcement_id == announcement,
                deliveries.c.state == "waiting",
                deliveries.c.leased_by.is_not(None),
            )
            return not await connection.scalar(due) and not await connection.scalar(held)

    await until(over)
    return await sums(database, announcement)
