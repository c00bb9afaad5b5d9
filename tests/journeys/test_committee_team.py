"""The committee about itself: a colleague is let in from the chat, places change, and the last one in charge stays."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from storage.tables import audit_entries, coordinators, invites, metadata, outbox, people
from tests.conftest import Running
from tests.fakes.clock import Clock
from tests.fakes.people import Person, WebPerson
from tests.journeys.committee import NOT_YOURS_TO_DO, code_for, code_in, joins, sends, signs_up
from tests.journeys.conftest import Meet
from tests.journeys.forms import NAIMA, answers_up_to

WRONG = "تعذر قبول هذا الرمز"


async def acts(running: Running) -> list[tuple[str, str]]:
    """(action, channel) of everything on record."""
    query = sa.select(audit_entries.c.action, audit_entries.c.channel).order_by(audit_entries.c.id)
    return [tuple(row) for row in await running.rows(query)]


async def invites_a_colleague(owner: Person, *choices: str, name: str = "حسن") -> str:
    """From the coordination area; the code."""
    await owner.presses("فضاء التنسيق")
    await owner.presses("الفريق")
    await owner.presses("إضافة عضو(ة)")
    await owner.says(name)
    for choice in choices:
        replies = await owner.presses(choice)
    return code_in(replies[-1])


async def test_a_colleague_is_let_in_from_the_chat_and_those_in_charge_hear_of_it(
    khadija: Person, running: Running, meet: Meet
) -> None:
    aicha, hassan = meet(), meet()
    await joins(aicha, running, "عائشة", "owner")
    await joins(khadija, running, "خديجة", "owner")
    await aicha.reads()
    (area,) = await khadija.presses("فضاء التنسيق")
    doors = ["طلبات للبت فيها", "طلبات المساعدة", "تعبئة بالهاتف", "حالات التكرار", "إرسال إعلان", "الإعلانات"]
    assert area.labels == [*doors, "المؤشرات", "الفريق", "سجل العمليات", "خدمات أخرى"]
    (team,) = await khadija.presses("الفريق")
    assert team.text == "فريق التنسيق\n\nخديجة: مسؤولية الفريق، جميع الفئات\nعائشة: مسؤولية الفريق، جميع الفئات"
    assert team.labels == ["خديجة", "عائشة", "إضافة عضو(ة)", "فضاء التنسيق"]
    (name,) = await khadija.presses("إضافة عضو(ة)")
    assert name.text == "ما هو اسم الشخص الذي تودون إضافته؟ سيظهر للفريق ولمن يتوصل بأجوبته."
    (role,) = await khadija.says("حسن")
    assert role.labels == ["تنسيق", "اطلاع فقط", "مسؤولية الفريق", "رجوع"]
    (scope,) = await khadija.presses("تنسيق")
    assert scope.labels == ["جميع الفئات", "فئة معينة", "رجوع"]
    (which,) = await khadija.presses("فئة معينة")
    assert which.labels[1] == "النساء ضحايا العنف"
    (shown,) = await khadija.presses("النساء ضحايا العنف")
    code = code_in(shown)
    assert shown.text.startswith(f"المرجو تسليم هذا الرمز إلى حسن: {code}\nيستعمل مرة واحدة إلى غاية الاثنين 30 نونبر 2026.")
    assert f"https://t.me/nidaa_test_bot?start={code.lower().replace('-', '')}" in shown.text
    assert shown.labels == ["الفريق", "فضاء التنسيق"]

    (welcome,) = await sends(hassan, code)
    assert welcome.text == "أصبحتم عضوا في فريق التنسيق.\nحسن: تنسيق، النساء ضحايا العنف"
    assert welcome.labels == ["فضاء التنسيق"]
    told = "طرأ تغيير على الفريق.\nحسن: تنسيق، النساء ضحايا العنف"
    assert [reply.text for reply in await khadija.reads()] == [told]
    assert [reply.text for reply in await aicha.reads()] == [told]
    assert (await acts(running))[-2:] == [("invite", khadija.channel), ("join", "telegram")]


async def test_a_code_that_was_shown_is_kept_nowhere(khadija: Person, running: Running, meet: Meet) -> None:
    await joins(khadija, running, "خديجة", "owner")
    code = await invites_a_colleague(khadija, "تنسيق", "جميع الفئات")
    await khadija.reads()
    await asyncio.sleep(0.1)  # that it was seen is written down with the next transaction
    spellings = (code, code.lower(), code[1:], code[1:].replace("-", ""))
    kept = [str(tuple(row)) for table in metadata.sorted_tables for row in await running.rows(sa.select(table))]
    assert [row for row in kept if any(spelling in row for spelling in spellings)] == []
    assert (await sends(meet(), code))[0].text.startswith("أصبحتم عضوا في فريق التنسيق.")


async def test_the_name_and_the_answers_before_are_kept_when_she_goes_back(khadija: Person, running: Running) -> None:
    await joins(khadija, running, "خديجة", "owner")
    await khadija.presses("فضاء التنسيق")
    await khadija.presses("الفريق")
    await khadija.presses("إضافة عضو(ة)")
    await khadija.says("حسن")
    await khadija.presses("اطلاع فقط")
    (role,) = await khadija.presses("رجوع")
    assert "جوابكم السابق: اطلاع فقط" in role.text
    (name,) = await khadija.says("رجوع")
    assert "جوابكم السابق: حسن" in name.text
    (out,) = await khadija.presses("رجوع")
    assert (out.text, out.labels) == ("لم يتغير أي شيء.", ["الفريق", "فضاء التنسيق"])


async def test_five_wrong_codes_in_a_row_slow_the_sixth_down(running: Running, meet: Meet, clock: Clock) -> None:
    hassan, good = meet(), await code_for(running, "حسن", "coordinator")
    for number in range(5):
        (wrong,) = await sends(hassan, f"i00000-0000{number}")
        assert wrong.text.startswith(WRONG)
    (waits,) = await sends(hassan, good)
    assert waits.text.startswith("تعذر قبول عدة رموز. المرجو إعادة المحاولة بعد الساعة 10:01،")
    clock.advance(seconds=59)
    assert "10:01" in (await sends(hassan, good))[0].text
    clock.advance(seconds=1)
    assert (await sends(hassan, good))[0].text.startswith("أصبحتم عضوا في فريق التنسيق.")


@pytest.mark.parametrize("typed", ["{}", "{} ", "I {}", "٤"])
async def test_a_code_is_taken_in_any_way_of_writing_it(running: Running, meet: Meet, typed: str) -> None:
    code = await code_for(running, "حسن", "coordinator")
    written = {
        "{}": code.upper(),
        "{} ": f" {code.replace('-', ' – ')} ",
        "I {}": f"I {code[1:]}",
        "٤": code.translate({ord(str(number)): digit for number, digit in enumerate("٠١٢٣٤٥٦٧٨٩")}),
    }[typed]
    assert (await meet().says(written))[0].text.startswith("أصبحتم عضوا في فريق التنسيق.")


async def test_a_code_that_was_used_or_has_expired_or_is_mistyped_says_what_to_do(
    running: Running, meet: Meet, clock: Clock
) -> None:
    used, late = await code_for(running, "حسن", "coordinator"), await code_for(running, "يوسف", "viewer")
    await sends(meet(), used)
    for code in (used, late.replace("i4", "i9")):
        (wrong,) = await sends(meet(), code)
        assert wrong.text == (
            "تعذر قبول هذا الرمز: سبق استعماله، أو انتهت صلاحيته، أو أحد أرقامه غير مطابق. المرجو التحقق منه وإعادة كتابته."
        )
    clock.advance(days=7, seconds=1)
    assert (await sends(meet(), late))[0].text.startswith(WRONG)
    assert len(await running.rows(sa.select(coordinators))) == 1


async def test_a_place_is_changed_suspended_and_given_back_and_each_time_the_person_is_told(
    khadija: Person, running: Running, meet: Meet
) -> None:
    hassan = meet()
    await joins(khadija, running, "خديجة", "owner")
    await joins(hassan, running, "حسن")
    await khadija.says("/team")
    (member,) = await khadija.presses("حسن")
    assert (member.text, member.labels[:2]) == ("حسن: تنسيق، جميع الفئات", ["تغيير الصفة", "تعليق العضوية"])
    await khadija.presses("تغيير الصفة")
    await khadija.presses("اطلاع فقط")
    (changed,) = await khadija.presses("جميع الفئات")
    assert changed.text == "تم تغيير الصفة.\nحسن: اطلاع فقط، جميع الفئات"
    (told,) = await hassan.reads()
    assert told.text == "تغيرت صفتكم في فريق التنسيق.\nحسن: اطلاع فقط، جميع الفئات"

    await khadija.presses("الفريق")
    await khadija.presses("حسن")
    (suspended,) = await khadija.presses("تعليق العضوية")
    assert suspended.text == "تم تعليق عضوية حسن، ولم تعد له(ا) أي صلاحية."
    (told,) = await hassan.reads()
    assert told.text.startswith("تم تعليق عضويتكم في فريق التنسيق.")
    assert (await hassan.says("/pending"))[0].text.startswith(NOT_YOURS_TO_DO)
    assert "حسن: اطلاع فقط، جميع الفئات (عضوية معلقة)" in (await khadija.says("/team"))[0].text

    await khadija.presses("حسن")
    (back,) = await khadija.presses("إعادة إلى الفريق")
    assert back.text == "تمت إعادة حسن إلى الفريق."
    assert (await hassan.reads())[0].text.startswith("تغيرت صفتكم في فريق التنسيق.")
    assert (await hassan.says("/pending"))[0].text == "لا يوجد أي طلب في الانتظار."
    assert [action for action, _ in await acts(running)][-5:] == ["join", "change_role", "suspend", "refused", "reinstate"]


async def test_a_suspension_pressed_twice_is_done_and_told_once(running: Running, meet: Meet) -> None:
    khadija, hassan = meet(), meet()
    await joins(khadija, running, "خديجة", "owner")
    await joins(hassan, running, "حسن")
    await khadija.says("/team")
    await khadija.presses("حسن")
    suspend = khadija.payload("تعليق العضوية")
    for _ in range(2):
        assert (await khadija.presses_data(suspend))[-1].text.startswith("تم تعليق عضوية حسن")
    assert len(await hassan.reads()) == 1
    assert [action for action, _ in await acts(running)].count("suspend") == 1


async def test_the_last_one_in_charge_is_neither_suspended_nor_given_another_role_nor_forgotten(
    khadija: Person, running: Running
) -> None:
    only = "المسؤول(ة) الوحيد(ة) عن الفريق: خديجة. المرجو تعيين شخص آخر أولا."
    await joins(khadija, running, "خديجة", "owner")
    await khadija.says("/team")
    await khadija.presses("خديجة")
    (refused,) = await khadija.presses("تعليق العضوية")
    assert refused.text == only
    await khadija.presses("الفريق")
    await khadija.presses("خديجة")
    assert (await khadija.presses("تغيير الصفة"))[0].text == only
    assert (await khadija.says("/erase"))[0].text == only
    (row,) = await running.rows(sa.select(coordinators.c.role, coordinators.c.active))
    assert tuple(row) == ("owner", True)


async def test_two_in_charge_who_suspend_each_other_at_once_leave_one(running: Running, meet: Meet) -> None:
    khadija, aicha = meet(), meet()
    await joins(khadija, running, "خديجة", "owner")
    await joins(aicha, running, "عائشة", "owner")
    for owner, other in ((khadija, "عائشة"), (aicha, "خديجة")):
        await owner.says("/team")
        await owner.presses(other)
    await asyncio.gather(khadija.presses("تعليق العضوية"), aicha.presses("تعليق العضوية"))
    rows = await running.rows(sa.select(coordinators.c.active).where(coordinators.c.role == "owner"))
    assert sorted(row.active for row in rows) == [False, True]


async def test_the_link_she_made_for_a_colleague_takes_nothing_from_her_when_she_presses_it(
    running: Running, meet: Meet
) -> None:
    khadija = meet()
    await joins(khadija, running, "خديجة", "owner")
    code = await invites_a_colleague(khadija, "اطلاع فقط", "جميع الفئات")
    (kept,) = await sends(khadija, code)
    assert kept.text.startswith("أنتم عضو في الفريق، ولا يضيف لكم هذا الرمز أي صلاحية.")
    assert "خديجة: مسؤولية الفريق، جميع الفئات" in kept.text
    assert (await sends(meet(), code))[0].text.startswith("أصبحتم عضوا في فريق التنسيق.")


async def test_a_code_from_the_operator_puts_a_coordinator_in_charge(running: Running, meet: Meet) -> None:
    hassan = meet()
    await joins(hassan, running, "حسن", category="older_persons")
    (raised,) = await joins(hassan, running, "حسن", "owner")
    assert raised.text == "أصبحتم عضوا في فريق التنسيق.\nحسن: مسؤولية الفريق، جميع الفئات"
    assert len(await running.rows(sa.select(coordinators))) == 1


async def test_who_was_suspended_comes_back_by_no_code_and_the_codes_made_before_no_longer_work(
    running: Running, meet: Meet
) -> None:
    khadija, hassan = meet(), meet()
    await joins(khadija, running, "خديجة", "owner")
    await joins(hassan, running, "حسن", "owner")
    code = await invites_a_colleague(hassan, "مسؤولية الفريق", name="يوسف")
    await khadija.says("/team")
    await khadija.presses("حسن")
    await khadija.presses("تعليق العضوية")
    await hassan.reads()
    for tried in (code, await code_for(running, "حسن", "owner")):
        (refused,) = await sends(hassan, tried)
        assert refused.text.startswith("تم تعليق عضويتكم في فريق التنسيق.")
    assert (await sends(meet(), code))[0].text.startswith(WRONG)
    rows = await running.rows(sa.select(coordinators.c.name, coordinators.c.active).order_by(coordinators.c.id))
    assert [tuple(row) for row in rows] == [("خديجة", True), ("حسن", False)]


async def test_who_is_suspended_between_two_answers_finishes_nothing(running: Running, meet: Meet) -> None:
    khadija, hassan, brahim = meet(), meet(), meet()
    await joins(khadija, running, "خديجة", "owner")
    await joins(hassan, running, "حسن")
    await signs_up(brahim)
    await hassan.reads()
    await hassan.presses("طلب توضيح")
    await hassan.presses("المركز")
    await khadija.says("/team")
    await khadija.presses("حسن")
    await khadija.presses("تعليق العضوية")
    await hassan.reads()
    (refused,) = await hassan.says("المرجو كتابة الاسم الكامل للمركز")
    assert refused.text.startswith(NOT_YOURS_TO_DO)
    (again,) = await hassan.says("المرجو كتابة الاسم الكامل للمركز")
    assert again.text.startswith("لم نتمكن من فهم هذه الرسالة.")
    assert ("decide", "telegram") not in await acts(running)
    (menu,) = await hassan.says("القائمة")
    assert "وضعية الطلب" in menu.labels


async def test_what_waited_for_the_morning_is_not_shown_to_who_was_suspended_at_night(
    khadija: Person, running: Running, meet: Meet, clock: Clock
) -> None:
    """On the page, which shows at once, the card goes with the place."""
    aicha, brahim = meet(), meet()
    await joins(aicha, running, "عائشة", "owner")
    await joins(khadija, running, "خديجة")
    await aicha.reads()
    clock.now = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    await signs_up(brahim)
    await aicha.says("/team")
    await aicha.presses("خديجة")
    await aicha.presses("تعليق العضوية")
    clock.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    texts = [reply.text for reply in await khadija.reads()]
    assert [text for text in texts if "طلب جديد" in text] == []
    assert len([text for text in texts if text.startswith("تم تعليق عضويتكم")]) == 1
    assert any("طلب جديد" in reply.text for reply in await aicha.reads())
    kept = [row.message for row in await running.rows(sa.select(outbox.c.message))]
    assert [message for message in kept if message.startswith('{"text":"طلب جديد')] == []


async def test_a_member_who_is_forgotten_leaves_no_name_behind(running: Running, meet: Meet) -> None:
    khadija, hassan, brahim = meet(), meet(), meet()
    await joins(khadija, running, "خديجة", "owner")
    await joins(hassan, running, "حسن البقالي")
    await signs_up(brahim)
    await hassan.reads()
    await hassan.presses("قبول")
    await hassan.presses("قبول")
    await hassan.says("/erase")
    await hassan.says("نعم")
    await khadija.reads()
    assert "حسن" not in (await khadija.says("/team"))[0].text
    assert "شخص من خارج الفريق: القرار بخصوص الطلب 4726-3918: مقبول" in (await khadija.says("/audit"))[0].text
    kept = [str(tuple(row)) for table in metadata.sorted_tables for row in await running.rows(sa.select(table))]
    assert [row for row in kept if "حسن البقالي" in row] == []


async def test_a_place_goes_along_when_its_holder_continues_as_another_person(
    running: Running, meet: Meet, visitor: WebPerson
) -> None:
    """Khadija signed up her own association on the page; on Telegram she coordinates. She is one person from now on."""
    khadija = meet()
    await joins(khadija, running, "خديجة", "owner")
    await answers_up_to(visitor, NAIMA, "centre")
    (saved,) = await visitor.says("لاحقا")
    code = saved.text.split("R", 1)[1][:11]
    (on,) = await sends(khadija, f"R{code}")
    assert "السؤال 2 من 8" in on.text
    assert "خديجة: مسؤولية الفريق، جميع الفئات" in (await khadija.says("/team"))[0].text
    assert len(await running.rows(sa.select(people))) == 1
    (row,) = await running.rows(sa.select(coordinators.c.active, coordinators.c.role))
    assert tuple(row) == (True, "owner")
    assert await running.rows(sa.select(invites.c.name).where(invites.c.name != "")) == []
