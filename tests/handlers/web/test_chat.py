"""The page as strangers, clumsy hands and attackers meet it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from aiohttp import ClientResponse, ClientSession

from storage.tables import conversations, inbox, outbox, people
from tests.conftest import Running, Serve
from tests.fakes.clock import Clock
from tests.fakes.people import WebPerson
from tests.journeys.forms import FATIMA, agrees, answers_up_to


@pytest.fixture
async def running(serve: Serve) -> Running:
    return await serve()


@pytest.fixture
async def fatima(running: Running) -> AsyncIterator[WebPerson]:
    somebody = WebPerson(running.url)
    yield somebody
    await somebody.closes()


async def test_looking_at_the_page_stores_nothing(fatima: WebPerson, running: Running) -> None:
    page = await fatima.opens()
    assert (page.language, page.direction) == ("ar", "rtl")
    await fatima.opens("/fr")
    for table in (people, inbox, outbox):
        assert await running.rows(sa.select(table)) == []


async def test_every_page_carries_the_security_headers(running: Running) -> None:
    async with ClientSession() as client, client.get(running.url) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        html = await response.text()
    assert "<style" not in html
    assert " style=" not in html
    assert "onclick" not in html


async def test_static_files_are_kept_for_good_under_an_address_of_their_content(running: Running, fatima: WebPerson) -> None:
    page = await fatima.opens()
    address = next(part for part in page.html.split('"') if part.startswith("/static/chat.js?v="))
    async with ClientSession() as client, client.get(running.url + address) as response:
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]


async def test_what_people_write_is_text_and_never_markup(fatima: WebPerson) -> None:
    await agrees(fatima)
    await fatima.says("<script>alert(1)</script> & <b>أمل</b> {phone} %s")
    (back,) = await fatima.says("رجوع")
    assert fatima.page is not None
    assert "<script>alert" not in fatima.page.html
    assert "<script>alert(1)</script> & <b>أمل</b> {phone} %s" in back.text


async def test_a_repeated_form_has_one_effect(fatima: WebPerson, running: Running) -> None:
    await agrees(fatima)
    assert fatima.page is not None
    fields = {**fatima.page.forms["say"], "text": FATIMA.association}
    assert [(await fatima.posts(fields))[0] for _ in range(3)] == [303, 303, 303]
    (row,) = await running.rows(sa.select(conversations.c.question))
    assert row.question == "centre"


async def test_a_repeat_by_the_script_brings_what_the_page_has_not_shown(fatima: WebPerson) -> None:
    await agrees(fatima)
    assert fatima.page is not None
    shown = fatima.page.numbers[-1].removeprefix("m")
    fields = {**fatima.page.forms["say"], "text": FATIMA.association, "after": shown}
    _, first = await fatima.posts(fields, **{"X-Fragment": "1"})
    _, again = await fatima.posts(fields, **{"X-Fragment": "1"})
    assert "السؤال 2 من 8" in first
    assert "السؤال 2 من 8" in again


@pytest.mark.parametrize("proof", ["", "page:AAAAAAAA", "page"])
async def test_a_form_that_is_not_ours_is_refused_with_what_to_do(fatima: WebPerson, running: Running, proof: str) -> None:
    await agrees(fatima)
    before = await running.rows(sa.select(conversations.c.question))
    status, body = await fatima.posts({"page": proof, "id": "x", "text": "جمعية"})
    assert status == 403
    assert "المرجو فتح المحادثة من جديد" in body
    assert await running.rows(sa.select(conversations.c.question)) == before


async def test_a_flood_is_refused_and_ends_by_itself(fatima: WebPerson, running: Running, clock: Clock) -> None:
    await agrees(fatima)
    assert fatima.page is not None
    statuses = []
    for number in range(30):
        status, body = await fatima.posts({**fatima.page.forms["say"], "id": f"n{number}", "text": "؟"})
        statuses.append(status)
    assert statuses[0] == 303
    assert statuses[-1] == 429
    assert "المرجو الانتظار قليلا ثم إعادة الإرسال." in body
    other = WebPerson(running.url)
    assert await agrees(other) != []
    await other.closes()

    clock.advance(seconds=30)
    assert (await fatima.posts({**fatima.page.forms["say"], "id": "later", "text": "؟"}))[0] == 303


async def test_a_huge_message_is_refused_in_words(fatima: WebPerson) -> None:
    await agrees(fatima)
    assert fatima.page is not None
    status, body = await fatima.posts({**fatima.page.forms["say"], "text": "ج" * 100_000})
    assert status == 413
    assert "المرجو اختصارها وإعادة إرسالها." in body


@pytest.mark.parametrize("text", ["\x00", "\ud800", "a\x00b", "\u202e" * 50, "ً" * 300, "😀" * 400, "x" * 5000])
async def test_hostile_text_is_answered_like_any_other(fatima: WebPerson, text: str) -> None:
    await agrees(fatima)
    assert fatima.page is not None
    encoded = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    status, _ = await fatima.posts({**fatima.page.forms["say"], "text": encoded})
    assert status == 303
    page = await fatima.opens()
    assert page.replies


async def test_an_empty_answer_leads_back_to_the_page(fatima: WebPerson) -> None:
    await agrees(fatima)
    assert fatima.page is not None
    assert (await fatima.posts({**fatima.page.forms["say"], "text": "  "}))[0] == 303


async def test_messages_count_as_opened_when_the_page_shows_them(fatima: WebPerson, running: Running) -> None:
    await agrees(fatima)
    for _ in range(50):
        rows = await running.rows(sa.select(outbox.c.opened_at))
        if all(row.opened_at is not None for row in rows):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("shown but not opened")


async def test_the_conversation_is_there_again_after_a_restart(serve: Serve, running: Running, fatima: WebPerson) -> None:
    await answers_up_to(fatima, FATIMA, "president")
    assert fatima.page is not None
    said = fatima.page.heard
    await running.service.stop()
    again = await serve()
    fatima.url = again.url
    page = await fatima.opens()
    assert "السؤال 4 من 8" in page.replies[-1].text
    assert page.heard == said
    assert page.heard[-3:] == [FATIMA.association, FATIMA.centre, "٢"]
    await fatima.says(FATIMA.president)
    assert "السؤال 5 من 8" in fatima.page.replies[-1].text


async def test_new_messages_come_by_events_numbered_so_that_none_is_missed(fatima: WebPerson, running: Running) -> None:
    await agrees(fatima)
    assert fatima.client is not None
    assert fatima.page is not None
    shown = fatima.page.numbers[-1].removeprefix("m")
    async with fatima.client.get(f"{running.url}/events?after={shown}") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        await fatima.says(FATIMA.association)
        event = await _event(stream)
    assert "السؤال 2 من 8" in event["data"]
    headers = {"Last-Event-ID": event["id"]}
    await fatima.says(FATIMA.centre)
    async with fatima.client.get(f"{running.url}/events", headers=headers) as stream:
        missed = await _event(stream)
    assert "السؤال 3 من 8" in missed["data"]


async def _event(stream: ClientResponse) -> dict[str, str]:
    fields: dict[str, str] = {}
    while True:
        line = (await stream.content.readline()).decode().rstrip("\r\n")
        if not line and fields.get("data"):
            return fields
        name, _, value = line.partition(": ")
        if name in ("id", "data"):
            fields[name] = fields.get(name, "") + value


async def test_a_stranger_has_no_events(running: Running) -> None:
    async with ClientSession() as client, client.get(f"{running.url}/events") as response:
        assert response.status == 204


async def test_a_page_that_listens_holds_up_no_stop(fatima: WebPerson, running: Running, logged: io.StringIO) -> None:
    await agrees(fatima)
    assert fatima.client is not None
    async with fatima.client.get(f"{running.url}/events?after=0") as stream:
        await _event(stream)
        began = asyncio.get_running_loop().time()
        await running.service.stop()
        assert asyncio.get_running_loop().time() - began < 2
    assert "error" not in logged.getvalue()
