"""Forgery: secrets guessed, payloads and forms made up or taken from somebody else, codes used twice. None is accepted: the
database is what it was before."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import ClientSession, CookieJar

from handlers.web.visitors import COOKIE
from storage.tables import codes, conversations, inbox
from tests.conftest import Running, Serve
from tests.fakes.bot_api import TOKEN, BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson, WebPerson
from tests.faults.dump import differences, dump
from tests.journeys.forms import BRAHIM, FATIMA, answers_up_to

OLD_BUTTON = "هذا الزر يخص مرحلة سابقة."


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture
async def fatima(running: Running, bot_api: BotApi) -> TelegramPerson:
    person = TelegramPerson(bot_api, running.settled)
    await answers_up_to(person, FATIMA, "category")
    return person


@pytest.fixture
async def on_web(running: Running) -> AsyncIterator[WebPerson]:
    person = WebPerson(running.url)
    await answers_up_to(person, BRAHIM, "category")
    yield person
    await person.closes()


async def whole(running: Running) -> dict[str, list[Any]]:
    """The database but for the keys of updates, and for what a page was shown."""
    rows = await dump(running)
    del rows[inbox.name]
    return {
        name: [{**row, "opened_at": None} if "opened_at" in row else row for row in of_one] for name, of_one in rows.items()
    }


async def test_no_update_is_taken_without_the_secret(fatima: TelegramPerson, running: Running, bot_api: BotApi) -> None:
    before, body = await dump(running), fatima.message(text="2").to_json().encode()
    secret, name = bot_api.secret, "X-Telegram-Bot-Api-Secret-Token"
    guesses = (
        "",
        secret[:-1],
        secret + "x",
        secret[::-1],
        secret.swapcase(),
        f" {secret} x",
        "سر".encode().decode("latin-1"),
        TOKEN,
        "x" * 10_000,
    )
    for headers in ({}, *({name: guess} for guess in guesses), {"Authorization": secret}, {"Cookie": f"{name}={secret}"}):
        assert await posts(running, body, headers) == 403, headers
    for path in (f"?secret={secret}", f"?{name}={secret}", "/", f"/{secret}", f"/{TOKEN}"):
        assert await posts(running, body, {}, path=path) in (403, 404), path
    assert differences(await dump(running), before) == {}
    assert await posts(running, body, {name: secret}) == 200


async def posts(running: Running, body: bytes, headers: dict[str, str], path: str = "") -> int:
    url = f"{running.url}/telegram/webhook{path}"
    async with ClientSession() as client, client.post(url, data=body, headers=headers) as response:
        return response.status


def forged(payload: str) -> list[str]:
    """Like a payload of ours, and not ours."""
    bare, _, seal = payload.rpartition(":")
    verb, step, value = bare.split(":", 2)
    changed = [
        payload[:place] + ("B" if letter != "B" else "C") + payload[place + 1 :] for place, letter in enumerate(payload)
    ]
    return [
        *changed,
        *("", ":", "::", bare, f"{bare}:", f"{bare}:{'A' * 8}", f":{seal}", seal, payload * 2, payload + "A", payload[:-1]),
        *(f"{verb}:{int(step) + 1}:{value}:{seal}", f"go::menu:{seal}", f"go::erase:{seal}", "go::erase", f"{payload}\x00"),
        *(f"\x00{payload}", payload.upper(), f" {payload}", f"{bare}:{seal} ", f"{verb}:{step}:=older_persons"),
    ]


async def test_no_payload_is_accepted_that_was_not_sealed_for_its_sender(
    fatima: TelegramPerson, running: Running, bot_api: BotApi
) -> None:
    brahim = TelegramPerson(bot_api, running.settled)
    await answers_up_to(brahim, BRAHIM, "category")
    own = fatima.last[-1].buttons
    before = await whole(running)
    tries = [payload for payload in forged(own[1][1]) if payload not in {sealed for _, sealed in own}]
    for payload in [*tries, *(payload for reply in brahim.last for _, payload in reply.buttons)]:
        (refused,) = await fatima.presses_data(payload)
        assert refused.text.startswith(OLD_BUTTON), payload
        assert "السؤال 3 من 8" in refused.text
    assert differences(await whole(running), before) == {}
    (president,) = await fatima.presses_data(own[1][1])
    assert "السؤال 4 من 8" in president.text


async def test_somebody_elses_contact_and_a_made_up_owner_are_no_verified_number(running: Running, bot_api: BotApi) -> None:
    person = TelegramPerson(bot_api, running.settled)
    await answers_up_to(person, FATIMA, "phone")
    before = await whole(running)
    update = person.message(contact=None).to_dict()
    for owner in (person.id + 1, None, str(person.id), True, float(person.id) + 0.5, [person.id]):
        update["update_id"] = bot_api.new_update_id()
        update["message"]["contact"] = {"phone_number": "+212600000009", "first_name": "x", "user_id": owner}
        assert await bot_api.deliver(update) == 200
        (refused,) = await person.reads()
        assert "السؤال 5 من 8" in refused.text
    after = await whole(running)
    assert [json.dumps(row["talk"]["stack"][-1]["answers"]) for row in after["conversations"]] == [
        json.dumps(row["talk"]["stack"][-1]["answers"]) for row in before["conversations"]
    ]


async def test_a_code_works_once_for_nobody_who_guesses_and_not_when_it_is_old(
    on_web: WebPerson, running: Running, bot_api: BotApi, clock: Clock
) -> None:
    *_, told = await on_web.says("لاحقا")
    code = next(word for word in told.text.split() if word.startswith("R")).rstrip(".")
    stranger, friend = (TelegramPerson(bot_api, running.settled) for _ in range(2))
    await stranger.says("سلام")
    before = await whole(running)
    digits = code[1:].replace("-", "")
    for guess in [f"{(int(digits) + step) % 10**10:010d}" for step in (1, -1, 10, 100, 5 * 10**9)]:
        await stranger.says(f"r{guess}")
    (waits,) = await stranger.says(code)
    assert waits.text.startswith("تعذر قبول عدة رموز.")
    assert [row["used_at"] for row in (await whole(running))["codes"]] == [None]
    assert len((await whole(running))["people"]) == len(before["people"])

    await friend.says(f"/start {code.replace('-', '').lower()}")
    assert [row.used_at for row in await running.rows(sa.select(codes.c.used_at))] == [clock()]
    taken = await whole(running)
    thief = TelegramPerson(bot_api, running.settled)
    await thief.says("سلام")
    for way in (code, code.lower(), f"/start {code}", f"/start {code.replace('-', '').lower()}"):
        (refused,) = await thief.says(way)
        assert "السؤال 3 من 8" not in refused.text
    assert taken["addresses"] == [row for row in (await whole(running))["addresses"] if str(thief.id) != row["external_id"]]

    *_, told = await on_web.says("لاحقا")
    late = next(word for word in told.text.split() if word.startswith("R")).rstrip(".")
    clock.advance(days=31)
    (refused,) = await thief.says(late)
    assert "السؤال 3 من 8" not in refused.text


async def test_no_form_is_taken_that_was_not_given_to_this_browser(
    on_web: WebPerson, running: Running, clock: Clock
) -> None:
    other = WebPerson(running.url)
    await other.opens()
    assert on_web.page is not None
    assert other.page is not None
    proof, theirs = on_web.page.forms["say"]["page"], other.page.forms["start"]["page"]
    payload = on_web.page.replies[-1].buttons[0][1]
    before = await whole(running)
    proofs = [
        "",
        "page",
        ":",
        theirs,
        *(each for each in forged(f"x:1:{proof}") if each != proof),
        proof[:-1],
        proof + "x",
        proof.upper(),
    ]
    for place, forged_proof in enumerate(proofs):
        clock.advance(seconds=5)
        for what in ({"text": "2"}, {"press": payload}):
            status, _ = await on_web.posts({"page": forged_proof, "id": f"{place}", **what})
            assert status == 403, forged_proof
    for origin in ("https://example.org", "null", "http://127.0.0.1", f"{running.url}.example.org", "file://"):
        assert (await on_web.posts({"page": proof, "id": "o", "text": "2"}, Origin=origin))[0] == 403, origin
    for cookie in ("", "x" * 31, "x" * 65, "x" * 40, "ж" * 40, secrets.token_urlsafe(32)):
        async with ClientSession(cookie_jar=CookieJar(unsafe=True), headers={"Cookie": f"{COOKIE}={cookie}"}) as client:
            async with client.post(f"{running.url}/say", data={"page": proof, "id": "c", "text": "2"}) as response:
                assert response.status == 403, cookie
            async with client.get(running.url) as response:
                assert BRAHIM.association not in await response.text()
    assert differences(await whole(running), before) == {}
    await other.closes()


async def test_somebody_elses_button_and_page_stay_theirs_on_the_web(on_web: WebPerson, running: Running) -> None:
    other = WebPerson(running.url)
    await answers_up_to(other, FATIMA, "category")
    assert on_web.page is not None
    assert other.page is not None
    before = await running.rows(sa.select(conversations.c.talk).order_by(conversations.c.person_id))
    for _, payload in on_web.page.replies[-1].buttons:
        status, _ = await other.posts({**other.page.forms["say"], "id": payload[-8:], "press": payload, "text": ""})
        assert status == 303
    page = await other.opens()
    assert all(reply.text.startswith(OLD_BUTTON) for reply in page.replies[-len(on_web.page.replies[-1].buttons) :])
    assert before == await running.rows(sa.select(conversations.c.talk).order_by(conversations.c.person_id))
    shown = page.numbers[-1].removeprefix("m")
    theirs = on_web.page.numbers[0].removeprefix("m")
    for after in (theirs, "0", "-1", shown + "x"):
        _, fragment = await other.posts(
            {**other.page.forms["say"], "id": "1", "text": "؟", "after": after}, **{"X-Fragment": "1"}
        )
        assert BRAHIM.association not in fragment
    await other.closes()
