"""J05: voice, sticker, photo where text is due."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from storage.tables import help_requests, metadata
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.people import TelegramPerson
from tests.journeys.forms import FATIMA, answers_up_to


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture
def fatima(running: Running, bot_api: BotApi) -> TelegramPerson:
    return TelegramPerson(bot_api, running.settled)


async def test_a_voice_note_is_answered_by_its_sentence_and_a_call_is_offered(fatima: TelegramPerson) -> None:
    await answers_up_to(fatima, FATIMA, "centre")
    (reply,) = await fatima.attaches("voice")
    assert reply.text.startswith("توصلنا برسالة صوتية، لكن هذا المساعد يقرأ النصوص فقط.")
    assert "السؤال 2 من 8" in reply.text
    assert reply.labels[0] == "طلب مكالمة"


async def test_the_third_failed_attempt_offers_a_human_and_success_starts_the_count_anew(fatima: TelegramPerson) -> None:
    await answers_up_to(fatima, FATIMA, "centre")
    (first,) = await fatima.attaches("sticker")
    assert first.text.startswith("توصلنا بملصق، بينما المطلوب هنا جواب مكتوب.")
    (second,) = await fatima.attaches("photo")
    assert second.text.startswith("توصلنا بصورة، لكن هذا السؤال يتطلب جوابا مكتوبا. لم يتم الاحتفاظ بالصورة.")
    (third,) = await fatima.attaches("photo")
    assert third.text.startswith("يبدو أن المتابعة صعبة.")
    assert third.labels[0] == "طلب مكالمة"

    (category,) = await fatima.says(FATIMA.centre)
    assert "السؤال 3 من 8" in category.text
    (refused,) = await fatima.says("؟؟؟ غير مفهوم")
    assert refused.text.startswith("الجواب «؟؟؟ غير مفهوم» لا يطابق أي فئة من اللائحة.")


async def test_a_map_pin_gets_the_hint_of_its_question(fatima: TelegramPerson) -> None:
    await answers_up_to(fatima, FATIMA, "category")
    (at_category,) = await fatima.attaches("location")
    hint = "المرجو الضغط على أحد الاختيارات، أو كتابة رقمه."
    assert at_category.text.startswith(f"توصلنا بموقع جغرافي، ولا حاجة إليه هنا. {hint}")
    assert "السؤال 3 من 8" in at_category.text

    await fatima.says("2")
    await fatima.says(FATIMA.president)
    await fatima.says(FATIMA.phone)
    await fatima.says(FATIMA.email)
    (at_city,) = await fatima.attaches("location")
    assert at_city.text.startswith("توصلنا بموقع جغرافي. المرجو كتابة اسم المدينة أو الجماعة بدلا منه.")


async def test_a_call_asks_for_a_number_when_none_is_known_and_keeps_the_draft(
    fatima: TelegramPerson, running: Running
) -> None:
    await answers_up_to(fatima, FATIMA, "centre")
    await fatima.attaches("voice")
    (ask,) = await fatima.presses("طلب مكالمة")
    assert ask.text.startswith("ما هو الرقم الذي سيتصل به الفريق؟")
    *_, back = await fatima.says("٠٦٠٠٠٠٠٠٠١")
    assert "السؤال 2 من 8" in back.text

    rows = await running.rows(sa.select(help_requests.c.phone, help_requests.c.stuck_at))
    assert [tuple(row) for row in rows] == [("+212600000001", "centre")]


async def test_nothing_of_an_attachment_is_kept(fatima: TelegramPerson, running: Running, bot_api: BotApi) -> None:
    await answers_up_to(fatima, FATIMA, "centre")
    for kind in ("voice", "sticker", "photo", "file", "location", "dice"):
        await fatima.attaches(kind)
    assert bot_api.sent("getFile") == []
    kept = [str(tuple(row)) for table in metadata.sorted_tables for row in await running.rows(sa.select(table))]
    assert any(FATIMA.association in row for row in kept)
    assert [row for row in kept if re.search(r"\bunique\b|-9\.77|31\.51", row)] == []


async def test_a_file_gets_its_own_sentence(fatima: TelegramPerson) -> None:
    await answers_up_to(fatima, FATIMA, "centre")
    (reply,) = await fatima.attaches("file")
    assert reply.text.startswith("توصلنا بملف، لكن لا حاجة هنا إلى أي وثيقة. لم يتم الاحتفاظ به.")
    assert "السؤال 2 من 8" in reply.text
