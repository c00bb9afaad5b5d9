"""The committee's figures: a picture with its numbers as text, the table as a file, and a tap to those who stopped."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables import audit_entries
from tests.conftest import Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson
from tests.journeys.committee import code_for, joins
from tests.journeys.forms import BRAHIM, FATIMA, answers_up_to


async def test_a_coordinator_sees_who_joined_and_takes_the_table_away(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    khadija, fatima = TelegramPerson(bot_api, running.settled), TelegramPerson(bot_api, running.settled)
    await joins(khadija, running, "خديجة")
    await answers_up_to(fatima, FATIMA, "")

    await khadija.reads()
    (report,) = await khadija.says("/report")
    assert "عدد الطلبات المتوصل بها: 1" in report.text
    assert len(bot_api.sent("sendPhoto")) == 1
    (table,) = await khadija.presses("لائحة الطلبات")
    assert "تتضمن معطيات شخصية" in table.text
    document = bot_api.uploads[khadija.id, bot_api.accepted[khadija.id][-1].message_id]
    assert "جمعية أمل للتنمية والتضامن" in document.content.decode("utf-8-sig")
    actions = [row.action for row in await running.rows(sa.select(audit_entries.c.action).order_by(audit_entries.c.id))]
    assert actions == ["invite", "join", "export_members"]


async def test_whoever_stopped_on_the_way_is_reminded_with_one_tap_once_a_day(
    serve: Serve, bot_api: BotApi, clock: Clock
) -> None:
    running = await serve(bot_api)
    khadija, brahim = TelegramPerson(bot_api, running.settled), TelegramPerson(bot_api, running.settled)
    await answers_up_to(brahim, BRAHIM, "president")
    clock.advance(days=2)
    await khadija.says(f"/start {await code_for(running, 'خديجة', 'coordinator', now=clock())}")

    await khadija.says("/report")
    (stuck,) = await khadija.presses("تسجيلات متوقفة")
    assert "1. جمعية دار الطالب النور: رئيس(ة) الجمعية، يومين" in stuck.text
    (sent,) = await khadija.presses("جمعية دار الطالب…")
    assert "سيصل التذكير الآن" in sent.text
    (reminder,) = await brahim.reads()
    assert "تم حفظ تسجيل الجمعية «جمعية دار الطالب النور» لكنه لم يكتمل بعد. عدد الأسئلة المتبقية: 5" in reminder.text
    (question,) = await brahim.presses("متابعة التسجيل")
    assert "السؤال 4 من 8" in question.text

    clock.advance(days=2)
    await khadija.presses("تسجيلات متوقفة")
    nudge = khadija.payload("جمعية دار الطالب…")
    await khadija.presses_data(nudge)
    (again,) = await khadija.presses_data(nudge)
    assert "تم تذكير صاحب(ة) هذا التسجيل منذ أقل من يوم." in again.text
