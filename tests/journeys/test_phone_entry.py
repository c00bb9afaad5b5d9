"""A coordinator fills a sign-up for a president on the phone; the president gets a copy, checks it and signs."""

from __future__ import annotations

import re

import sqlalchemy as sa

from storage.tables import signups
from tests.conftest import Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.people import TelegramPerson
from tests.journeys.committee import joins
from tests.journeys.forms import FATIMA, agrees


async def test_a_president_on_the_phone_is_signed_up_on_her_behalf_and_signs_herself(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    khadija, fatima = TelegramPerson(bot_api, running.settled), TelegramPerson(bot_api, running.settled)
    await joins(khadija, running, "خديجة")
    await agrees(fatima)
    await fatima.says("طلب مكالمة")
    await fatima.says("0600000001")
    await fatima.says("إلغاء")
    await fatima.says("نعم")
    await khadija.reads()

    await khadija.says("/coordination")
    (first,) = await khadija.presses("تعبئة بالهاتف")
    assert "السؤال 1 من 7" in first.text
    for answer in (FATIMA.association, FATIMA.centre, FATIMA.category, FATIMA.president, FATIMA.phone, "لا"):
        await khadija.says(answer)
    (check,) = await khadija.says(FATIMA.city)
    assert "4. رئيس(ة) الجمعية: فاطمة العلوي" in check.text
    (kept,) = await khadija.presses("كل شيء صحيح")
    code = re.search(r"P\d{5}-\d{5}", kept.text)
    assert code is not None
    (row,) = await running.rows(sa.select(signups.c.status, signups.c.source).where(signups.c.source != "self"))
    assert tuple(row) == ("prepared", "phone")

    (copy,) = await fatima.reads()
    assert "5. رقم الهاتف: 06 00 00 00 01" in copy.text
    assert code[0] in copy.text
    await fatima.says(code[0])
    (review,) = await fatima.says("أوافق")
    assert "لن يتم إرسال الطلب إلا بعد توقيعكم" in review.text
    await fatima.presses("كل شيء صحيح")
    received, _ = await fatima.says("فاطمة العلوي")
    assert "تم التوصل بطلبكم" in received.text
    (card,) = await khadija.reads()
    assert "تمت تعبئته بالهاتف، بالنيابة عن الرئيس(ة)" in card.text


async def test_a_sign_up_filled_by_phone_is_nobodys_until_its_code_is_sent(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    khadija, other = TelegramPerson(bot_api, running.settled), TelegramPerson(bot_api, running.settled)
    await joins(khadija, running, "خديجة")
    (refused,) = await other.says("/phone_entry")
    assert refused.text.startswith("هذا الفضاء مخصص لفريق التنسيق.")
    await khadija.says("/phone_entry")
    (left,) = await khadija.says("إلغاء")
    assert "لم يتغير أي شيء" in left.text
    assert await running.rows(sa.select(signups)) == []
