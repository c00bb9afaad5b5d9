"""Decisions on tired evenings: quiet hours, changes meanwhile, who is gone, what has been decided already."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot.actions.decisions import tell_decisions
from storage.tables import addresses, associations, audit_entries, centres, decisions, outbox, signups
from tests.conftest import Running
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import Person, TelegramPerson, WebPerson
from tests.journeys.committee import joins, sends, signs_up, tells
from tests.journeys.conftest import Meet
from tests.journeys.forms import BRAHIM, FATIMA, NAIMA, Form, answers_up_to

REF = "4726-3918"


async def looks(running: Running, clock: Clock) -> int:
    """The timetable looks now."""
    return await tell_decisions(running.service.database, clock(), desktop=running.service.desktop)


async def accepts(person: TelegramPerson) -> str:
    """From the card; what is said of it."""
    await person.presses("قبول")
    return (await person.presses("قبول"))[-1].text


async def status_of(running: Running) -> str:
    (row,) = await running.rows(sa.select(signups.c.status))
    return str(row.status)


async def test_a_request_is_decided_from_the_card_to_the_next_one(khadija: Person, running: Running, meet: Meet) -> None:
    await joins(khadija, running, "خديجة")
    await signs_up(meet())
    await signs_up(meet(), FATIMA)
    await khadija.reads()
    await khadija.says("القائمة")
    (first,) = await khadija.presses("طلبات للبت فيها")
    assert first.text.startswith(f"طلب جديد {REF}\n")
    assert first.labels == ["قبول", "طلب توضيح", "عدم القبول", "الطلب الموالي", "فضاء التنسيق"]
    (sure,) = await khadija.presses("قبول")
    assert sure.labels == ["قبول", "إلغاء"]
    (undecided,) = await khadija.presses("إلغاء")
    assert (undecided.text, undecided.labels) == ("لم يتم اتخاذ أي قرار.", ["العودة إلى الطلب", "فضاء التنسيق"])
    (card,) = await khadija.presses("العودة إلى الطلب")
    assert card.text.startswith(f"طلب جديد {REF}\n")
    await khadija.presses("قبول")
    (saved,) = await khadija.presses("قبول")
    assert saved.text == (
        f"تم تسجيل القرار بخصوص الطلب {REF}: مقبول. من طرف: خديجة، الاثنين 23 نونبر 2026 10:00\n\n"
        "سيتم إخبار الرئيس(ة) بعد دقيقتين، ويمكنكم التراجع قبل ذلك."
    )
    assert saved.labels == ["الطلب الموالي", "تراجع", "فضاء التنسيق"]
    (second,) = await khadija.presses("الطلب الموالي")
    assert "جمعية أمل للتنمية والتضامن" in second.text
    await khadija.presses("عدم القبول")
    (saved,) = await khadija.says("المركز خارج اختصاص الهيئة")
    assert "لم يتم قبوله" in saved.text
    (empty,) = await khadija.presses("الطلب الموالي")
    assert (empty.text, empty.labels) == ("لا يوجد أي طلب في الانتظار.", ["فضاء التنسيق"])


async def test_she_goes_back_from_the_remark_to_the_answer_it_is_about(
    khadija: Person, running: Running, meet: Meet
) -> None:
    await joins(khadija, running, "خديجة")
    await signs_up(meet())
    await khadija.reads()
    await khadija.presses("طلب توضيح")
    await khadija.presses("المركز")
    (again,) = await khadija.presses("رجوع")
    assert "جوابكم السابق: المركز" in again.text
    await khadija.presses("رقم الهاتف")
    (saved,) = await khadija.says("المرجو كتابة رقم يمكن الاتصال به")
    assert "في انتظار توضيح" in saved.text
    (row,) = await running.rows(sa.select(decisions.c.reopens, decisions.c.remark))
    assert tuple(row) == ("phone", "المرجو كتابة رقم يمكن الاتصال به")


@pytest.mark.parametrize(
    ("decided", "told", "day"),
    [
        (datetime(2026, 11, 23, 21, 0, tzinfo=UTC), datetime(2026, 11, 24, 9, 0, tzinfo=UTC), "الثلاثاء 24 نونبر 2026"),
        (datetime(2026, 11, 23, 19, 59, tzinfo=UTC), datetime(2026, 11, 24, 9, 0, tzinfo=UTC), "الثلاثاء 24 نونبر 2026"),
        (datetime(2026, 11, 27, 12, 30, tzinfo=UTC), datetime(2026, 11, 27, 15, 0, tzinfo=UTC), "الجمعة 27 نونبر 2026"),
    ],
    ids=["at night", "just before night", "friday"],
)
async def test_a_decision_in_quiet_hours_is_told_after_them_and_can_be_undone_until_then(
    running: Running, meet: Meet, clock: Clock, *, decided: datetime, told: datetime, day: str
) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim)
    await khadija.reads()
    clock.now = decided
    (sure,) = await khadija.presses("قبول")
    assert f"سيتم إخبار الرئيس(ة) يوم {day} على الساعة {told:%H:%M}، ويمكنكم التراجع قبل ذلك." in sure.text
    (saved,) = await khadija.presses("قبول")
    assert f"سيتم إخبار الرئيس(ة) يوم {day} على الساعة {told:%H:%M}، ويمكنكم التراجع قبل ذلك." in saved.text
    clock.now = told.replace(minute=59, hour=told.hour - 1)
    assert await looks(running, clock) == 0
    (status,) = await brahim.says("وضعية الطلب")
    assert "قيد المراجعة" in status.text
    (undone,) = await khadija.presses("تراجع")
    assert undone.text.startswith("تم التراجع")
    await khadija.presses("العودة إلى الطلب")
    await accepts(khadija)
    clock.now = told
    assert await looks(running, clock) == 0
    clock.advance(minutes=1)
    assert await looks(running, clock) == 1
    assert (await brahim.reads())[-1].text.startswith("تم قبول تسجيلكم.")


async def test_a_reply_never_waits_for_the_morning(khadija: Person, running: Running, meet: Meet, clock: Clock) -> None:
    await joins(khadija, running, "خديجة")
    clock.now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    brahim = meet()
    await signs_up(brahim)
    assert (await brahim.says("وضعية الطلب"))[-1].text.startswith(f"الطلب {REF}: قيد المراجعة")
    assert (await khadija.says("/pending"))[-1].text.startswith(f"طلب جديد {REF}")


async def test_coordinators_are_shown_the_night_s_requests_in_the_morning(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija = meet()
    await joins(khadija, running, "خديجة")
    clock.now = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    await signs_up(meet())
    assert await khadija.reads() == []
    clock.now = datetime(2026, 11, 24, 8, 59, 59, tzinfo=UTC)
    assert await khadija.reads() == []
    clock.advance(seconds=1)
    (card,) = await khadija.reads()
    assert card.text.startswith(f"طلب جديد {REF}")


async def test_a_coordinator_known_only_on_the_page_finds_the_card_there(
    running: Running, meet: Meet, visitor: WebPerson, clock: Clock
) -> None:
    await joins(visitor, running, "خديجة")
    clock.now = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    await signs_up(meet())
    (card,) = await visitor.reads()
    assert card.labels == ["قبول", "طلب توضيح", "عدم القبول"]
    await visitor.presses("قبول")
    (saved,) = await visitor.presses("قبول")
    assert "مقبول" in saved.text


async def moves_to_telegram(page: WebPerson, phone: TelegramPerson) -> None:
    """The same person, reached at a second address."""
    code = next(reply.text.split("R", 1)[1][:11] for reply in reversed(page.page.replies) if "R" in reply.text)  # type: ignore[union-attr]
    await sends(phone, f"R{code}")


async def test_a_person_whose_telegram_is_gone_is_told_on_the_page(
    running: Running, meet: Meet, visitor: WebPerson, clock: Clock, bot_api: BotApi
) -> None:
    khadija, phone = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(visitor, NAIMA)
    await moves_to_telegram(visitor, phone)
    await phone.says("وضعية الطلب")
    await khadija.reads()
    await accepts(khadija)
    await visitor.reads()
    bot_api.refuse(403, "Forbidden: bot was blocked by the user", chat=phone.id)
    assert await tells(running, clock) == 1
    assert await phone.reads() == []
    (told,) = await visitor.reads()
    assert told.text.startswith("تم قبول تسجيلكم.\nالجمعية: Association Espoir")
    assert await running.rows(sa.select(outbox.c.id).where(outbox.c.parked.is_not(None))) == []


async def test_a_person_erased_between_decision_and_telling_is_told_nothing(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim)
    await khadija.reads()
    await accepts(khadija)
    await brahim.says("/erase")
    (farewell,) = await brahim.says("نعم")
    assert "هذه آخر رسالة" in farewell.text
    await tells(running, clock)
    assert await brahim.reads() == []
    assert await status_of(running) == "withdrawn"
    (gone,) = await khadija.presses("تراجع")
    assert gone.text == "هذا الطلب لا يدخل ضمن طلباتكم، أو لم يعد موجودا."


async def test_who_changes_an_answer_while_a_decision_waits_to_be_told_is_decided_on_anew(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim)
    await khadija.reads()
    await accepts(khadija)
    await brahim.says("تعديل")
    await brahim.says("5")
    await brahim.says("0600000022")
    await brahim.says("نعم")
    (received,) = await brahim.says(BRAHIM.signature)
    assert f"المرجع: {REF}" in received.text
    (card,) = await khadija.reads()
    assert "الهاتف: 06 00 00 00 22" in card.text
    assert await tells(running, clock) == 0
    assert await brahim.reads() == []
    assert await status_of(running) == "pending"
    rows = await running.rows(sa.select(audit_entries.c.action, audit_entries.c.before).order_by(audit_entries.c.id))
    assert tuple(rows[-1]) == ("void_decision", '{"status":"approved"}')


async def sealed(running: Running, person: TelegramPerson, payload: str) -> str:
    """A button of this person's."""
    query = sa.select(addresses.c.person_id).where(addresses.c.external_id == str(person.id))
    (row,) = await running.rows(query)
    return running.service.seals.seal(payload, owner=str(row.person_id))


async def test_a_decision_undone_by_somebody_else_is_told_to_who_took_it(running: Running, meet: Meet, clock: Clock) -> None:
    khadija, hassan, brahim = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await signs_up(brahim)
    await khadija.reads()
    await hassan.reads()
    await accepts(khadija)
    undo = khadija.payload("تراجع")
    (taken,) = await hassan.presses("قبول")
    assert taken.text.startswith(f"سبق البت في الطلب {REF} من طرف خديجة يوم الاثنين 23 نونبر 2026: مقبول.")
    (undone,) = await hassan.presses_data(await sealed(running, hassan, "go:1:undo"))
    assert undone.text == f"تم التراجع: الطلب {REF} في انتظار البت من جديد."
    (told,) = await khadija.reads()
    assert told.text == f"تم التراجع عن قراركم بخصوص الطلب {REF} من طرف حسن: الطلب في انتظار البت من جديد."
    assert (await khadija.presses_data(undo))[0].text.startswith("فات أجل التراجع")
    assert await tells(running, clock) == 0


async def test_an_old_card_decides_on_what_the_president_has_written_since(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim)
    (old,) = await khadija.reads()
    accept = old.buttons[0][1]
    await brahim.says("تعديل")
    await brahim.says("2")
    await brahim.says("دار الطالبة النور")
    await brahim.says("نعم")
    await brahim.says(BRAHIM.signature)
    (new,) = await khadija.reads()
    assert "المركز: دار الطالبة النور" in new.text
    (sure,) = await khadija.presses_data(accept)
    assert f"{REF} (جمعية دار الطالب النور، دار الطالبة النور)" in sure.text


async def test_what_was_decided_while_she_was_writing_the_reason_is_not_decided_again(running: Running, meet: Meet) -> None:
    khadija, hassan = meet(), meet()
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await signs_up(meet())
    await khadija.reads()
    await hassan.reads()
    await hassan.presses("عدم القبول")
    await accepts(khadija)
    (late,) = await hassan.says("الجمعية لا تسير مؤسسة")
    assert late.text.startswith(f"سبق البت في الطلب {REF} من طرف خديجة")
    assert late.labels == ["الطلب الموالي", "فضاء التنسيق"]
    assert await status_of(running) == "approved"


async def test_a_reader_sees_the_card_without_what_decides(khadija: Person, running: Running, meet: Meet) -> None:
    await joins(khadija, running, "خديجة", "viewer")
    await signs_up(meet())
    await signs_up(meet(), FATIMA)
    assert await khadija.reads() == []
    (area,) = await khadija.presses("فضاء التنسيق")
    assert area.labels == ["طلبات للبت فيها", "طلبات المساعدة", "الإعلانات", "المؤشرات", "خدمات أخرى"]
    (card,) = await khadija.presses("طلبات للبت فيها")
    assert card.text.startswith(f"طلب جديد {REF}")
    assert card.labels == ["الطلب الموالي", "فضاء التنسيق"]


LONG = Form(
    "جمعية التنمية والتضامن والتكافل الاجتماعي " * 3 + "بالصويرة",
    "مركز الاستقبال والتوجيه والمواكبة " * 4 + "بالحي",
    "5",
    "مولاي عبد الرحمان بن محمد البوعناني الإدريسي المرابط",
    "0600000033",
    "a-very-long-name-of-an-association-in-the-south@example.org",
    "الصويرة",
    "مولاي عبد الرحمان بن محمد البوعناني الإدريسي المرابط",
)


async def test_names_as_long_as_they_may_be_still_make_a_card_with_buttons(running: Running, meet: Meet) -> None:
    khadija = meet()
    await joins(khadija, running, "خديجة")
    await signs_up(meet(), LONG)
    (card,) = await khadija.reads()
    assert LONG.association in card.text
    assert len(card.text) <= 1024
    (sure,) = await khadija.presses("قبول")
    assert LONG.centre in sure.text


async def test_a_category_that_the_list_has_no_more_holds_nothing_up(running: Running, meet: Meet, clock: Clock) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة", "owner")
    await joins(meet(), running, "حسن", category="a_category_of_old")
    await signs_up(brahim)
    await khadija.reads()
    async with running.service.database.write() as connection:
        await connection.execute(centres.update().values(category="a_category_of_old"))
        await connection.execute(signups.update().values(category="a_category_of_old"))
        await connection.execute(associations.update().values(email=None))
    (card,) = await khadija.says("/pending")
    assert "الفئة: a_category_of_old\n" in card.text
    assert "حسن: تنسيق، a_category_of_old" in (await khadija.says("/team"))[0].text
    await khadija.says("/pending")
    await accepts(khadija)
    assert await tells(running, clock) == 1
    assert (await brahim.reads())[-1].text.startswith("تم قبول تسجيلكم.")


async def test_the_coordinator_s_own_sign_up_waits_beneath_and_is_one_tap_away(running: Running, meet: Meet) -> None:
    khadija = meet()
    await answers_up_to(khadija, NAIMA, "centre")
    await joins(khadija, running, "خديجة")
    await signs_up(meet())
    await khadija.reads()
    await khadija.presses("قبول")
    (saved,) = await khadija.presses("قبول")
    assert saved.labels == ["الطلب الموالي", "تراجع", "فضاء التنسيق", "متابعة"]
    (on,) = await khadija.presses("متابعة")
    assert "السؤال 2 من 8" in on.text
