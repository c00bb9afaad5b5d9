"""The Telegram edge over real HTTP: the secret, what is never refused, refusals of the platform, the profile, polling."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from storage.tables import addresses, outbox, people
from tests.conftest import Running, Serve
from tests.fakes.bot_api import TOKEN, BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture
def fatima(running: Running, bot_api: BotApi) -> TelegramPerson:
    return TelegramPerson(bot_api, running.settled)


async def test_a_repeated_update_is_answered_once(fatima: TelegramPerson, running: Running, bot_api: BotApi) -> None:
    again = fatima.message(text="سلام")
    assert [await bot_api.deliver(again) for _ in range(3)] == [200, 200, 200]
    assert len(await fatima.reads()) == 2


async def test_updates_out_of_order_are_all_taken(fatima: TelegramPerson, running: Running, bot_api: BotApi) -> None:
    first, second, third = (fatima.message(text=text) for text in ("سلام", "أوافق", "جمعية أمل"))
    await bot_api.deliver(first)
    await bot_api.deliver(third)
    await bot_api.deliver(second)
    replies = await fatima.reads()
    assert "السؤال 1 من 8" in replies[-1].text
    (row,) = await running.rows(sa.select(sa.func.count()).select_from(people))
    assert row[0] == 1


async def test_a_group_is_answered_once(running: Running, bot_api: BotApi) -> None:
    for number in range(3):
        chat = {"id": -100_200, "type": "supergroup", "title": "g"}
        sender = {"id": 9, "is_bot": False, "first_name": "x"}
        update = {
            "update_id": 800 + number,
            "message": {"message_id": number, "date": 1, "chat": chat, "from": sender, "text": "/start"},
        }
        assert await bot_api.deliver(update) == 200
    await running.settled("-100200")
    assert len(bot_api.accepted[-100_200]) == 1


async def test_a_busy_platform_is_obeyed_and_nothing_is_lost(
    fatima: TelegramPerson, running: Running, bot_api: BotApi, clock: Clock
) -> None:
    bot_api.refuse(429, "Too Many Requests: retry after 7", parameters={"retry_after": 7})
    await bot_api.deliver(fatima.message(text="سلام"))
    await until_tried(bot_api, 1)
    clock.advance(seconds=6)
    await asyncio.sleep(0.1)
    assert len(bot_api.sent("sendMessage")) == 1
    clock.advance(seconds=2)
    hello, consent = await fatima.reads()
    assert hello.text.startswith("السلام عليكم")
    assert consent.labels[0] == "أوافق"


async def test_a_person_who_blocked_us_is_marked_and_welcome_back(
    fatima: TelegramPerson, running: Running, bot_api: BotApi
) -> None:
    bot_api.refuse(403, "Forbidden: bot was blocked by the user")
    assert await fatima.says("سلام") == []
    (row,) = await running.rows(sa.select(addresses.c.gone_at))
    assert row.gone_at is not None
    assert await fatima.says("سلام") != []
    (row,) = await running.rows(sa.select(addresses.c.gone_at))
    assert row.gone_at is None


async def test_a_message_the_platform_refuses_is_parked_with_its_code(
    fatima: TelegramPerson, running: Running, bot_api: BotApi
) -> None:
    bot_api.refuse(400, "Bad Request: chat not found")
    (consent,) = await fatima.says("سلام")
    assert consent.labels[0] == "أوافق"
    rows = await running.rows(sa.select(outbox.c.parked))
    assert [row.parked for row in rows] == ["400"]


async def test_a_platform_in_trouble_is_tried_again(
    fatima: TelegramPerson, running: Running, bot_api: BotApi, clock: Clock
) -> None:
    bot_api.refuse(502, "Bad Gateway")
    await bot_api.deliver(fatima.message(text="سلام"))
    await until_tried(bot_api, 1)
    await asyncio.sleep(0.1)
    clock.advance(seconds=2)
    assert len(await fatima.reads()) == 2


async def test_a_press_too_old_to_be_acknowledged_still_counts(fatima: TelegramPerson, bot_api: BotApi) -> None:
    await fatima.says("سلام")
    update = fatima.press(fatima.payload("أوافق"))
    assert update.callback_query is not None
    bot_api.expired_presses.add(update.callback_query.id)
    (first,) = await fatima._send(update)
    assert "السؤال 1 من 8" in first.text


async def test_the_profile_is_told_in_both_languages_and_only_what_differs(serve: Serve, bot_api: BotApi) -> None:
    await serve(bot_api)
    commands = bot_api.profile["commands", ""]
    assert [each["command"] for each in commands] == [
        *("start", "status", "edit", "meeting", "consultations", "mydata", "stop", "help")
    ]
    assert commands[0]["description"] == "البدء أو المتابعة من حيث توقفتم"
    assert bot_api.profile["commands", "fr"][7]["description"] == "Aide"
    assert bot_api.profile["name", ""] == "نداء الصويرة – مؤسسات الرعاية الاجتماعية"
    assert bot_api.profile["description", "fr"].startswith("Ce bot s’adresse")

    before = len(bot_api.sent("setMyName"))
    await serve(bot_api)
    await asyncio.sleep(0.2)
    assert len(bot_api.sent("setMyName")) == before == 2


async def test_the_profile_is_told_later_when_the_platform_is_away_and_the_page_works_meanwhile(
    serve: Serve, bot_api: BotApi
) -> None:
    away = bot_api.refuse(502, "Bad Gateway", method="getMe", times=None)
    running = await serve()
    telegram = asyncio.create_task(serve(bot_api))
    await until(lambda: len(bot_api.sent("getMe")) >= 1)
    assert running.url
    away.times = 0
    await telegram


async def test_polling_takes_updates_and_moves_on_only_after_they_are_stored(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api, public_url="")
    fatima = TelegramPerson(bot_api, running.settled)
    bot_api.updates.append(fatima.message(text="سلام").to_dict())
    bot_api.updates.append(fatima.message(text="أوافق").to_dict())
    await until(lambda: len(bot_api.accepted[fatima.id]) == 3)
    last = bot_api.updates[-1]["update_id"] if bot_api.updates else 0
    await until(lambda: bot_api.updates == [])
    offsets = [int(call.params["offset"]) for call in bot_api.sent("getUpdates")]
    assert offsets == sorted(offsets)
    assert max(offsets) >= last


async def test_the_token_is_in_no_log(serve: Serve, bot_api: BotApi, logged: io.StringIO) -> None:
    bot_api.refuse(502, "Bad Gateway", method="getMe", times=1)
    running = await serve(bot_api)
    fatima = TelegramPerson(bot_api, running.settled)
    bot_api.refuse(400, f"Bad Request: {TOKEN}")
    await fatima.says("سلام")
    out = logged.getvalue()
    assert "telegram_profile_postponed" in out
    assert TOKEN not in out
    assert "سلام" not in out


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.02)


async def until_tried(api: BotApi, times: int) -> None:
    await until(lambda: len(api.sent("sendMessage")) >= times)
    await asyncio.sleep(0.1)  # what became of it is written down
