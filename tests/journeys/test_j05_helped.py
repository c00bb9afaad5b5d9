"""J05, step 4, from the committee's side: a call is asked for where she is blocked; one coordinator takes it on, the person
sees who answers. And what the bot did not understand three times ends here."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from bot.actions.help_requests import remind_of_help
from storage.tables import audit_entries, help_requests
from tests.conftest import Running
from tests.fakes.clock import Clock
from tests.fakes.people import Person, TelegramPerson
from tests.journeys.committee import joins, signs_up
from tests.journeys.conftest import Meet
from tests.journeys.forms import BRAHIM, FATIMA, answers_up_to


async def asks_for_a_call(person: TelegramPerson) -> None:
    """At the category question, with a number."""
    await answers_up_to(person, FATIMA, "category")
    await person.says("طلب مكالمة")
    await person.says("0600000001")


async def reminds(running: Running, clock: Clock) -> int:
    return await remind_of_help(running.service.database, clock(), desktop=running.service.desktop)


async def test_a_call_reaches_one_coordinator_with_the_question_where_she_is_blocked(
    khadija: Person, running: Running, meet: Meet
) -> None:
    hassan, fatima = meet(), meet()
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await asks_for_a_call(fatima)
    asked = (
        "طلب مكالمة، الاثنين 23 نونبر 2026 10:00\n"
        "الجمعية: جمعية أمل للتنمية والتضامن\n"
        "الهاتف: 06 00 00 00 01\n"
        "توقف عند: الفئة المستهدفة"
    )
    (task,) = await khadija.reads()
    assert (task.text, task.labels) == (asked, ["أتكلف بالطلب"])
    assert [reply.text for reply in await hassan.reads()] == [asked]

    (mine,) = await khadija.presses("أتكلف بالطلب")
    assert mine.text == f"{asked}\nالمكلف(ة) بالطلب: خديجة"
    assert mine.labels == ["الجواب هنا", "تمت المعالجة", "فضاء التنسيق"]
    (taken,) = await hassan.presses("أتكلف بالطلب")
    assert (taken.text, taken.labels) == ("سبق أن تكلف بهذا الطلب: خديجة.", ["الطلب الموالي", "فضاء التنسيق"])
    (closed,) = await khadija.presses("تمت المعالجة")
    assert closed.text == "تم إغلاق هذا الطلب."
    (none,) = await khadija.presses("الطلب الموالي")
    assert none.text == "لا يوجد أي طلب مساعدة في الانتظار."

    (category,) = await fatima.says("٢")
    assert "السؤال 4 من 8" in category.text
    rows = await running.rows(sa.select(audit_entries.c.action).order_by(audit_entries.c.id))
    assert [row.action for row in rows][-2:] == ["claim_help", "close_help"]


async def test_a_question_is_answered_through_the_bot_and_the_person_sees_by_whom(
    khadija: Person, running: Running, meet: Meet
) -> None:
    brahim = meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim)
    await brahim.says("/contact")
    await brahim.says("متى سينعقد اللقاء الوطني؟")
    *_, task = await khadija.reads()
    assert task.text == (
        "سؤال مكتوب، الاثنين 23 نونبر 2026 10:00\nالجمعية: جمعية دار الطالب النور\n\n«متى سينعقد اللقاء الوطني؟»"
    )
    await khadija.presses("أتكلف بالطلب")
    (ask,) = await khadija.presses("الجواب هنا")
    assert ask.text.endswith("المرجو كتابة الجواب في رسالة واحدة. وسيظهر مرفقا باسمكم.")
    (left,) = await khadija.presses("رجوع")
    assert (left.text, left.labels) == ("لم يتغير أي شيء.", ["العودة إلى الطلب", "فضاء التنسيق"])
    await khadija.presses("العودة إلى الطلب")
    await khadija.presses("الجواب هنا")
    (sent,) = await khadija.says("يوم الثلاثاء 16 فبراير 2027")
    assert sent.text == "سيصل جوابكم إلى المعني(ة) مرفقا باسمكم: خديجة."
    (answer,) = await brahim.reads()
    assert answer.text == (
        "سؤالكم: «متى سينعقد اللقاء الوطني؟»\n\nجواب من خديجة، فريق التنسيق:\nيوم الثلاثاء 16 فبراير 2027"
    )
    (row,) = await running.rows(sa.select(help_requests.c.status, help_requests.c.closed_at))
    assert (row.status, row.closed_at is not None) == ("answered", True)


async def test_what_is_not_understood_three_times_ends_in_a_request(running: Running, meet: Meet) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim)
    await khadija.reads()
    for _ in range(2):
        await brahim.says("كلام غير مفهوم أبدا")
    (offer,) = await brahim.says("كلام غير مفهوم أبدا")
    assert offer.text.startswith("يبدو أن المتابعة صعبة.")
    (recorded,) = await brahim.presses("طلب مكالمة")
    assert recorded.text.startswith("تم تسجيل طلب المكالمة. سيتصل بكم أحد أعضاء الفريق على الرقم 06 00 00 00 02")
    (task,) = await khadija.reads()
    assert "الهاتف: 06 00 00 00 02" in task.text


async def test_a_request_is_routed_by_the_category_even_before_it_is_signed(running: Running, meet: Meet) -> None:
    khadija, hassan, fatima = meet(), meet(), meet()
    await joins(khadija, running, "خديجة", category="women_victims_violence")
    await joins(hassan, running, "حسن", category="students_boarding")
    await answers_up_to(fatima, FATIMA, "president")
    await fatima.says("طلب مكالمة")
    await fatima.says("0600000001")
    assert len(await khadija.reads()) == 1
    assert await hassan.reads() == []
    assert (await hassan.says("/help_requests"))[0].text == "لا يوجد أي طلب مساعدة في الانتظار."


async def test_what_nobody_answered_for_a_day_is_shown_again_once_at_a_fit_hour(
    khadija: Person, running: Running, meet: Meet, clock: Clock
) -> None:
    await joins(khadija, running, "خديجة")
    await asks_for_a_call(meet())
    await khadija.reads()
    clock.advance(hours=23, minutes=59)
    assert await reminds(running, clock) == 0
    clock.advance(minutes=1)
    assert [await reminds(running, clock) for _ in range(2)] == [1, 0]
    (again,) = await khadija.reads()
    assert again.text.startswith("لم يتم الجواب عن هذا الطلب منذ يوم.\n\nطلب مكالمة، الاثنين 23 نونبر 2026 10:00\n")
    assert again.labels == ["أتكلف بالطلب"]
    clock.advance(days=3)
    assert await reminds(running, clock) == 0


async def test_a_request_taken_on_and_forgotten_may_be_taken_on_by_another(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, hassan = meet(), meet()
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await asks_for_a_call(meet())
    await khadija.reads()
    await hassan.reads()
    await khadija.presses("أتكلف بالطلب")
    clock.advance(days=1)
    assert await reminds(running, clock) == 1
    (late,) = await hassan.reads()
    assert "المكلف(ة) بالطلب: خديجة" in late.text
    (mine,) = await hassan.presses("أتكلف بالطلب")
    assert "المكلف(ة) بالطلب: حسن" in mine.text
    assert mine.labels[:2] == ["الجواب هنا", "تمت المعالجة"]
    await khadija.reads()
    (taken,) = await khadija.presses("أتكلف بالطلب")
    assert taken.text == "سبق أن تكلف بهذا الطلب: حسن."


async def test_a_request_of_somebody_who_was_suspended_is_free_at_once(running: Running, meet: Meet) -> None:
    khadija, hassan = meet(), meet()
    await joins(khadija, running, "خديجة", "owner")
    await joins(hassan, running, "حسن")
    await asks_for_a_call(meet())
    await hassan.reads()
    await hassan.presses("أتكلف بالطلب")
    await khadija.says("/team")
    await khadija.presses("حسن")
    await khadija.presses("تعليق العضوية")
    (card,) = await khadija.says("/help_requests")
    assert card.labels == ["أتكلف بالطلب", "فضاء التنسيق"]
    (mine,) = await khadija.presses("أتكلف بالطلب")
    assert "المكلف(ة) بالطلب: خديجة" in mine.text


async def test_a_request_pressed_twice_is_taken_on_once(running: Running, meet: Meet) -> None:
    khadija = meet()
    await joins(khadija, running, "خديجة")
    await asks_for_a_call(meet())
    (task,) = await khadija.reads()
    for _ in range(2):
        (mine,) = await khadija.presses_data(task.buttons[0][1])
        assert mine.labels[0] == "الجواب هنا"
    rows = await running.rows(sa.select(audit_entries.c.action))
    assert [row.action for row in rows].count("claim_help") == 1


async def test_a_person_erased_while_the_answer_was_written_is_told_nothing(running: Running, meet: Meet) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim, BRAHIM)
    await brahim.says("/contact")
    await brahim.says("متى سينعقد اللقاء الوطني؟")
    await khadija.reads()
    await khadija.presses("أتكلف بالطلب")
    await khadija.presses("الجواب هنا")
    await brahim.says("/erase")
    await brahim.says("نعم")
    (gone,) = await khadija.says("يوم الثلاثاء 16 فبراير 2027")
    assert gone.text == "طلب المساعدة هذا لا يدخل ضمن طلباتكم، أو تم إغلاقه."
    assert await brahim.reads() == []


async def test_an_answer_given_at_night_arrives_in_the_morning(running: Running, meet: Meet, clock: Clock) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim)
    await brahim.says("/contact")
    await brahim.says("متى سينعقد اللقاء الوطني؟")
    await khadija.reads()
    clock.now = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    await khadija.presses("أتكلف بالطلب")
    await khadija.presses("الجواب هنا")
    await khadija.says("يوم الثلاثاء 16 فبراير 2027")
    assert await brahim.reads() == []
    clock.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    (answer,) = await brahim.reads()
    assert "جواب من خديجة" in answer.text
