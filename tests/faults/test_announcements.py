"""Announcements in bad times: nobody is left out, nobody gets it twice but for what was on its way when a sender died, and that
is counted; the figures add up at every moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from bot.actions import broadcasts
from bot.actions.broadcasts import Broadcasts
from handlers.telegram.channel import TelegramChannel, make_bot
from storage.announcements import Sums
from storage.engine import Database
from storage.tables import addresses, channel_leases, deliveries
from tests.bot.actions.broadcasting import (
    EVERYBODY,
    Wire,
    add_coordinators,
    add_members,
    announce,
    control,
    freeze,
    sending,
    sent_out,
    state_of,
    sums,
    until,
)
from tests.fakes.bot_api import TOKEN, BotApi, error
from tests.fakes.clock import Clock
from tests.faults.conftest import Report
from tests.faults.databases import opened
from tests.faults.product import Product
from tests.faults.test_storms import Sky, away

CHATS = [str(chat) for chat in range(810_000, 810_200)]


async def begin(database: Database, clock: Clock, chats: list[str]) -> int:
    await add_coordinators(database, clock, khadija=None)
    await add_members(database, clock, chats)
    made = await announce(database, clock, EVERYBODY, urgent=True)
    assert await freeze(database, clock) == len(chats)
    return made


def received(api: BotApi) -> dict[str, int]:
    return {str(chat): len(messages) for chat, messages in api.accepted.items() if messages}


@asynccontextmanager
async def on_telegram(database: Database, api: BotApi, clock: Clock, **how: Any) -> AsyncIterator[Broadcasts]:
    channel = TelegramChannel(make_bot(TOKEN, api.url, patience=5))
    try:
        async with sending(database, clock, channel, **how) as sender:
            yield sender
    finally:
        await channel.close()


async def next_due(database: Database, clock: Clock) -> datetime | None:
    """When something is due next, once all that is due now was tried; None when nothing waits any more."""
    waiting = deliveries.c.state == "waiting"
    query = sa.select(sa.func.min(deliveries.c.due_at), sa.func.count(deliveries.c.leased_by)).where(waiting)
    async with asyncio.timeout(60):
        while True:
            async with database.read() as connection:
                due, held = (await connection.execute(query)).one()
            if due is None or (held == 0 and due > clock()):
                return due if due is None or isinstance(due, datetime) else None
            await asyncio.sleep(0.01)


async def weathers(database: Database, clock: Clock) -> int:
    """The clock goes from due to due until nothing waits any more; how often it moved."""
    moves = 0
    while (due := await next_due(database, clock)) is not None:
        clock.now = due
        moves += 1
    return moves


async def test_a_storm_of_refusals_reaches_everybody_once_and_nobody_early(
    database: Database, bot_api: BotApi, clock: Clock
) -> None:
    sky = Sky(clock)
    bot_api.weather = sky.storm
    made = await begin(database, clock, CHATS)
    async with on_telegram(database, bot_api, clock):
        await weathers(database, clock)
    assert sky.early == []
    assert sum(sky.refused.values()) > 40
    assert received(bot_api) == dict.fromkeys(CHATS, 1)
    assert await sums(database, made) == Sums(targeted=200, sent=200)


async def test_a_day_without_the_platform_loses_nobody(database: Database, bot_api: BotApi, clock: Clock) -> None:
    bot_api.weather = away
    made = await begin(database, clock, CHATS[:30])
    until_then = clock() + timedelta(days=1)
    async with on_telegram(database, bot_api, clock):
        while clock() < until_then:
            assert await next_due(database, clock) is not None
            clock.advance(hours=3)
        assert (await sums(database, made)).waiting == 30
        bot_api.weather = None
        await weathers(database, clock)
    assert received(bot_api) == dict.fromkeys(CHATS[:30], 1)
    found = await sums(database, made)
    assert found == Sums(targeted=30, sent=30, repeats=found.repeats)
    assert found.repeats == len(bot_api.sent("sendMessage")) - 30  # each of these was cut off on its way


async def test_those_who_blocked_us_are_marked_and_the_others_reached(
    database: Database, bot_api: BotApi, clock: Clock
) -> None:
    blocked = set(CHATS[::20])

    async def forbidden(_: web.Request, method: str, call: Mapping[str, Any]) -> web.Response | None:
        return error(403, "Forbidden: bot was blocked") if str(call.get("chat_id")) in blocked else None

    bot_api.weather = forbidden
    made = await begin(database, clock, CHATS)
    async with on_telegram(database, bot_api, clock):
        assert await sent_out(database, clock, made) == Sums(targeted=200, sent=190, failed={"gone": 10})
    assert received(bot_api) == {chat: 1 for chat in CHATS if chat not in blocked}
    async with database.read() as connection:
        gone = sa.select(addresses.c.external_id).where(addresses.c.gone_at.is_not(None))
        assert set((await connection.execute(gone)).scalars()) == blocked
    second = await announce(database, clock, EVERYBODY, urgent=True)
    await freeze(database, clock)
    assert await sums(database, second) == Sums(targeted=190, waiting=190, unreachable=10)


async def test_two_senders_at_once_send_each_message_once(database: Database, clock: Clock) -> None:
    """They take turns: one gives up the channel in the middle, the other goes on."""
    wire = Wire()
    wire.slowness = 0.002
    made = await begin(database, clock, CHATS)
    for turn in range(4):
        async with sending(database, clock, wire, sender="one"), sending(database, clock, wire, sender="other"):
            await until(lambda enough=(turn + 1) * 40: wire.total >= enough)
    async with sending(database, clock, wire, sender="one"), sending(database, clock, wire, sender="other"):
        assert await sent_out(database, clock, made) == Sums(targeted=200, sent=200)
    assert {chat: len(texts) for chat, texts in wire.took.items()} == dict.fromkeys(CHATS, 1)


async def test_a_sender_cut_off_again_and_again_repeats_only_what_was_on_its_way(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "_MOST_IN_FLIGHT", 20)
    wire = Wire()
    wire.slowness = 0.003
    made = await begin(database, clock, CHATS)
    for life in range(4):
        async with sending(database, clock, wire, sender=f"life {life}", cut_off=True):
            await until(lambda enough=(life + 1) * 30: wire.total >= enough)
        clock.advance(seconds=15)
        assert (await sums(database, made)).targeted == 200
    async with sending(database, clock, wire, sender="last"):
        found = await sent_out(database, clock, made)
    assert found == Sums(targeted=200, sent=200, repeats=found.repeats)
    counts = {chat: len(texts) for chat, texts in wire.took.items()}
    assert sorted(counts) == CHATS
    assert 0 < sum(counts.values()) - 200 <= found.repeats <= 4 * 20


async def free_what_was_held(database: Database) -> None:
    """As if the seconds of its leases had passed since the process was killed."""
    now = datetime.now(UTC)
    async with database.write() as connection:
        await connection.execute(channel_leases.update().values(until=now))
        held = sa.and_(deliveries.c.state == "waiting", deliveries.c.leased_by.is_not(None))
        await connection.execute(deliveries.update().where(held).values(due_at=now))


@pytest.mark.usefixtures("bot_api")
async def test_killed_in_mid_send_nobody_is_lost_and_what_was_on_its_way_is_counted(
    product: Product, bot_api: BotApi, database_url: str, report: Report
) -> None:
    kills = 20 if report.is_long else 2
    chats = [str(chat) for chat in range(820_000, 820_000 + 25 * (kills + 1))]

    async def slowly(_: web.Request, method: str, call: Mapping[str, Any]) -> None:
        if method == "sendMessage" and int(call["chat_id"]) >= 820_000:
            await asyncio.sleep(0.08)  # taken, but not answered yet: here it is killed

    bot_api.weather = slowly
    product.environment = {**product.environment, "NIDAA_QUIET_HOURS": "00:00-00:00"}
    database, clock = opened(database_url), Clock()
    clock.now = datetime.now(UTC)
    try:
        await add_coordinators(database, clock, khadija=None)
        await add_members(database, clock, chats)
        made = await announce(database, clock, EVERYBODY, urgent=True)
        for life in range(kills):
            await product.start()
            await until(lambda enough=(life + 1) * 20: len(received(bot_api)) >= enough, 30)
            await asyncio.sleep(random.uniform(0, 0.1))
            product.kill()
            await sums(database, made)
            await free_what_was_held(database)
        await product.start()
        await until(lambda: _is(database, made, "done"), 60)
        found = await sums(database, made)
        assert found == Sums(targeted=len(chats), sent=len(chats), repeats=found.repeats)
        counts = received(bot_api)
        assert sorted(counts) == chats
        doubled = sum(counts.values()) - len(chats)
        assert doubled <= found.repeats <= 60 * kills
        report.tell(
            f"{kills} kills in mid-send, {len(chats)} recipients: lost 0, doubled {doubled}, counted {found.repeats}"
        )
    finally:
        await database.close()


async def _is(database: Database, announcement: int, state: str) -> bool:
    return await state_of(database, announcement) == state


async def test_a_pause_outlives_a_kill(product: Product, bot_api: BotApi, database_url: str) -> None:
    chats = [str(chat) for chat in range(830_000, 830_100)]
    product.environment = {**product.environment, "NIDAA_QUIET_HOURS": "00:00-00:00"}
    database, clock = opened(database_url), Clock()
    clock.now = datetime.now(UTC)
    try:
        await add_coordinators(database, clock, khadija=None)
        await add_members(database, clock, chats)
        made = await announce(database, clock, EVERYBODY, urgent=True)
        await product.start()
        await until(lambda: len(received(bot_api)) >= 10, 30)
        await control(database, clock, made, "pause")
        await asyncio.sleep(1)
        held = received(bot_api)
        product.kill()
        await free_what_was_held(database)
        await product.start()
        await asyncio.sleep(1)
        assert received(bot_api) == held
        await control(database, clock, made, "resume")
        await until(lambda: _is(database, made, "done"), 60)
        assert replace(await sums(database, made), repeats=0) == Sums(targeted=100, sent=100)
        assert sorted(received(bot_api)) == chats
    finally:
        await database.close()
