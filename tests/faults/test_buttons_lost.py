"""Buttons lost: Telegram keeps a press for 150 seconds. After ten minutes down, the open question of everybody who wrote in
the thirty minutes before is asked again, once; nobody else is written to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.actions import heartbeats
from bot.actions.desktop import Desktop
from handlers.telegram.pulse import PRESSES_KEPT, Pulse
from storage.engine import Database
from storage.tables import conversations, outbox
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.outage import Outage
from tests.fakes.people import Reply, TelegramPerson, WebPerson
from tests.faults.beats import beaten, passes
from tests.journeys.forms import FATIMA, answers_up_to


class Down:
    """A service that is killed with people in the middle of a conversation, and started again after ten minutes."""

    def __init__(self, serve: Serve, api: BotApi, clock: Clock) -> None:
        self.serve = serve
        self.api = api
        self.clock = clock
        self.running: Running

    async def starts(self, **changes: str) -> None:
        self.running = await self.serve(self.api, **changes)
        await beaten(self.running, self.clock)

    def somebody(self) -> TelegramPerson:
        return TelegramPerson(self.api, self.running.settled)

    async def passes(self, **how: float) -> None:
        """Time goes by while the service is up."""
        await passes(self.running, self.clock, **how)

    async def is_down(self, **how: float) -> None:
        await self.running.service.stop()
        self.clock.advance(**how)

    async def read_by(self, *people: TelegramPerson) -> list[list[Reply]]:
        return [await person.reads() for person in people]


@pytest.fixture
async def down(serve: Serve, bot_api: BotApi, clock: Clock) -> Down:
    made = Down(serve, bot_api, clock)
    await made.starts()
    return made


def rebound(down: Down, *people: TelegramPerson) -> None:
    """They go on with the service that runs now."""
    for person in people:
        person.settled = down.running.settled


async def test_the_open_question_is_asked_again_of_those_who_wrote_before_and_of_nobody_else(
    down: Down, bot_api: BotApi
) -> None:
    long_ago, at_choices, at_name, done, gone, on_web = *(down.somebody() for _ in range(5)), WebPerson(down.running.url)
    await answers_up_to(long_ago, FATIMA, "category")
    await down.passes(minutes=10)
    await answers_up_to(at_choices, FATIMA, "category")
    await answers_up_to(gone, FATIMA, "category")
    bot_api.refuse(403, "Forbidden: bot was blocked by the user", chat=gone.id)
    await gone.says("؟")
    await down.passes(minutes=20)
    await answers_up_to(at_name, FATIMA, "president")
    await answers_up_to(done, FATIMA, "end")
    await done.says("لا")
    await answers_up_to(on_web, FATIMA, "category")
    before = await down.running.rows(sa.select(conversations).order_by(conversations.c.person_id))
    asked = at_choices.last[-1]
    await down.passes(seconds=20)
    calls = len(bot_api.sent("sendMessage"))

    await down.is_down(minutes=10)
    await down.starts()
    rebound(down, long_ago, at_choices, at_name, done, gone)
    chosen, named, *nothing = await down.read_by(at_choices, at_name, long_ago, done, gone)
    assert nothing == [[], [], []]
    assert [reply.text.splitlines()[0] for reply in (*chosen, *named)] == ["السؤال 3 من 8", "السؤال 4 من 8"]
    assert chosen[0].buttons == asked.buttons
    assert len(bot_api.sent("sendMessage")) == calls + 2
    assert before == await down.running.rows(sa.select(conversations).order_by(conversations.c.person_id))
    on_web.url = down.running.url
    assert len((await on_web.opens()).replies) == len(on_web.seen)
    await on_web.closes()

    await down.is_down(seconds=149)
    await down.starts()
    assert len(bot_api.sent("sendMessage")) == calls + 2
    rebound(down, at_choices)
    (president,) = await at_choices.presses_data(asked.buttons[1][1])
    assert "السؤال 4 من 8" in president.text


async def test_each_is_asked_once_when_two_processes_start_at_once_and_again_later(
    down: Down, serve: Serve, bot_api: BotApi, clock: Clock
) -> None:
    people = [down.somebody() for _ in range(5)]
    for person in people:
        await answers_up_to(person, FATIMA, "category")
    await down.is_down(minutes=10)
    calls = len(bot_api.sent("sendMessage"))
    down.running, other = await asyncio.gather(serve(bot_api), serve(bot_api))
    await beaten(other, clock)
    rebound(down, *people)
    assert [len(replies) for replies in await down.read_by(*people)] == [1] * 5

    for _ in range(2):
        await down.running.service.stop()
        await down.starts()
        await passes(down.running, clock, seconds=1)
    await asyncio.sleep(0.1)
    assert len(bot_api.sent("sendMessage")) == calls + 5


async def test_many_processes_that_end_a_silence_at_once_ask_once(down: Down, database: Database, clock: Clock) -> None:
    fatima, here = down.somebody(), down.running.service
    await answers_up_to(fatima, FATIMA, "category")
    await here.stop()
    clock.advance(minutes=10)
    desktop = Desktop(here.setup, here.seals, None)
    asked = await asyncio.gather(
        *(heartbeats.beat(database, desktop, "telegram", now=clock(), presses_kept=PRESSES_KEPT) for _ in range(8))
    )
    assert sorted(len(owed) for owed in asked) == [0] * 7 + [1]


async def test_whoever_wrote_meanwhile_is_answered_first_and_not_asked_again(
    down: Down, serve: Serve, bot_api: BotApi, clock: Clock
) -> None:
    wrote, pressed = down.somebody(), down.somebody()
    await answers_up_to(wrote, FATIMA, "centre")
    await answers_up_to(pressed, FATIMA, "category")
    await down.is_down(minutes=10)

    bot_api.pending = 1
    down.running = await serve(bot_api)
    rebound(down, wrote, pressed)
    await until(lambda: bot_api.sent("getWebhookInfo"))
    (answered,) = await wrote.says(FATIMA.centre)
    bot_api.pending = 0
    await beaten(down.running, clock)
    asked_again, nothing = await down.read_by(pressed, wrote)
    assert "السؤال 3 من 8" in answered.text
    assert [reply.text.splitlines()[0] for reply in asked_again] == ["السؤال 3 من 8"]
    assert nothing == []


@pytest.mark.parametrize("sent_first", [False, True])
async def test_whom_a_reply_is_still_owed_reads_that_and_is_not_asked_again(
    down: Down, serve: Serve, bot_api: BotApi, clock: Clock, sent_first: bool
) -> None:
    """Whichever comes first: that reply, or the look at who is to be asked."""
    fatima, pressed = down.somebody(), down.somebody()
    await answers_up_to(pressed, FATIMA, "category")
    await answers_up_to(fatima, FATIMA, "centre")
    away = bot_api.refuse(502, "Bad Gateway", chat=fatima.id, times=None)
    await bot_api.deliver(fatima.message(text=FATIMA.centre))
    async with asyncio.timeout(10):
        while await down.running.rows(sa.select(outbox.c.leased_until).where(outbox.c.leased_by.is_(None))) == []:
            await asyncio.sleep(0.01)
    await down.is_down(minutes=10)
    away.times = 0
    bot_api.pending = 1 if sent_first else 0  # the look waits until the platform holds nothing for us any more
    down.running = await serve(bot_api)
    rebound(down, fatima, pressed)
    if sent_first:
        (category,) = await fatima.reads()
        assert await pressed.reads() == []
        bot_api.pending = 0
        await beaten(down.running, clock)
        again, asked = await down.read_by(fatima, pressed)
    else:
        await beaten(down.running, clock)
        (category, *again), asked = await down.read_by(fatima, pressed)
    assert "السؤال 3 من 8" in category.text
    assert again == []
    assert [reply.text.splitlines()[0] for reply in asked] == ["السؤال 3 من 8"]


async def test_every_silence_within_half_an_hour_of_the_last_word_is_asked_about_once(down: Down, bot_api: BotApi) -> None:
    fatima = down.somebody()
    await answers_up_to(fatima, FATIMA, "category")
    asked = []
    for _ in range(4):
        await down.is_down(minutes=11)
        await down.starts()
        rebound(down, fatima)
        asked.append(len(await fatima.reads()))
    assert asked == [1, 1, 1, 0]


async def test_polling_takes_what_waited_before_it_asks_again(serve: Serve, bot_api: BotApi, clock: Clock) -> None:
    down = Down(serve, bot_api, clock)
    await down.starts(public_url="")
    wrote, pressed = down.somebody(), down.somebody()
    for person in (wrote, pressed):
        for text in ("سلام", "واخا"):
            bot_api.updates.append(person.message(text=text).to_dict())
            await until(lambda: bot_api.updates == [])
            await person.reads()
    await down.is_down(minutes=10)

    bot_api.updates.append(wrote.message(text=FATIMA.association).to_dict())
    await down.starts(public_url="")
    rebound(down, wrote, pressed)
    (answered,), (asked_again,) = await down.read_by(wrote, pressed)
    assert ("السؤال 2 من 8" in answered.text, "السؤال 1 من 8" in asked_again.text) == (True, True)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.02)


async def nothing_waits() -> None:
    return


def pulse(service: Running, database: Outage, clock: Clock, open_: Callable[[], Awaitable[object]] = nothing_waits) -> Pulse:
    here = service.service
    return Pulse(
        database,
        Desktop(here.setup, here.seals, None),
        here.deliveries,
        clock=clock,
        open=open_,
        drained=nothing_waits,
        every=timedelta(seconds=0.01),
    )


async def test_a_silence_is_also_a_database_that_was_away_and_a_line_that_was_cut(
    down: Down, bot_api: BotApi, clock: Clock
) -> None:
    """The process lived on; presses were lost all the same."""
    fatima, here = down.somebody(), down.running
    await answers_up_to(fatima, FATIMA, "category")
    database, line = Outage(here.service.settings.database_url), asyncio.Event()
    line.set()
    beating = asyncio.create_task(pulse(here, database, clock, line.wait).run())

    database.times = 10**6
    clock.advance(minutes=10)
    await asyncio.sleep(0.05)
    database.times = 0
    await beaten(here, clock)
    assert len(await fatima.reads()) == 1

    line.clear()
    await asyncio.sleep(0.05)
    await fatima.says("؟")
    clock.advance(minutes=10)
    await asyncio.sleep(0.05)
    line.set()
    await beaten(here, clock)
    assert len(await fatima.reads()) == 1
    beating.cancel()
    await database.close()


async def test_a_conversation_that_cannot_be_read_keeps_nobody_else_from_being_asked(down: Down, bot_api: BotApi) -> None:
    spoilt, fatima = down.somebody(), down.somebody()
    await answers_up_to(spoilt, FATIMA, "category")
    async with down.running.service.database.write() as connection:
        await connection.execute(conversations.update().values(talk="{"))
    await answers_up_to(fatima, FATIMA, "category")
    await down.is_down(minutes=10)
    await down.starts()
    rebound(down, spoilt, fatima)
    assert [len(replies) for replies in await down.read_by(spoilt, fatima)] == [0, 1]
