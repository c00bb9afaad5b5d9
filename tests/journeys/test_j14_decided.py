"""J14, steps 1 to 3, and J01's ping: an application reaches the committee, is sent back, corrected, accepted; the person is
told two minutes after."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from storage.tables import associations, audit_entries, decisions, signups
from tests.conftest import Running
from tests.fakes.clock import Clock
from tests.journeys.committee import joins, signs_up, tells
from tests.journeys.conftest import Meet
from tests.journeys.forms import FATIMA


async def test_a_coordinator_is_shown_a_new_request_with_what_it_takes_to_decide(running: Running, meet: Meet) -> None:
    khadija, brahim = meet(), meet()
    (welcome,) = await joins(khadija, running, "خديجة")
    assert welcome.text == "أصبحتم عضوا في فريق التنسيق.\nخديجة: تنسيق، جميع الفئات"
    await signs_up(brahim)

    (card,) = await khadija.reads()
    assert card.text == (
        "طلب جديد 4726-3918\n"
        "الجمعية: جمعية دار الطالب النور\n"
        "المركز: دار الطالب النور\n"
        "الفئة: التلميذات والتلاميذ (دور الطالب والطالبة)\n"
        "المدينة: تارودانت\n"
        "احتمال التكرار: لا يوجد\n"
        "رئيس(ة) الجمعية: إبراهيم أيت علي\n"
        "الهاتف: 06 00 00 00 02\n"
        "البريد الإلكتروني: brahim@example.com\n"
        "التوقيع: إبراهيم أيت علي\n"
        "تاريخ الإرسال: الاثنين 23 نونبر 2026"
    )
    assert card.labels == ["قبول", "طلب توضيح", "عدم القبول"]


async def test_a_refused_president_corrects_the_one_answer_and_keeps_the_reference(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim)
    await khadija.reads()

    (why,) = await khadija.presses("عدم القبول")
    assert "المرجو اختيار السبب أو كتابته" in why.text
    (saved,) = await khadija.says("تعذر الاتصال")
    assert "تم تسجيل القرار بخصوص الطلب 4726-3918: لم يتم قبوله. من طرف: خديجة" in saved.text
    assert saved.labels == ["الطلب الموالي", "تراجع", "فضاء التنسيق"]
    (status,) = await brahim.says("وضعية الطلب")
    assert "قيد المراجعة" in status.text

    assert await tells(running, clock) == 1
    (told,) = await brahim.reads()
    assert told.text.startswith("تعذر قبول طلبكم 4726-3918.\nالسبب: تعذر الاتصال بالرقم المصرح به")
    asked = await brahim.presses("تصحيح وإعادة إرسال")
    assert "رقم الهاتف" in asked[-1].text
    assert "من 8" not in asked[-1].text
    done = await brahim.says("0600000022")
    assert "تم التوصل بطلبكم.\nالمرجع: 4726-3918" in done[-1].text
    (row,) = await running.rows(sa.select(signups.c.status, signups.c.reference))
    assert tuple(row) == ("pending", "4726-3918")
    (again,) = await khadija.reads()
    assert "06 00 00 00 22" in again.text
    assert "أعيد إرساله بعد: لم يتم قبوله. تعذر الاتصال بالرقم المصرح به" in again.text


async def test_the_first_decision_wins_when_two_coordinators_decide_at_once(running: Running, meet: Meet) -> None:
    khadija, hassan, brahim = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await signs_up(brahim)
    await khadija.reads()
    await hassan.reads()
    await khadija.presses("قبول")
    await hassan.presses("عدم القبول")

    one, other = await asyncio.gather(khadija.presses("قبول"), hassan.says("الجمعية والمركز مسجلان مسبقا"))
    texts = sorted((one[-1].text, other[-1].text))
    assert sum("تم تسجيل القرار" in text for text in texts) == 1
    assert sum("سبق البت في الطلب 4726-3918" in text for text in texts) == 1
    assert len(await running.rows(sa.select(decisions))) == 1


async def test_a_decision_is_undone_before_anybody_is_told(running: Running, meet: Meet, clock: Clock) -> None:
    khadija, brahim = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(brahim)
    await khadija.reads()
    await khadija.presses("قبول")
    await khadija.presses("قبول")
    (undone,) = await khadija.presses("تراجع")
    assert "تم التراجع: الطلب 4726-3918 في انتظار البت من جديد." in undone.text
    assert await tells(running, clock) == 0
    assert await brahim.reads() == []
    (row,) = await running.rows(sa.select(signups.c.status))
    assert row.status == "pending"


async def test_an_accepted_president_is_told_once_and_a_late_undo_changes_nothing(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, fatima = meet(), meet()
    await joins(khadija, running, "خديجة", category="women_victims_violence")
    await signs_up(fatima, FATIMA)
    await khadija.reads()
    (sure,) = await khadija.presses("قبول")
    assert "هل تؤكدون قبول الطلب 4726-3918 (جمعية أمل للتنمية والتضامن، مركز الأمل للنساء)؟" in sure.text
    await khadija.says("نعم")
    undo = khadija.payload("تراجع")

    assert await tells(running, clock) == 1
    assert await tells(running, clock) == 0
    (told,) = await fatima.reads()
    assert told.text.startswith("تم قبول تسجيلكم.\nالجمعية: جمعية أمل للتنمية والتضامن")
    (late,) = await khadija.presses_data(undo)
    assert "فات أجل التراجع" in late.text
    actions = [row.action for row in await running.rows(sa.select(audit_entries.c.action).order_by(audit_entries.c.id))]
    assert actions == ["invite", "join", "decide"]


async def test_a_president_hears_that_a_change_signed_after_the_decision_is_not_kept(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, fatima = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await khadija.reads()
    await fatima.says("تعديل")
    await fatima.says("1")
    await khadija.presses("قبول")
    await khadija.presses("قبول")
    await tells(running, clock)
    await fatima.says("جمعية أخرى")
    await fatima.says("نعم")
    replies = await fatima.says("فاطمة العلوي")
    assert replies[-1].text == (
        "لم يتم الاحتفاظ بالتعديل الذي وقعتموه الآن: تم البت في الطلب 4726-3918 أو ضمه إلى طلب آخر قبل توقيعكم."
        " المرجو كتابة ما يجب تغييره إلى الفريق."
    )
    assert replies[-1].labels == ["الاتصال بالفريق"]
    (row,) = await running.rows(sa.select(associations.c.name))
    assert row.name == "جمعية أمل للتنمية والتضامن"


async def test_a_correction_asks_for_the_answer_named_and_nothing_else(running: Running, meet: Meet, clock: Clock) -> None:
    khadija, fatima = meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await khadija.reads()
    (which,) = await khadija.presses("طلب توضيح")
    assert "ما هو الجواب الذي يجب تصحيحه؟" in which.text
    await khadija.presses("المركز")
    (saved,) = await khadija.says("المرجو كتابة الاسم الكامل للمركز")
    assert "في انتظار توضيح" in saved.text
    await tells(running, clock)
    (told,) = await fatima.reads()
    assert "المرجو تصحيح جواب واحد من طلبكم 4726-3918: المركز." in told.text
    assert "ملاحظة الفريق: المرجو كتابة الاسم الكامل للمركز" in told.text
    (asked,) = await fatima.presses("تصحيح وإعادة إرسال")
    assert "المركز\nالجواب الحالي: مركز الأمل للنساء" in asked.text
    (done,) = await fatima.says("مركز الأمل للنساء في وضعية صعبة")
    assert "المرجع: 4726-3918" in done.text


async def test_a_coordinator_sees_only_the_category_that_is_hers(running: Running, meet: Meet) -> None:
    hassan, brahim = meet(), meet()
    await joins(hassan, running, "حسن", category="women_victims_violence")
    await signs_up(brahim)
    assert await hassan.reads() == []
    (empty,) = await hassan.says("/pending")
    assert "لا يوجد أي طلب في الانتظار." in empty.text


async def test_anybody_else_gets_one_polite_sentence_and_it_is_on_record(running: Running, meet: Meet) -> None:
    brahim = meet()
    await brahim.says("السلام عليكم")
    (refused,) = await brahim.says("/pending")
    assert refused.text.startswith("هذا الفضاء مخصص لفريق التنسيق.")
    (row,) = await running.rows(sa.select(audit_entries.c.action, audit_entries.c.after))
    assert tuple(row) == ("refused", '{"action":"pending"}')
