"""J11: a coordinator writes to one category, cancels, starts again, and the announcement reaches each of them once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from bot.actions.announcement_news import tell_reports
from bot.actions.announcements import finish, freeze
from storage.tables import announcements, audit_entries, deliveries
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import Person, Reply, TelegramPerson, WebPerson
from tests.journeys.committee import NOT_YOURS_TO_DO, joins
from tests.journeys.conftest import Meet
from tests.journeys.forms import FATIMA, answers_up_to
from tests.journeys.members import accept, join

BODY = "ندعوكم إلى لقاء تنسيقي {phone} *a* _b_ <b>\n\nيوم الخميس على الساعة 10:00"
WOMEN = "النساء ضحايا العنف"


async def writes(person: Person, *groups: str, body: str = BODY, french: str | None = None) -> list[Reply]:
    """From the command to the preview; `groups` are what is pressed or typed to choose the audience."""
    await person.says("/broadcast")
    for group in groups:
        await person.says(group)
    await person.presses("هذا كل شيء")
    await person.says("لقاء تنسيقي")
    await person.says(body)
    return await (person.presses("دون نص فرنسي") if french is None else person.says(french))


async def confirms(person: Person, *, when: str | None = None, count: str) -> list[Reply]:
    """From the preview to the end: the test, the hour, the number."""
    await person.presses("إرسال تجربة إلي")
    await (person.presses("إرسال الآن") if when is None else person.says(when))
    return await person.says(count)


async def actions(running: Running) -> list[tuple[str, int | None]]:
    """What is on record of announcements: (action, by)."""
    rows = await running.rows(sa.select(audit_entries.c.action, audit_entries.c.actor_id).order_by(audit_entries.c.id))
    return [(row.action, row.actor_id) for row in rows if row.action not in ("invite", "join")]


async def test_an_ordinary_member_is_told_politely_that_this_is_not_theirs_and_the_try_is_on_record(
    running: Running, meet: Meet, bot_api: BotApi
) -> None:
    fatima = meet()
    await join(running, [fatima])
    (refused,) = await fatima.says("/broadcast")
    assert refused.text.startswith(NOT_YOURS_TO_DO)
    (again,) = await fatima.says("/announcements")
    assert again.text.startswith(NOT_YOURS_TO_DO)
    assert await actions(running) == [("refused", None), ("refused", None)]
    assert not [call for call in bot_api.sent("setMyCommands") if "broadcast" in str(call.params)]


async def test_a_coordinator_writes_to_one_category_cancels_and_starts_again(
    running: Running, meet: Meet, khadija: Person, bot_api: BotApi, clock: Clock
) -> None:
    women, stopped, others = [meet() for _ in range(10)], [meet() for _ in range(2)], [meet() for _ in range(5)]
    await join(running, women)
    await join(running, stopped, wish="no")
    await join(running, others, category="older_persons")
    await joins(khadija, running, "خديجة")

    (area,) = await khadija.says("القائمة")
    assert "إرسال إعلان" in area.labels
    (preview,) = await writes(khadija, "2", "2")
    assert f"إعلان من فريق التنسيق – الاثنين 23 نونبر 2026\n\n{BODY}\n\nلإيقاف التوصل بالإعلانات" in preview.text
    assert f"الجمهور المستهدف: {WOMEN}\nعدد المتوصلين: 10\nتيليغرام، بالعربية: 10\n" in preview.text
    assert "أوقفوا الإعلانات أو لم يوافقوا عليها: 2 (لن يتوصلوا به)" in preview.text
    before = len(bot_api.sent("sendMessage"))
    (cancelled,) = await khadija.says("إلغاء")
    assert cancelled.text == "تم إلغاء الإعلان، ولم يرسل إلى أي أحد."
    assert len(bot_api.sent("sendMessage")) - before == (1 if khadija.channel == "telegram" else 0)
    assert await running.rows(sa.select(announcements.c.id)) == []
    assert [action for action, _ in await actions(running)] == ["drop_announcement"]

    clock.advance(minutes=10)  # the page takes only so many messages a minute
    await writes(khadija, "2", "2")
    test, when = sorted(await khadija.presses("إرسال تجربة إلي"), key=lambda reply: "هل نرسل" in reply.text)
    assert BODY in test.text
    assert "هل نرسل الإعلان الآن" in when.text
    (confirm,) = await khadija.presses("إرسال الآن")
    assert f"عدد المتوصلين: 10 ({WOMEN}). للتأكيد، المرجو كتابة العدد 10." in confirm.text
    (wrong,) = await khadija.says("12")
    assert "كتبتم 12، بينما عدد المتوصلين هو 10. لم يرسل أي شيء." in wrong.text
    assert await running.rows(sa.select(announcements.c.id)) == []
    (sending,) = await khadija.says("١٠")
    assert sending.text.startswith("جار إرسال الإعلان. عدد المتوصلين: 10")


async def test_two_who_write_at_once_keep_their_own_drafts_and_the_second_sees_the_first(
    running: Running, meet: Meet
) -> None:
    khadija, hassan = meet(), meet()
    await join(running, [meet(), meet()])
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await khadija.says("/broadcast")
    await khadija.says("1")
    await hassan.says("/broadcast")
    (enough,) = await hassan.says("1")
    assert "خديجة: إعداد إعلان آخر جار الآن أيضا." in enough.text
    for person, title in ((khadija, "عنوان خديجة"), (hassan, "عنوان حسن")):
        await person.presses("هذا كل شيء")
        await person.says(title)
    await asyncio.gather(khadija.says("نص كتبته خديجة"), hassan.says("نص كتبه حسن"))
    (mine,), (his,) = await asyncio.gather(khadija.presses("دون نص فرنسي"), hassan.presses("دون نص فرنسي"))
    assert "نص كتبته خديجة" in mine.text
    assert "العنوان: عنوان خديجة" in mine.text
    assert "نص كتبه حسن" in his.text
    assert "العنوان: عنوان حسن" in his.text


async def test_whoever_stops_between_the_preview_and_the_number_is_not_counted_any_more(
    running: Running, meet: Meet, khadija: Person
) -> None:
    fatima, brahim = meet(), meet()
    await join(running, [fatima, brahim])
    await joins(khadija, running, "خديجة")
    await writes(khadija, "1")
    await khadija.presses("إرسال تجربة إلي")
    (confirm,) = await khadija.presses("إرسال الآن")
    assert "المرجو كتابة العدد 2." in confirm.text
    await fatima.says("توقف")
    (changed,) = await khadija.says("2")
    assert "كتبتم 2، بينما عدد المتوصلين هو 1. لم يرسل أي شيء." in changed.text
    (sending,) = await khadija.says("1")
    assert sending.text.startswith("جار إرسال الإعلان. عدد المتوصلين: 1")


async def test_a_coordinator_of_one_category_reaches_that_one_and_sees_no_other_announcement(
    running: Running, meet: Meet
) -> None:
    hassan, khadija = meet(), meet()
    await join(running, [meet(), meet()])
    await join(running, [meet()], category="older_persons")
    await joins(hassan, running, "حسن", category="older_persons")
    await joins(khadija, running, "خديجة")
    (asked,) = await hassan.says("/broadcast")
    assert asked.text.startswith("توجهون إعلاناتكم إلى المنخرطين في: الأشخاص المسنون.")
    assert "فئة معينة" not in asked.labels
    (enough,) = await hassan.presses("جميع المنخرطين")
    assert "الجمهور المستهدف: جميع المنخرطين في: الأشخاص المسنون\nعدد المتوصلين: 1\n" in enough.text

    await writes(khadija, "1")
    await confirms(khadija, when="غدا 10:00", count="3")
    (listed,) = await khadija.says("/announcements")
    card = khadija.payload("لقاء تنسيقي")
    assert "«لقاء تنسيقي»، 24 نونبر: في انتظار موعد الإرسال" in listed.text
    (none,) = await hassan.says("/announcements")
    assert none.text == "لم يرسل أي إعلان بعد."
    (forged,) = await hassan.presses_data(card)
    assert "لقاء تنسيقي" not in forged.text


async def test_nobody_in_the_audience_means_that_another_is_chosen(running: Running, meet: Meet, khadija: Person) -> None:
    await join(running, [meet()], category="older_persons")
    await joins(khadija, running, "خديجة")
    await khadija.says("/broadcast")
    await khadija.says("2")
    empty, again = await khadija.says("2")
    assert empty.text == f"لا يوجد أي منخرط ضمن هذا الاختيار: {WOMEN}. المرجو اختيار جمهور آخر."
    assert again.text == "إلى من توجهون الإعلان؟"


async def test_an_announcement_set_for_an_hour_is_cancelled_once(running: Running, meet: Meet) -> None:
    khadija, fatima = meet(), meet()
    await join(running, [fatima])
    await joins(khadija, running, "خديجة")
    await writes(khadija, "1")
    (set_down,) = await confirms(khadija, when="25/12/2026 10:30", count="1")
    assert set_down.text.startswith("تمت برمجة إرسال الإعلان يوم الجمعة 25 دجنبر 2026 على الساعة 10:30.")
    await khadija.presses("الإعلانات")
    (card,) = await khadija.presses("لقاء تنسيقي")
    assert "موعد الإرسال: الجمعة 25 دجنبر 2026 على الساعة 10:30\nلم يرسل أي شيء." in card.text
    drop = khadija.payload("إلغاء الإعلان")
    (cancelled,) = await khadija.presses_data(drop)
    assert cancelled.text == "تم إلغاء الإعلان «لقاء تنسيقي»، ولم يرسل إلى أي أحد."
    (twice,) = await khadija.presses_data(drop)
    assert twice.text.startswith("لم يتغير أي شيء. حالة الإعلان: تم إلغاؤه.")
    assert [row.state for row in await running.rows(sa.select(announcements.c.state))] == ["cancelled"]
    assert await running.rows(sa.select(deliveries)) == []


async def leaves(running: Running, clock: Clock) -> None:
    """The timetable looks, the sender sends until nothing is left that may leave now, the timetable looks again."""
    database = running.service.database
    await freeze(database, clock())
    may_leave = sa.select(sa.func.count()).where(
        deliveries.c.state == "waiting",
        deliveries.c.due_at <= clock() + timedelta(minutes=1),
        announcements.c.id == deliveries.c.announcement_id,
        announcements.c.state.in_(("freezing", "sending")),
    )
    for _ in range(1000):
        ((count,),) = await running.rows(may_leave)
        if count == 0:
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError("deliveries still wait")
    await finish(database, clock())
    await tell_reports(database, clock(), desktop=running.service.desktop)


async def received(persons: Sequence[TelegramPerson]) -> list[list[str]]:
    return [[reply.text for reply in await person.reads()] for person in persons]


async def test_each_of_them_gets_it_once_as_it_was_written_and_the_author_gets_figures_that_add_up(
    running: Running, meet: Meet, khadija: Person, clock: Clock
) -> None:
    women, stopped, others = [meet() for _ in range(10)], [meet() for _ in range(2)], [meet() for _ in range(3)]
    await join(running, women)
    await join(running, stopped, wish="no")
    await join(running, others, category="older_persons")
    await joins(khadija, running, "خديجة")
    await writes(khadija, "2", "2")
    await confirms(khadija, count="10")
    await leaves(running, clock)
    await leaves(running, clock)
    wrapped = f"إعلان من فريق التنسيق – الاثنين 23 نونبر 2026\n\n{BODY}\n\nلإيقاف التوصل بالإعلانات، المرجو كتابة «توقف»."
    assert await received(women) == [[wrapped]] * 10
    assert await received([*stopped, *others]) == [[]] * 5
    *_, report = await khadija.reads()
    assert report.text == (
        "تقرير الإعلان «لقاء تنسيقي» ليوم الاثنين 23 نونبر 2026\n"
        "عدد المتوصلين: 10\nتم الإرسال: 10\nفي الانتظار: 0\nتعذر الإرسال: 0\nلم يرسل إليهم: 0\n"
        "غير معنيين منذ البداية: 2 (لا يرغبون في الإعلانات: 2، يتعذر الوصول إليهم: 0)"
    )
    assert [action for action, _ in await actions(running)] == ["announce"]


async def test_who_cannot_be_reached_is_named_in_the_report_and_tried_again_alone(
    running: Running, meet: Meet, bot_api: BotApi, clock: Clock
) -> None:
    khadija, fatima, brahim, naima = meet(), meet(), meet(), meet()
    await join(running, [fatima, brahim, naima])
    await joins(khadija, running, "خديجة")
    await writes(khadija, "1")
    await confirms(khadija, count="3")
    bot_api.refuse(403, "Forbidden: bot was blocked by the user", chat=fatima.id)
    bot_api.refuse(400, "Bad Request: something is wrong with it", chat=brahim.id)
    await leaves(running, clock)
    (report,) = await khadija.reads()
    assert "تم الإرسال: 1\nفي الانتظار: 0\nتعذر الإرسال: 2\nلم يرسل إليهم: 0\n" in report.text
    assert "– حظروا المحادثة أو غادروا القناة: 1\n– رفضت القناة الرسالة: 1" in report.text
    assert "لم نتمكن من الوصول إليهم (2): جمعية الرعاية" in report.text
    again = khadija.payload("إعادة لمن تعذر")
    (said,) = await khadija.presses_data(again)
    assert said.text == "تتم إعادة إرسال «لقاء تنسيقي» إلى من تعذر الوصول إليهم، وإليهم فقط."
    await leaves(running, clock)
    assert [len(texts) for texts in await received([fatima, brahim, naima])] == [0, 1, 1]
    (second,) = await khadija.reads()
    assert "تم الإرسال: 2\nفي الانتظار: 0\nتعذر الإرسال: 1\n" in second.text
    assert ("send_again_announcement") in [action for action, _ in await actions(running)]


async def test_it_is_paused_goes_on_and_is_stopped_with_exact_numbers(
    running: Running, meet: Meet, bot_api: BotApi, clock: Clock
) -> None:
    khadija, fatima, brahim = meet(), meet(), meet()
    await join(running, [fatima, brahim])
    await joins(khadija, running, "خديجة")
    await writes(khadija, "1")
    bot_api.refuse(429, "Too Many Requests", chat=brahim.id, parameters={"retry_after": 7200})
    await confirms(khadija, count="2")
    await khadija.presses("الإعلانات")
    await khadija.presses("لقاء تنسيقي")
    (paused,) = await khadija.presses("توقيف مؤقت")
    assert paused.text == "تم التوقيف المؤقت: «لقاء تنسيقي». لن يرسل أي شيء إلى أن تتم متابعة الإرسال."
    await leaves(running, clock)
    assert await received([fatima, brahim]) == [[], []]
    await khadija.presses("متابعة الإرسال")
    await leaves(running, clock)
    assert [len(texts) for texts in await received([fatima, brahim])] == [1, 0]
    (asked,) = await khadija.presses("إيقاف الإرسال")
    assert asked.text.startswith("هل تؤكدون إيقاف إرسال «لقاء تنسيقي»؟ تم الإرسال إلى حد الآن: 1 من 2.")
    stop = khadija.payload("إيقاف الإرسال")
    (stopped,) = await khadija.presses_data(stop)
    assert stopped.text == "تم إيقاف الإرسال. ما تم إرساله: 1. ما لم يتم إرساله: 1."
    await khadija.presses_data(stop)
    await leaves(running, clock)
    (report,) = await khadija.reads()
    assert "عدد المتوصلين: 2\nتم الإرسال: 1\nفي الانتظار: 0\nتعذر الإرسال: 0\nلم يرسل إليهم: 1\n" in report.text
    assert "– تم إيقاف الإرسال قبل دورهم: 1" in report.text
    clock.advance(hours=3)
    await leaves(running, clock)
    assert await received([brahim]) == [[]]
    assert [action for action, _ in await actions(running)] == [
        *("announce", "pause_announcement", "resume_announcement", "stop_announcement")
    ]


async def test_a_member_of_the_page_finds_it_there_and_a_french_reader_reads_french(
    running: Running, meet: Meet, visitor: WebPerson, clock: Clock
) -> None:
    khadija, youssef = meet(), meet(language_code="fr")
    await answers_up_to(visitor, FATIMA, "")
    await visitor.presses("نعم، أرغب في ذلك")
    await accept(running, visitor)
    await join(running, [youssef], language="fr")
    await joins(khadija, running, "خديجة")
    await khadija.reads()
    (preview,) = await writes(khadija, "1", french="Réunion de coordination jeudi à 10:00")
    assert "عدد المتوصلين: 2\nتيليغرام، بالفرنسية: 1\nصفحة الويب، بالعربية: 1" in preview.text
    await confirms(khadija, count="2")
    await leaves(running, clock)
    (found,) = await visitor.reads()
    assert BODY in found.text
    ((french,),) = await received([youssef])
    assert french == (
        "Annonce de l’équipe de coordination – lundi 23 novembre 2026\n\nRéunion de coordination jeudi à 10:00\n\n"
        "Pour ne plus recevoir les annonces, écrivez «\xa0Stop\xa0»."
    )


async def test_above_the_limit_it_leaves_when_a_second_coordinator_has_confirmed_it(
    serve: Serve, bot_api: BotApi, clock: Clock
) -> None:
    running = await serve(bot_api, review_above=1)
    khadija, hassan, youssef, fatima, brahim = (TelegramPerson(bot_api, running.settled) for _ in range(5))
    await join(running, [fatima, brahim])
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await joins(youssef, running, "يوسف", category="older_persons")
    await writes(khadija, "1")
    (kept,) = await confirms(khadija, count="2")
    assert kept.text.startswith("تم حفظ الإعلان. سيرسل بعد أن يؤكده شخص ثان من الفريق")
    *_, asked = await hassan.reads()
    assert asked.text.startswith("يطلب منكم خديجة تأكيد إعلان. عدد المتوصلين: 2. هذا ما سيظهر لهم:\n———\n")
    assert BODY in asked.text
    assert not [reply for reply in await youssef.reads() if BODY in reply.text]
    await leaves(running, clock)
    assert await received([fatima, brahim]) == [[], []]
    forged = hassan.payload("تأكيد الإرسال")
    (stale,) = await khadija.presses_data(forged)
    assert "تم التأكيد" not in stale.text
    (confirmed,) = await hassan.presses_data(forged)
    assert confirmed.text == "تم التأكيد: يرسل «لقاء تنسيقي» الآن، أو في موعده."
    (heard,) = await khadija.reads()
    assert heard.text == "تم تأكيد الإعلان «لقاء تنسيقي» من طرف حسن. يرسل الآن، أو في موعده."
    (twice,) = await hassan.presses_data(forged)
    assert twice.text.startswith("لم يتغير أي شيء.")
    await leaves(running, clock)
    assert [len(texts) for texts in await received([fatima, brahim])] == [1, 1]


async def test_a_second_coordinator_who_refuses_lets_nothing_leave(serve: Serve, bot_api: BotApi, clock: Clock) -> None:
    running = await serve(bot_api, review_above=1)
    khadija, hassan, fatima, brahim = (TelegramPerson(bot_api, running.settled) for _ in range(4))
    await join(running, [fatima, brahim])
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await writes(khadija, "1")
    await confirms(khadija, count="2")
    await hassan.reads()
    (refused,) = await hassan.presses("عدم الإرسال")
    assert refused.text == "لن يرسل الإعلان «لقاء تنسيقي». تم إخبار من أعده."
    *_, heard = await khadija.reads()
    assert heard.text == "لم يتم تأكيد الإعلان «لقاء تنسيقي» من طرف حسن. لن يرسل إلى أي أحد."
    await leaves(running, clock)
    assert await received([fatima, brahim]) == [[], []]
