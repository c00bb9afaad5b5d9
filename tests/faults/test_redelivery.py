"""Redelivery: platforms repeat what they are not sure of, for up to a week. Every update three times, shuffled, twenty at
once, and again a week later: the database is that of one ordered delivery, and nobody reads a word more."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import pytest
import telegram
from aiohttp import ClientSession, CookieJar

from bot.actions import retention
from handlers.web.visitors import COOKIE
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi, running_bot_api
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson, WebPerson
from tests.faults.beats import beaten, passes
from tests.faults.dump import differences, dump, without_codes
from tests.journeys.forms import BRAHIM, FATIMA, NAIMA, Form

AT_ONCE = 20
Send = Callable[[telegram.Update], Awaitable[None]]


def sign_up(form: Form) -> list[str]:
    """What is said (a leading « presses the button of that name)."""
    *answers, signature = (getattr(form, each.name) for each in fields(form))
    return ["السلام عليكم", "«أوافق", *answers, "«كل شيء صحيح", signature, "«نعم، أرغب في ذلك"]


@pytest.fixture
def other_database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Where the same is lived once and in order; on SQLite also when the repeats come to PostgreSQL, which must agree."""
    shutil.copy(sqlite_template, tmp_path / "other.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'other.db'}"


STORIES = (
    sign_up(FATIMA),
    sign_up(BRAHIM),
    [*sign_up(FATIMA)[:5], "رجوع", "«الإبقاء عليه", "طلب مكالمة", "0600000003", "لاحقا", "متابعة"],
    [*sign_up(BRAHIM)[:4], "français", "Aide", "«Retour", "Association Espoir", "STOP"],
    [*sign_up(NAIMA)[:3], "إلغاء", "نعم", "/start"],
    [*sign_up(FATIMA), "توقف", "استئناف", "تعديل", "5", "0600000009", "نعم", FATIMA.signature],
    [*sign_up(FATIMA), "/erase", "نعم"],
)


@dataclass
class Platform:
    """Delivers every update once more and twice more, at any later moment, never more than twenty at once."""

    api: BotApi
    repeats: int
    chance: random.Random
    seen: list[telegram.Update] = field(default_factory=list)
    under_way: list[asyncio.Task[None]] = field(default_factory=list)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def send(self, update: telegram.Update) -> None:
        """Acknowledged once when this returns; its repeats may come with it or long after it."""
        self.seen.append(update)
        now = self.chance.randint(0, self.repeats)
        self.later(self.repeats - now)
        await asyncio.gather(*(self._deliver(update) for _ in range(1 + now)))

    def later(self, times: int) -> None:
        for update in self.chance.choices(self.seen, k=times):
            self.under_way.append(asyncio.create_task(self._deliver(update)))

    async def again(self, times: int) -> None:
        """Everything, that many times, in any order."""
        everything = self.seen * times
        self.chance.shuffle(everything)
        await asyncio.gather(*self.under_way, *(self._deliver(update) for update in everything))

    async def _deliver(self, update: telegram.Update) -> None:
        async with self.room:
            assert await self.api.deliver(update) == 200


async def live(person: TelegramPerson, story: Sequence[str], send: Send) -> None:
    for said in story:
        pressed = said.startswith("«")
        await send(person.press(person.payload(said[1:])) if pressed else person.message(text=said))
        await person.reads()


def read_by(people: Sequence[TelegramPerson], api: BotApi) -> list[list[str]]:
    return [[without_codes(str(message.text)) for message in api.accepted[person.id]] for person in people]


def crowd(api: BotApi, running: Running) -> list[TelegramPerson]:
    return [TelegramPerson(api, running.settled, id=600_001 + number) for number in range(len(STORIES))]


async def test_every_update_three_times_and_again_a_week_later_leaves_the_database_of_one_delivery(
    serve: Serve, bot_api: BotApi, clock: Clock, other_database_url: str
) -> None:
    async with running_bot_api() as other_api:
        once = await serve(other_api, database_url=other_database_url)
        people = crowd(other_api, once)
        for person, story in zip(people, STORIES, strict=True):
            await live(person, story, Platform(other_api, 0, random.Random(0)).send)
        expected, read = await dump(once), read_by(people, other_api)

    running = await serve(bot_api)
    platform = Platform(bot_api, 2, random.Random(5))
    people = crowd(bot_api, running)
    await asyncio.gather(*(live(*each, platform.send) for each in zip(people, STORIES, strict=True)))
    await platform.again(3)
    assert differences(await dump(running), expected) == {}
    assert read_by(people, bot_api) == read

    await passes(running, clock, hours=1)
    await running.service.stop()
    clock.advance(days=7)
    running = await serve(bot_api)
    await beaten(running, clock)
    assert await retention.forget_updates(running.service.database, clock()) == 0
    await platform.again(3)
    await asyncio.sleep(0.1)
    assert differences(await dump(running), expected) == {}
    assert read_by(people, bot_api) == read
    assert len(platform.seen) == sum(map(len, STORIES))


async def test_every_form_of_the_page_three_times_leaves_the_database_of_one(
    serve: Serve, clock: Clock, other_database_url: str
) -> None:
    start, dumps = clock(), []
    for times, database in ((1, {"database_url": other_database_url}), (3, {})):
        clock.now = start
        running = await serve(**database)
        dumps.append(await posted(running, clock, times=times))
    assert differences(*dumps) == {}


async def posted(running: Running, clock: Clock, *, times: int) -> dict[str, list[object]]:
    """The database after a sign-up on the page, every form of it posted that many times at once, and again at the end."""
    browser = ClientSession(cookie_jar=CookieJar(unsafe=True), cookies={COOKIE: "invented-visitor-" * 3})
    person, sent = WebPerson(running.url, client=browser), []
    page = await person.opens()
    first = {**page.forms["start"], "text": "/start"}
    for said in ["", "واخا", *sign_up(FATIMA)[2:9], "نعم", FATIMA.signature, "واخا"]:
        fields_ = {**person.page.forms["say"], "text": said} if said and person.page else first
        clock.advance(seconds=10)
        sent += [fields_] * (times - 1)
        assert {status for status, _ in await asyncio.gather(*(person.posts(fields_) for _ in range(times)))} == {303}
        await person.opens()
    for fields_ in sent:
        assert (await person.posts(fields_))[0] in (303, 429)
    await asyncio.sleep(0.1)
    await person.closes()
    return await dump(running)
