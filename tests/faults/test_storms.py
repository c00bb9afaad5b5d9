"""Storms: a platform that refuses a third of all messages for up to three hours each, and one that is away for a day. Nothing
is lost, nothing is sent before its time or twice, the order to each person holds, and nobody waits for somebody else."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from aiohttp import web

from bot.actions.deliveries import Deliveries
from bot.actions.desk import Desk
from bot.actions.desktop import LEASE, Desktop
from bot.actions.workshop import Workshop
from bot.core.messages import Message
from handlers.telegram.channel import TelegramChannel, make_bot
from storage import outbox as queries
from storage.engine import Database
from storage.tables import outbox, people
from tests.bot.actions.updates import SEALS
from tests.bot.core.setting import SETUP
from tests.conftest import Serve
from tests.fakes.bot_api import TOKEN, BotApi, error
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson

CHATS = range(800_001, 800_031)
PATIENCE = 0.6


@dataclass
class Sky:
    """What the platform did with each message, and when: the checker outside the product."""

    clock: Clock
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    refuses: float = 0.3
    not_before: dict[int, datetime] = field(default_factory=dict)
    early: list[tuple[int, datetime]] = field(default_factory=list)
    refused: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    async def storm(self, _: web.Request, method: str, call: Mapping[str, Any]) -> web.Response | None:
        if method != "sendMessage":
            return None
        chat, now = int(call["chat_id"]), self.clock()
        if now < self.not_before.get(chat, now):
            self.early.append((chat, now))
        if self.chance.random() >= self.refuses:
            return None
        seconds = self.chance.choice((1, 3, 35, 600, self.chance.randint(1, 10_072), 10_072))
        self.not_before[chat] = now + timedelta(seconds=seconds)
        self.refused[chat] += 1
        return error(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


@asynccontextmanager
async def sending(
    database: Database, api: BotApi, clock: Clock, sender: str, patience: float = 10
) -> AsyncIterator[Deliveries]:
    """A process that does nothing but deliver."""
    channel = TelegramChannel(make_bot(TOKEN, api.url, patience=patience))
    workshop = Workshop(database, SETUP, {}, clock=clock)
    idle = timedelta(seconds=0.01)
    deliveries = Deliveries(database, {"telegram": channel}, sender=sender, clock=clock, workshop=workshop, idle=idle)
    deliveries.desk = Desk(database, Desktop(SETUP, SEALS, sender), clock=clock, outlet=deliveries.hand_over)
    work = [asyncio.create_task(each) for each in (deliveries.desk.run(), deliveries.run())]
    try:
        yield deliveries
    finally:
        await channel.close()
        for task in reversed(work):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def owe(database: Database, clock: Clock, chats: Sequence[int], texts: Sequence[str]) -> None:
    owed = [queries.owed("telegram", str(chat), Message(f"{chat} {text}"), leased=False) for text in texts for chat in chats]
    async with database.write() as connection:
        await queries.owe(connection, owed, now=clock(), sender=None, lease=LEASE)


async def next_due(database: Database, clock: Clock) -> datetime | None:
    """When something is due next, once all that is due now was tried; None when nothing is owed."""
    waits = sa.and_(outbox.c.leased_by.is_(None), outbox.c.leased_until > clock())
    behind = outbox.alias("ahead")
    head = ~sa.exists().where(behind.c.recipient == outbox.c.recipient, behind.c.id < outbox.c.id)
    async with asyncio.timeout(30):
        while True:
            async with database.read() as connection:
                query = sa.select(outbox.c.leased_until, waits).where(head)
                heads = (await connection.execute(query)).all()
            if all(waiting for _, waiting in heads):
                return min((until for until, _ in heads), default=None)
            await asyncio.sleep(0.01)


async def weathers(database: Database, api: BotApi, clock: Clock, *, sender: str, moves: int) -> bool:
    """A process that lives while the clock goes from due to due, that many times; True once nothing is owed any more."""
    async with sending(database, api, clock, sender):
        for _ in range(moves):
            due = await next_due(database, clock)
            if due is None:
                return True
            clock.now = due
        return await next_due(database, clock) is None


def arrived(api: BotApi, chat: int) -> list[str]:
    return [str(message.text) for message in api.accepted[chat]]


def wanted(chat: int, texts: Sequence[str]) -> list[str]:
    return [f"{chat} {text}" for text in texts]


async def test_a_storm_of_refusals_loses_nothing_and_sends_nothing_early(
    database: Database, bot_api: BotApi, clock: Clock
) -> None:
    sky = Sky(clock)
    bot_api.weather = sky.storm
    await owe(database, clock, CHATS, "ab")
    assert not await weathers(database, bot_api, clock, sender="first", moves=10)
    await owe(database, clock, CHATS, "cd")
    lives = count()
    while not await weathers(database, bot_api, clock, sender=f"life {next(lives)}", moves=25):
        pass  # started again: what a chat must wait for is not forgotten
    assert sky.early == []
    assert sum(sky.refused.values()) > 20
    assert {chat: arrived(bot_api, chat) for chat in CHATS} == {chat: wanted(chat, "abcd") for chat in CHATS}


async def test_others_keep_flowing_while_one_chat_must_wait(serve: Serve, bot_api: BotApi, clock: Clock) -> None:
    running = await serve(bot_api)
    limited, *others = (TelegramPerson(bot_api, running.settled) for _ in range(12))
    slow = bot_api.refuse(429, "Too Many Requests", chat=limited.id, times=None, parameters={"retry_after": 10_072})
    await bot_api.deliver(limited.message(text="سلام"))
    await bot_api.deliver(limited.message(text="واخا"))
    for said in ("سلام", "واخا", "جمعية أمل"):
        replies = await asyncio.gather(*(person.says(said) for person in others))
        assert all(replies)
    assert len([call for call in bot_api.sent("sendMessage") if call.params["chat_id"] == limited.id]) == 1
    slow.times = 0
    clock.advance(seconds=10_071)
    await asyncio.sleep(1.1)
    assert bot_api.accepted[limited.id] == []
    clock.advance(seconds=1)
    texts = [reply.text for reply in await limited.reads()]
    assert (len(texts), next(line for line in texts[-1].splitlines() if line.startswith("السؤال"))) == (3, "السؤال 1 من 8")
    assert await running.rows(sa.select(sa.func.count()).select_from(people)) == [(12,)]


async def away(request: web.Request, *_: Any) -> web.Response | None:
    """The line is cut before an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=500)


async def hung(*_: Any) -> web.Response | None:
    """No answer, ever."""
    await asyncio.sleep(PATIENCE * 4)
    return error(500, "too late")


async def half_open(request: web.Request, *_: Any) -> web.Response | None:
    """Half an answer, then nothing."""
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b'{"ok": true, "resu')
    await asyncio.sleep(PATIENCE * 4)
    return answer


async def broken(*_: Any) -> web.Response | None:
    """The page of some proxy."""
    return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")


PHASES: tuple[Callable[..., Awaitable[web.Response | None]], ...] = (away, hung, half_open, broken)


async def test_a_day_without_the_platform_loses_nothing_and_the_backlog_leaves_in_order(
    database: Database, bot_api: BotApi, clock: Clock
) -> None:
    chats, parts = CHATS[:8], [f"{part}" for part in range(16)]
    async with sending(database, bot_api, clock, "here", PATIENCE) as deliveries:
        for place, part in enumerate(parts):
            bot_api.weather = PHASES[place * len(PHASES) // len(parts)]
            await owe(database, clock, chats, [part])
            await next_due(database, clock)
            assert deliveries.troubles != {}
            clock.advance(minutes=90)
        assert sum(len(texts) for texts in bot_api.accepted.values()) == 0
        tried = len(bot_api.sent("sendMessage"))
        bot_api.weather = None
        assert await next_due(database, clock) is None
        assert deliveries.troubles == {}
    assert {chat: arrived(bot_api, chat) for chat in chats} == {chat: wanted(chat, parts) for chat in chats}
    assert len(bot_api.sent("sendMessage")) - tried == len(parts) * len(chats)
