"""A file ordered is a file in its reader's hands, on every channel, also when the process that owed it is gone."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.core.messages import Message, Order
from bot.core.text import Speech
from bot.reports.chart import picture
from bot.reports.figures import report_chart
from bot.reports.members import members_table
from storage import committee, outbox as queries
from storage.tables import outbox, people
from tests.bot.actions.applications import Written, write
from tests.bot.core.setting import SETUP
from tests.bot.reports.test_figures import SENT, counted
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import Reply, TelegramPerson, WebPerson

ARABIC: Speech = SETUP.speech("ar", "telegram")


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture
async def web(running: Running) -> AsyncIterator[WebPerson]:
    somebody = WebPerson(running.url)
    yield somebody
    await somebody.closes()


async def owes(running: Running, clock: Clock, channel: str, recipient: str, *orders: Order) -> None:
    """As another process would have written them: leased by nobody."""
    rows = [queries.owed(channel, recipient, Message(each.name, file=each), leased=False) for each in orders]
    async with running.service.database.write() as connection:
        await queries.owe(connection, rows, now=clock(), sender=None, lease=timedelta(seconds=1))


async def lets_in(running: Running, clock: Clock) -> None:
    """Everybody who has written becomes a coordinator of the older persons, and two associations have applied."""
    persons = [person for (person,) in await running.rows(sa.select(people.c.id))]
    async with running.service.database.write() as connection:
        for person in persons:
            facts = {"name": "خديجة", "role": "coordinator", "category": "older_persons"}
            await committee.add_coordinator(connection, person=person, now=clock(), **facts)
        in_scope, other = Written([("older_persons", None)], name="جمعية المسنين"), Written([("other", None)])
        await write(connection, in_scope, other, at=clock())


def orders(clock: Clock) -> tuple[Order, Order]:
    return (
        picture(report_chart(counted(SENT)), ARABIC, name="nidaa-2026-11-23.png"),
        members_table(frozenset({"older_persons"}), ARABIC, now=clock()),
    )


async def holds(person: TelegramPerson | WebPerson, replies: list[Reply]) -> None:
    """The last two replies hold the picture and the table of the one association in scope."""
    shown, table = [await person.takes(reply) for reply in replies[-2:]]
    assert (shown.name, shown.shown, shown.content[:4]) == ("nidaa-2026-11-23.png", True, b"\x89PNG")
    assert (table.name, table.shown) == ("nidaa-2026-11-23.csv", False)
    _, *rows = csv.reader(io.StringIO(table.content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert [row[:3] for row in rows] == [["جمعية المسنين", "مركز 1", "الأشخاص المسنون"]]


async def test_files_arrive_on_telegram_and_on_the_page(
    running: Running, bot_api: BotApi, web: WebPerson, clock: Clock
) -> None:
    telegram = TelegramPerson(bot_api, running.settled)
    await telegram.says("السلام عليكم")
    await web.says("/start")
    await lets_in(running, clock)
    ((recipient,),) = await running.rows(sa.select(outbox.c.recipient).where(outbox.c.channel == "web").distinct())
    await owes(running, clock, "telegram", str(telegram.id), *orders(clock))
    await owes(running, clock, "web", recipient, *orders(clock))
    await holds(telegram, await telegram.reads())
    page = await web.opens()
    await holds(web, page.replies)


async def test_a_file_owed_by_a_process_that_is_gone_arrives_from_the_next(
    serve: Serve, running: Running, bot_api: BotApi, clock: Clock
) -> None:
    telegram = TelegramPerson(bot_api, running.settled)
    await telegram.says("السلام عليكم")
    await lets_in(running, clock)
    bot_api.refuse(502, "Bad Gateway", method="sendPhoto")
    await owes(running, clock, "telegram", str(telegram.id), *orders(clock))
    async with asyncio.timeout(20):
        while not bot_api.sent("sendPhoto"):
            await asyncio.sleep(0.01)
    await running.service.stop()
    clock.advance(minutes=10)
    again = await serve(bot_api)
    telegram.settled = again.settled
    await holds(telegram, await telegram.reads())
    assert len(bot_api.sent("sendPhoto")) == 2
