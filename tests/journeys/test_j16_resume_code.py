"""J16, step 7: a code moves the conversation to another device."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable

import pytest
import sqlalchemy as sa

from storage.tables import addresses, codes, people
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import Reply, TelegramPerson, WebPerson
from tests.journeys.forms import FATIMA, NAIMA, agrees, answers_up_to

Browse = Callable[[], WebPerson]


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture
async def browse(running: Running) -> AsyncIterator[Browse]:
    """Another browser each time."""
    people_there: list[WebPerson] = []

    def open_one() -> WebPerson:
        people_there.append(WebPerson(running.url))
        return people_there[-1]

    yield open_one
    for person in people_there:
        await person.closes()


def code_in(reply: Reply) -> str:
    found = re.search(r"R\d{5}-\d{5}", reply.text)
    assert found is not None, reply.text
    return found[0]


async def test_a_code_continues_on_another_device_and_works_once(browse: Browse) -> None:
    first, second, third = browse(), browse(), browse()
    await answers_up_to(first, NAIMA, "president")
    (saved,) = await first.says("لاحقا")
    assert "تم حفظ أجوبتكم (3 من 8)." in saved.text
    code = code_in(saved)

    (resumed,) = await second.says(code.lower())
    assert "عدد الأجوبة المحفوظة: 3 من أصل 8" in resumed.text
    assert "السؤال 4 من 8" in resumed.text
    (next_question,) = await second.says(NAIMA.president)
    assert "السؤال 5 من 8" in next_question.text

    (refused,) = await third.says(code)
    assert refused.text.startswith("تعذر قبول هذا الرمز")


async def test_the_code_with_the_reference_leads_to_the_request_on_telegram(
    browse: Browse, running: Running, bot_api: BotApi
) -> None:
    web, telegram = browse(), TelegramPerson(bot_api, running.settled)
    received, _ = await answers_up_to(web, FATIMA, "end")
    link = re.search(r"https://t.me/nidaa_test_bot\?start=(r\d{10})", received.text)
    assert link is not None

    (hello,) = await telegram.says(f"/start {link[1]}")
    assert "مرحبا بكم من جديد، السيد(ة) فاطمة العلوي." in hello.text
    (status,) = await telegram.says("طلبي")
    assert "الطلب 4726-3918: قيد المراجعة" in status.text
    assert await running.rows(sa.select(sa.func.count()).select_from(people)) == [(1,)]
    assert await running.rows(sa.select(sa.func.count()).select_from(addresses)) == [(2,)]


async def test_five_wrong_codes_are_slowed_down_and_time_heals(browse: Browse, clock: Clock) -> None:
    first, guesser = browse(), browse()
    await agrees(first)
    (saved,) = await first.says("لاحقا")
    for number in range(5):
        (wrong,) = await guesser.says(f"r11111-2222{number}")
        assert wrong.text.startswith("تعذر قبول هذا الرمز")
    (slowed,) = await guesser.says(code_in(saved))
    assert slowed.text.startswith("تعذر قبول عدة رموز. المرجو إعادة المحاولة بعد الساعة 10:01")

    clock.advance(seconds=61)
    (resumed,) = await guesser.says(code_in(saved))
    assert "السؤال 1 من 8" in resumed.text


async def test_a_code_does_not_work_when_it_has_expired(browse: Browse, clock: Clock) -> None:
    first, second = browse(), browse()
    await agrees(first)
    (saved,) = await first.says("لاحقا")
    clock.advance(days=31)
    (refused,) = await second.says(code_in(saved))
    assert refused.text.startswith("تعذر قبول هذا الرمز")


async def test_a_code_is_not_spent_when_the_conversation_has_a_signup_of_its_own(browse: Browse, running: Running) -> None:
    first, second = browse(), browse()
    await answers_up_to(first, NAIMA, "president")
    (saved,) = await first.says("لاحقا")
    await answers_up_to(second, FATIMA, "centre")

    (busy,) = await second.says(code_in(saved))
    assert busy.text.startswith("تتضمن هذه المحادثة تسجيلا آخر.")
    assert "السؤال 2 من 8" in busy.text
    assert await running.rows(sa.select(codes.c.used_at)) == [(None,)]


async def test_a_code_is_kept_only_as_its_digest(browse: Browse, running: Running) -> None:
    first = browse()
    await agrees(first)
    (saved,) = await first.says("لاحقا")
    (row,) = await running.rows(sa.select(codes.c.digest))
    assert code_in(saved).replace("-", "").lower() not in row.digest
