"""The files of the page: seen by their reader, by nobody else, made when looked at, gone when they are over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.core.messages import Message, Order
from bot.core.text import t
from bot.reports.chart import Bar, Bars, Chart, picture
from bot.reports.members import members_table
from storage import committee, outbox as queries
from storage.tables import outbox, people
from tests.bot.core.setting import SETUP
from tests.conftest import Running, Serve
from tests.fakes.clock import Clock
from tests.fakes.people import Taken, WebPerson
from tests.journeys.forms import agrees

ARABIC = SETUP.speech("ar", "web")
CHART = Chart(
    t("Figures of {date}, {time}")(date="اليوم", time="10:00"),
    t("Applications"),
    (),
    (Bars(t("By region"), [Bar("فاس", 2)]),),
)
PICTURE = picture(CHART, ARABIC, name="مؤشرات.png")


@pytest.fixture
async def running(serve: Serve) -> Running:
    return await serve()


@pytest.fixture
async def fatima(running: Running) -> AsyncIterator[WebPerson]:
    somebody = WebPerson(running.url)
    await agrees(somebody)
    yield somebody
    await somebody.closes()


async def owes(running: Running, order: Order, *, text: str = "السطر الأول\nالثاني") -> str:
    """A message with this file on the page of whoever has written; its address."""
    ((recipient,),) = await running.rows(sa.select(outbox.c.recipient).distinct())
    owed = queries.owed("web", recipient, Message(text, file=order), leased=False)
    async with running.service.database.write() as connection:
        await queries.owe(connection, [owed], now=running.service._clock(), sender=None, lease=timedelta(seconds=1))
    return f"/file/{owed.id}"


async def fetched(person: WebPerson, running: Running, path: str) -> tuple[int, str]:
    assert person.client is not None
    async with person.client.get(running.url + path) as response:
        return response.status, await response.text(errors="replace")


async def test_a_picture_is_shown_with_its_message(fatima: WebPerson, running: Running) -> None:
    path = await owes(running, PICTURE)
    page = await fatima.opens()
    assert (page.replies[-1].text, page.replies[-1].file) == ("السطر الأول\nالثاني", path)
    assert f'<img src="{path}"' in page.html
    assert 'alt="السطر الأول"' in page.html
    taken = await fatima.takes(page.replies[-1])
    assert (taken.name, taken.shown) == ("مؤشرات.png", True)
    assert taken.content.startswith(b"\x89PNG")


async def test_a_table_is_a_download_that_nothing_keeps_and_nothing_runs(
    fatima: WebPerson, running: Running, clock: Clock
) -> None:
    (person,) = await running.rows(sa.select(people.c.id))
    async with running.service.database.write() as connection:
        facts = {"name": "خديجة", "role": "coordinator", "category": None}
        await committee.add_coordinator(connection, person=person.id, now=clock(), **facts)
    await owes(running, members_table(None, ARABIC, now=clock()))
    page = await fatima.opens()
    assert "تحميل الملف: <bdi" in page.html
    taken = await fatima.takes(page.replies[-1])
    assert taken == Taken("nidaa-2026-11-23.csv", taken.content, shown=False)
    assert taken.content.decode("utf-8-sig").startswith("الجمعية المسيرة;")
    assert fatima.client is not None
    async with fatima.client.get(running.url + page.replies[-1].file) as response:
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_what_is_not_a_picture_is_never_shown_in_place(fatima: WebPerson, running: Running) -> None:
    await owes(running, replace(PICTURE, media_type="text/html", name='x";\r\nSet-Cookie: a=b.html'))
    page = await fatima.opens()
    assert fatima.client is not None
    async with fatima.client.get(running.url + page.replies[-1].file) as response:
        assert response.headers["Content-Disposition"].startswith('attachment; filename="x____Set-Cookie__a_b.html"')
        assert "Set-Cookie" not in response.headers


async def test_somebody_elses_file_is_not_here(fatima: WebPerson, running: Running) -> None:
    path = await owes(running, PICTURE)
    stranger, other = WebPerson(running.url), WebPerson(running.url)
    await agrees(other)
    await stranger.opens()
    for person in (stranger, other):
        status, body = await fetched(person, running, path)
        assert status == 404
        assert "المرجو طلبه من جديد في المحادثة" in body
        await person.closes()
    assert (await fetched(fatima, running, "/file/12"))[0] == 404
    assert (await fetched(fatima, running, f"/file/{10**40}"))[0] == 404
    assert (await fetched(fatima, running, "/file/x"))[0] == 404
    assert (await fetched(fatima, running, path))[0] == 200


async def test_a_message_without_a_file_has_none(fatima: WebPerson, running: Running) -> None:
    page = await fatima.opens()
    assert page.replies[-1].file == ""
    assert (await fetched(fatima, running, f"/file/{page.numbers[-1].removeprefix('m')}"))[0] == 404


async def test_a_table_that_is_over_is_gone_and_its_page_stays(fatima: WebPerson, running: Running, clock: Clock) -> None:
    path = await owes(running, members_table(None, ARABIC, now=clock()))
    clock.advance(hours=24)
    page = await fatima.opens()
    assert page.replies[-1].file == ""
    assert page.replies[-1].text == "السطر الأول\nالثاني"
    assert (await fetched(fatima, running, path))[0] == 404


async def test_a_file_that_cannot_be_made_says_so(fatima: WebPerson, running: Running) -> None:
    path = await owes(running, replace(PICTURE, parameters={}))
    status, body = await fetched(fatima, running, path)
    assert status == 503
    assert "تعذر إعداد الملف." in body


async def test_a_flood_of_requests_for_files_is_refused(fatima: WebPerson, running: Running) -> None:
    path = await owes(running, PICTURE)
    statuses = [(await fetched(fatima, running, path))[0] for _ in range(61)]
    assert statuses == [200] * 60 + [429]
