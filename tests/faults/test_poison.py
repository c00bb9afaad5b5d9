"""Poison: whatever a platform's request holds, it is answered 200, and the same chat's next message is answered at once."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
import telegram
from yarl import URL

from storage.tables import addresses, outbox, parked, people
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson, WebPerson
from tests.journeys.forms import agrees

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
REMOVED = object()
INSTEAD: tuple[Any, ...] = (
    *(REMOVED, None, True, -1, 1.5, 2**63, 10**300),
    *("", "\x00", "\ud800", "x" * 5000, [1], {"id": {"id": 1}}),
)
"""What stands in a field's place: nothing, null, and every other kind of value."""


def full_message(number: int, sender: int) -> dict[str, Any]:
    user = telegram.User(sender, "Invented", False, "Name", "invented", "ar", is_premium=True)
    chat = telegram.Chat(sender, "private", first_name="Invented", last_name="Name", username="invented")
    earlier = telegram.Message(1, AT, chat, from_user=user, text="…")
    message = telegram.Message(
        2,
        AT,
        chat,
        from_user=user,
        text="/start",
        entities=(telegram.MessageEntity("bot_command", 0, 6),),
        reply_to_message=earlier,
        contact=telegram.Contact("+212600000001", "Invented", user_id=sender),
        link_preview_options=telegram.LinkPreviewOptions(is_disabled=True),
    )
    return json.loads(telegram.Update(number, message=message).to_json())  # type: ignore[no-any-return]


def full_press(number: int, sender: int) -> dict[str, Any]:
    whole = full_message(number, sender)
    message = telegram.Message.de_json({**whole["message"], "reply_to_message": None}, None)
    press = telegram.CallbackQuery(
        "1", message.from_user, "chat", message=message, data="go::menu:AAAAAAAA", inline_message_id="1", game_short_name="g"
    )
    return json.loads(telegram.Update(number, callback_query=press).to_json())  # type: ignore[no-any-return]


def without_text(number: int, sender: int) -> dict[str, Any]:
    whole = full_message(number, sender)
    del whole["message"]["text"], whole["message"]["entities"]
    return whole


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from paths(each, (*path, name))


def spoilt(update: dict[str, Any], path: tuple[Any, ...], instead: Any) -> dict[str, Any]:
    update = copy.deepcopy(update)
    holder: Any = update
    for name in path[:-1]:
        holder = holder[name]
    if instead is REMOVED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = instead
    return update


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


async def answered_after(api: BotApi, person: TelegramPerson) -> float:
    """Seconds until the person's next message is answered, and with it all before."""
    started = time.perf_counter()
    assert await api.deliver(person.message(text="/privacy")) == 200
    async with asyncio.timeout(20):
        while not any("09.08" in str(message.text) for message in api.accepted[person.id]):
            await asyncio.sleep(0.005)
    return time.perf_counter() - started


@pytest.mark.parametrize("make", [full_message, without_text, full_press])
async def test_any_field_may_be_removed_nulled_or_of_another_kind(make: Any, running: Running, bot_api: BotApi) -> None:
    waits: list[float] = []
    wrong: list[tuple[Any, ...]] = []
    busy = asyncio.Semaphore(8)

    async def spoil_in_every_way(path: tuple[Any, ...]) -> None:
        person = TelegramPerson(bot_api, running.settled)
        async with busy:
            for instead in INSTEAD:
                body = json.dumps(spoilt(make(bot_api.new_update_id(), person.id), path, instead)).encode()
                status = await bot_api.deliver_raw(body)
                wrong.extend([(path, instead, status)] if status != 200 else [])
            waits.append(await answered_after(bot_api, person))

    await asyncio.gather(*(spoil_in_every_way(path) for path in paths(make(1, 1))))
    assert wrong == []
    causes = await running.rows(sa.select(parked.c.cause).distinct())
    assert causes == [("unreadable",)]
    assert await running.rows(sa.select(outbox.c.parked).where(outbox.c.parked.is_not(None))) == []
    known = [row.external_id for row in await running.rows(sa.select(addresses.c.external_id))]
    assert [each for each in known if not each.isdecimal() or int(each) >= 2**52] == []
    assert statistics.quantiles(waits, n=10)[-1] < 1
    assert max(waits) < 5


def huge(sender: int, length: int) -> bytes:
    update = full_message(1, sender)
    update["message"]["text"] = "06 00 00 00 01 " * (length // 15)
    return json.dumps(update).encode()


UNREADABLE = {
    "empty": b"",
    "a space": b" ",
    "not json": b"not json",
    "cut off": b'{"update_id": 1, "message": {"text": "',
    "null": b"null",
    "a list": b"[]",
    "no number": b"{}",
    "not unicode": b'{"update_id": 1, "message": "\xff\xfe"}',
    "half a character": b'{"update_id": 1, "message": {"text": "\\ud83d"}}',
    "a number too long": b'{"update_id": ' + b"9" * 5000 + b"}",
    "10,000 deep": b"[" * 10_000,
    "10,000 deep and closed": b'{"update_id": 1, "message": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    "100,000 deep": b'{"update_id": 1, "message": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "3 MB of one string": b'"' + b"x" * 3_000_000 + b'"',
    "3 MB of zeros": b"\x00" * 3_000_000,
    "5 MB": b'{"update_id": 1, "x": "' + b"x" * 5_000_000 + b'"}',
}
OF_NO_USE = {
    "twice the same name": b'{"update_id": 1, "update_id": 2, "message": 1, "message": {}}',
    "half a million fields": b'{"update_id": 1' + b',"x":1' * 500_000 + b"}",
    "deep unicode": json.dumps({"update_id": 1, "\U0001f9ff\u0301" * 500: "\u202e\u2066" * 500}).encode(),
    **{kind: json.dumps({"update_id": 1, kind: {"id": 1}}).encode() for kind in ("edited_message", "poll", "unheard_of")},
}
BODIES = {**UNREADABLE, **OF_NO_USE}


async def test_any_body_is_answered_200_and_the_chat_goes_on(running: Running, bot_api: BotApi) -> None:
    fatima = TelegramPerson(bot_api, running.settled)
    statuses, waits = {}, {}
    for name, body in BODIES.items():
        statuses[name] = [await bot_api.deliver_raw(body) for _ in range(3)]
        bot_api.accepted[fatima.id].clear()
        waits[name] = await answered_after(bot_api, fatima)
    assert statuses == {name: [200, 200, 200] for name in BODIES}
    assert max(waits.values()) < 5
    assert statistics.median(waits.values()) < 1
    kept = await running.rows(sa.select(parked.c.cause))
    assert kept == [("unreadable",)] * len(UNREADABLE)


async def test_a_message_of_three_megabytes_is_answered_and_holds_nobody_up(running: Running, bot_api: BotApi) -> None:
    fatima, brahim = (TelegramPerson(bot_api, running.settled) for _ in range(2))
    for text in ("سلام", "أوافق", "جمعية أمل", "مركز أمل", "2", "فاطمة العلوي"):
        await fatima.says(text)
    started = time.perf_counter()
    _, waited = await asyncio.gather(bot_api.deliver_raw(huge(fatima.id, 3_000_000)), answered_after(bot_api, brahim))
    assert len(await fatima.reads()) == 1
    assert time.perf_counter() - started < 5
    assert waited < 3
    assert await answered_after(bot_api, fatima) < 3


FORMS = {
    "empty": b"",
    "no form": b"\x00\xff\xfe",
    "json": b'{"text": 1}',
    "a hundred fields": b"&".join(b"a%d=1" % number for number in range(100)),
    "a thousand signs": b"&" * 1000 + b"=" * 1000,
    "broken escapes": b"text=%&id=%zz&page=%e2%28",
    "half a character": b"text=%ed%a0%bd",
    "nothing but NUL": b"text=%00&id=%00&language=%00&after=%00",
    "the same twice": b"text=1&text=2&press=1&press=2",
    "numbers": b"after=99999999999999999999999&after=-1",
    "long ids": b"id=" + b"x" * 60_000,
    "too large": b"text=" + b"x" * 70_000,
}
PATHS = (
    *("/", "/ar", "/fr", "/de", "/%00", "/%ff", "/..%2f..%2fetc%2fpasswd", "/static/../main.py", "/static/%00", "/static"),
    *("/events?after=" + "9" * 30, "/events?after=%00", "/health?x=%ff", "/say", "/telegram/webhook", "/" + "x" * 5000),
)
HEADERS = (
    {},
    {"Cookie": "nidaa_visitor=" + "\x7f" * 40},
    {"Cookie": ";;==;"},
    {"Last-Event-ID": "x" * 500},
    {"Range": "bytes=9-1"},
)


async def test_no_request_to_the_page_is_answered_with_a_fault_of_ours(
    running: Running, bot_api: BotApi, clock: Clock
) -> None:
    person = WebPerson(running.url)
    await agrees(person)
    assert person.client is not None
    assert person.page is not None
    proof = urlencode({**person.page.forms["say"]}).encode()
    statuses: dict[tuple[str, ...], int] = {}
    for name, body in FORMS.items():
        for whole in (body, proof + b"&" + body):
            clock.advance(seconds=2)
            typed = {"Content-Type": "application/x-www-form-urlencoded"}
            async with person.client.post(
                f"{running.url}/say", data=whole, headers=typed, allow_redirects=False
            ) as response:
                statuses[name, str(whole is body)] = response.status
    for path in PATHS:
        for place, headers in enumerate(HEADERS):
            for method in ("GET", "POST", "DELETE"):
                url = URL(running.url + path, encoded=True)
                async with person.client.request(method, url, headers=headers, allow_redirects=False) as response:
                    statuses[method, path, str(place)] = response.status
    assert {key: status for key, status in statuses.items() if status >= 500} == {}
    clock.advance(seconds=2)
    assert len(await person.says("جمعية أمل")) == 1
    await person.closes()


async def test_what_was_unreadable_is_listed_by_the_command_line_without_what_it_says(
    running: Running, bot_api: BotApi, database_url: str, tmp_path: Path
) -> None:
    for number in range(3):
        assert await bot_api.deliver_raw(b'{"update_id": null, "text": "0600000009 %d' % number) == 200
    (first, *_) = rows = await running.rows(sa.select(parked).order_by(parked.c.id))
    assert len(rows) == 3
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("NIDAA_", "LC_", "LANG"))}
    settings = {"NIDAA_DATABASE_URL": database_url, "NIDAA_SECRET_KEY": "x" * 40, "NIDAA_DATA_DIR": str(tmp_path)}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "parked"],
        env={**bare, **settings, "LANG": "C.UTF-8", "PYTHONPATH": str(Path.cwd())},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == [
        f"{row.reference}  {row.parked_at:%Y-%m-%d %H:%M}  telegram  unreadable" for row in rows
    ]
    assert "0600000009" in first.body
    assert await running.rows(sa.select(people)) == []
