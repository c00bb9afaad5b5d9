"""Applications that look alike: side by side, two different ones told apart for good, one association joined field by field."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.actions.decisions import tell_decisions
from bot.actions.duplicates import find_duplicates
from bot.actions.merges import tell_merges
from bot.actions.signups import export_records
from storage.tables import associations, audit_entries, centres, decisions, merges, pairs, signups
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson
from tests.journeys.committee import joins
from tests.journeys.forms import BRAHIM, FATIMA
from tests.journeys.pairs import FATIMA_AGAIN, ZAHRA, signs_up

Meet = Callable[[], TelegramPerson]


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture
def meet(running: Running, bot_api: BotApi) -> Meet:
    return lambda: TelegramPerson(bot_api, running.settled)


async def tells(running: Running, clock: Clock) -> None:
    clock.advance(minutes=2)
    await tell_decisions(running.service.database, clock(), desktop=running.service.desktop)
    await tell_merges(running.service.database, clock(), desktop=running.service.desktop)


async def verdicts(running: Running) -> list[tuple[int, int, str | None]]:
    query = sa.select(pairs.c.first_id, pairs.c.second_id, pairs.c.verdict).order_by(pairs.c.id)
    return [tuple(row) for row in await running.rows(query)]


async def test_a_card_that_names_a_possible_duplicate_leads_to_both_side_by_side(running: Running, meet: Meet) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    (first,) = await khadija.reads()
    assert "احتمال التكرار: لا يوجد" in first.text
    assert first.labels == ["قبول", "طلب توضيح", "عدم القبول"]
    await signs_up(zahra, ZAHRA)
    (second,) = await khadija.reads()
    assert "احتمال التكرار: جمعية أمل للتنمية والتضامن" in second.text
    assert second.labels == ["قبول", "طلب توضيح", "عدم القبول", "مقارنة"]

    (both,) = await khadija.presses("مقارنة")
    assert both.text == (
        "هذان الطلبان متشابهان.\n"
        "1. الطلب 4726-3918: قيد المراجعة، منذ الاثنين 23 نونبر 2026\n"
        "2. الطلب 9452-7827: قيد المراجعة، منذ الاثنين 23 نونبر 2026\n"
        "\n"
        "الجمعية المسيرة: جمعية أمل للتنمية والتضامن\n"
        "رئيس(ة) الجمعية:\n1. فاطمة العلوي\n2. الزهراء الإدريسي\n"
        "رقم الهاتف:\n1. 06 00 00 00 01\n2. 06 00 00 00 11\n"
        "البريد الإلكتروني:\n1. غير متوفر\n2. zahra@example.org\n"
        "\n"
        "المراكز:\n"
        "1. مركز الأمل للنساء (النساء ضحايا العنف، الصويرة)\n"
        "2. دار الأمل للأطفال (الأطفال في وضعية صعبة، الصويرة)"
    )
    assert both.labels == ["نفس الجمعية", "جمعيتان مختلفتان", "القائمة"]


async def test_candidates_come_one_after_the_other_and_different_ones_never_together_again(
    running: Running, meet: Meet
) -> None:
    khadija, fatima, zahra, third = meet(), meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await signs_up(third, FATIMA_AGAIN)
    *_, card = await khadija.reads()
    assert "احتمال التكرار: جمعية أمل للتنمية والتضامن، جمعيه امل للتنميه والتضامن" in card.text

    (with_first,) = await khadija.presses("مقارنة")
    assert "1. الطلب 4726-3918" in with_first.text
    assert "2. الطلب 4179-1823" in with_first.text
    (noted,) = await khadija.presses("جمعيتان مختلفتان")
    assert noted.text == "تم التسجيل: جمعيتان مختلفتان. لن يتم عرضهما معا من جديد."
    (with_second,) = await khadija.presses("الحالة الموالية")
    assert "1. الطلب 9452-7827" in with_second.text
    assert "2. الطلب 4179-1823" in with_second.text
    await khadija.presses("جمعيتان مختلفتان")
    (last,) = await khadija.presses("الحالة الموالية")
    assert "1. الطلب 4726-3918" in last.text
    assert "2. الطلب 9452-7827" in last.text
    assert last.labels == ["نفس الجمعية", "جمعيتان مختلفتان", "القائمة"]
    await khadija.presses("جمعيتان مختلفتان")
    (none,) = await khadija.presses("الحالة الموالية")
    assert none.text == "لا توجد أي حالة تكرار محتملة في الانتظار."
    assert await verdicts(running) == [(1, 2, "different"), (1, 3, "different"), (2, 3, "different")]
    pending = await khadija.says("/pending")
    assert "احتمال التكرار: لا يوجد" in pending[0].text


async def test_a_verdict_is_taken_back_and_the_pair_is_compared_again(running: Running, meet: Meet) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await khadija.says("/duplicates")
    stale = khadija.payload("جمعيتان مختلفتان")
    await khadija.presses("جمعيتان مختلفتان")
    (undone,) = await khadija.presses("تراجع")
    assert undone.text == "تم التراجع: يمكن مقارنة هذين الطلبين من جديد."
    (both,) = await khadija.presses("مقارنة")
    assert both.text.startswith("هذان الطلبان متشابهان.")
    await khadija.presses("جمعيتان مختلفتان")
    (again,) = await khadija.presses_data(stale)
    assert again.text == (
        "سبق البت في هذين الطلبين من طرف خديجة يوم الاثنين 23 نونبر 2026: جمعيتان مختلفتان. لم يتغير أي شيء."
    )
    rows = await running.rows(sa.select(audit_entries.c.action, audit_entries.c.before, audit_entries.c.after))
    judged = [tuple(row) for row in rows if row.action in ("judge_pair", "reconsider_pair")]
    assert judged == [
        ("judge_pair", '{"verdict":null}', '{"verdict":"different","second":2}'),
        ("reconsider_pair", '{"verdict":"different"}', '{"verdict":null,"second":2}'),
        ("judge_pair", '{"verdict":null}', '{"verdict":"different","second":2}'),
    ]


async def test_pairs_are_found_for_applications_that_no_card_was_made_of(running: Running, meet: Meet, clock: Clock) -> None:
    fatima, zahra, brahim, khadija = meet(), meet(), meet(), meet()
    await signs_up(fatima, FATIMA)
    await signs_up(brahim, replace(BRAHIM, city="الصويره"))
    await signs_up(zahra, replace(ZAHRA, association="جمعية الأمل للتنمية والتضامن"))
    await find_duplicates(running.service.database, clock())  # the service itself looks every ten seconds
    assert await find_duplicates(running.service.database, clock()) == 0
    assert await verdicts(running) == [(1, 3, None)]
    await joins(khadija, running, "خديجة")
    (area,) = await khadija.says("القائمة")
    assert "حالات التكرار" in area.labels
    (both,) = await khadija.presses("حالات التكرار")
    assert "الجمعية المسيرة:\n1. جمعية أمل للتنمية والتضامن\n2. جمعية الأمل للتنمية والتضامن" in both.text


async def test_a_corrected_application_is_compared_anew_and_old_pairs_go(running: Running, meet: Meet, clock: Clock) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    assert await verdicts(running) == [(1, 2, None)]
    await zahra.says("تعديل")
    await zahra.says("1")
    await zahra.says("جمعية الرحمة")
    await zahra.says("نعم")
    await zahra.says("الزهراء الإدريسي")
    assert await verdicts(running) == []
    *_, card = await khadija.reads()
    assert "احتمال التكرار: لا يوجد" in card.text


async def test_pairs_of_another_category_are_not_shown_and_a_reader_may_not_judge(running: Running, meet: Meet) -> None:
    hassan, youssef, fatima, zahra = meet(), meet(), meet(), meet()
    await joins(hassan, running, "حسن", category="women_victims_violence")
    await joins(youssef, running, "يوسف", role="viewer")
    await signs_up(zahra, ZAHRA)
    await signs_up(fatima, FATIMA)
    (card,) = await hassan.reads()
    assert "جمعيه امل للتنميه والتضامن" in card.text
    (other,) = await hassan.presses("مقارنة")
    assert other.text == "لا يوجد ما يشبه هذا الطلب في انتظاركم: إما تم البت فيه، وإما يخص فئة أخرى."
    (none,) = await hassan.says("/duplicates")
    assert none.text == "لا توجد أي حالة تكرار محتملة في الانتظار."
    (seen,) = await youssef.says("/pending")
    assert "مقارنة" not in seen.labels
    (refused,) = await youssef.says("/duplicates")
    assert refused.text.startswith("هذا الفضاء مخصص لفريق التنسيق.")


async def test_two_applications_are_joined_field_by_field(running: Running, meet: Meet, clock: Clock) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await khadija.says("/duplicates")

    (president,) = await khadija.presses("نفس الجمعية")
    assert president.text == "رئيس(ة) الجمعية: ما الذي يجب الاحتفاظ به؟\n1. فاطمة العلوي\n2. الزهراء الإدريسي"
    assert [label for label, _ in president.buttons] == [
        "1. \u2068فاطمة العلوي\u2069",
        "2. \u2068الزهراء الإدري…\u2069",
        "3. إلغاء",
    ]
    (phone,) = await khadija.says("1")
    assert phone.text == "رقم الهاتف: ما الذي يجب الاحتفاظ به؟\n1. 06 00 00 00 01\n2. 06 00 00 00 11"
    (again,) = await khadija.says("06 00 00 00 11")
    assert again.text.startswith("لم نتمكن من فهم هذا الجواب. المرجو الضغط على أحد الاختيارات، أو كتابة رقمه.")
    (email,) = await khadija.says("2")
    assert [label for label, _ in email.buttons][:2] == ["1. \u2068غير متوفر\u2069", "2. \u2066zahra@example.…\u2069"]
    (check,) = await khadija.presses("zahra@example.…")
    assert check.text == (
        "المرجو التحقق قبل الدمج.\n"
        "المرجع: 4726-3918\n"
        "الجمعية المسيرة: جمعية أمل للتنمية والتضامن\n"
        "رئيس(ة) الجمعية: فاطمة العلوي\n"
        "رقم الهاتف: 06 00 00 00 11\n"
        "البريد الإلكتروني: zahra@example.org\n"
        "\n"
        "المراكز:\n"
        "مركز الأمل للنساء (النساء ضحايا العنف، الصويرة)\n"
        "دار الأمل للأطفال (الأطفال في وضعية صعبة، الصويرة)\n"
        "\n"
        "يتم ضم الطلب 9452-7827 إليه دون أن يكون له مقعد خاص، ويبقى صاحب(ة) الطلب من جهات الاتصال بالجمعية."
        " يتم إخبار الطرفين بعد دقيقتين. يمكنكم التراجع عن الدمج إلى غاية الأربعاء 23 دجنبر 2026."
    )
    assert [row.status for row in await running.rows(sa.select(signups.c.status))] == ["pending", "pending"]
    (done,) = await khadija.presses("دمج")
    assert done.text == (
        "تم ضم الطلب 9452-7827 إلى الطلب 4726-3918. يتم إخبار الطرفين بعد دقيقتين."
        " يمكنكم التراجع عن الدمج إلى غاية الأربعاء 23 دجنبر 2026."
    )
    assert done.labels[:2] == ["التراجع عن الدمج", "الحالة الموالية"]
    await the_seat_has_what_was_chosen(running)
    await both_persons_hear_of_it(running, fatima, zahra, clock)
    await khadija.reads()
    (card,) = await khadija.says("/pending")
    assert "جهة اتصال ثانية: الزهراء الإدريسي، 06 00 00 00 11" in card.text
    assert "احتمال التكرار: لا يوجد" in card.text
    await the_trail_names_nobody(running)


async def the_seat_has_what_was_chosen(running: Running) -> None:
    (seat, other) = await export_records(running.service.database, running.service.setup)
    assert (seat.reference, seat.status, seat.president) == ("4726-3918", "pending", "فاطمة العلوي")
    assert (seat.phone, seat.email) == ("+212600000011", "zahra@example.org")
    assert [centre.name for centre in seat.centres] == ["مركز الأمل للنساء", "دار الأمل للأطفال"]
    assert (other.reference, other.status, list(other.centres)) == ("9452-7827", "merged", [])
    assert await verdicts(running) == [(1, 2, "same")]


async def both_persons_hear_of_it(running: Running, fatima: TelegramPerson, zahra: TelegramPerson, clock: Clock) -> None:
    assert (await fatima.reads(), await zahra.reads()) == ([], [])
    (before,) = await zahra.says("وضعية الطلب")
    assert "الطلب 9452-7827: قيد المراجعة" in before.text
    await tells(running, clock)
    (first,) = await fatima.reads()
    assert first.text == (
        "توصلنا بطلب ثان (9452-7827) من جمعيتكم «جمعية أمل للتنمية والتضامن»."
        " قام الفريق بضمه إلى طلبكم، ويبقى مرجعكم هو 4726-3918.\n"
        "\n"
        "ما تغير بذلك:\n"
        "رقم الهاتف: 06 00 00 00 11\n"
        "البريد الإلكتروني: zahra@example.org\n"
        "\n"
        "إذا كان هناك خطأ، المرجو الكتابة إلى الفريق."
    )
    (second,) = await zahra.reads()
    assert second.text == (
        "طلبكم 9452-7827 والطلب 4726-3918 صادران عن نفس الجمعية «جمعية أمل للتنمية والتضامن»."
        " قام الفريق بضمهما تحت المرجع 4726-3918، وتبقون من جهات الاتصال بالجمعية.\n"
        "\n"
        "إذا كان هناك خطأ، المرجو الكتابة إلى الفريق."
    )
    await tells(running, clock)
    assert (await fatima.reads(), await zahra.reads()) == ([], [])
    (status,) = await zahra.says("وضعية الطلب")
    assert status.text == (
        "تم ضم الطلب 9452-7827 إلى الطلب 4726-3918 الخاص بنفس الجمعية. أنتم من جهات الاتصال بها، وكل تغيير يمر عبر الفريق.\n"
        "\n"
        "الطلب 4726-3918: قيد المراجعة منذ الاثنين 23 نونبر 2026. سيتم إخباركم هنا فور البت فيه."
    )
    (change,) = await zahra.says("تعديل")
    assert change.text.startswith("تم ضم طلبكم إلى طلب آخر من جمعيتكم، لذلك يمر كل تغيير عبر الفريق.")
    await zahra.says("إلغاء")
    (call,) = await zahra.says("طلب مكالمة")
    assert "06 00 00 00 11" in call.text


async def the_trail_names_nobody(running: Running) -> None:
    (row,) = await running.rows(
        sa.select(audit_entries.c.subject_id, audit_entries.c.before, audit_entries.c.after).where(
            audit_entries.c.action == "merge"
        )
    )
    assert row.subject_id == 1
    assert json.loads(row.before) == {"first_status": "pending", "second_status": "pending"}
    assert json.loads(row.after) == {"status": "pending", "second": 2, "taken": "phone email"}


async def test_a_centre_that_both_have_is_one_and_its_category_is_asked(running: Running, meet: Meet) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, replace(FATIMA, centre="مركز الامل للنساء", category="8"))
    await khadija.reads()
    (both,) = await khadija.says("/duplicates")
    assert both.text.endswith(
        "البريد الإلكتروني: غير متوفر\n\nالمراكز:\n"
        "1. مركز الأمل للنساء (النساء ضحايا العنف، الصويرة)\n"
        "2. مركز الامل للنساء (النساء في وضعية صعبة، الصويرة)"
    )
    (category,) = await khadija.presses("نفس الجمعية")
    assert category.text == "الفئة المستهدفة: ما الذي يجب الاحتفاظ به؟\n1. النساء ضحايا العنف\n2. النساء في وضعية صعبة"
    (check,) = await khadija.says("2")
    assert "المراكز:\nمركز الامل للنساء (النساء في وضعية صعبة، الصويرة)\n\n" in check.text
    await khadija.presses("دمج")
    (seat, other) = await export_records(running.service.database, running.service.setup)
    assert [(centre.name, centre.category) for centre in seat.centres] == [
        ("مركز الأمل للنساء", "women_difficult_situation")
    ]
    assert list(other.centres) == []
    (row, _) = await running.rows(sa.select(signups.c.category).order_by(signups.c.id))
    assert row.category == "women_difficult_situation"

    await khadija.presses("التراجع عن الدمج")
    await khadija.presses("التراجع عن الدمج")
    rows = await running.rows(sa.select(centres.c.name, centres.c.category).order_by(centres.c.id))
    assert [tuple(row) for row in rows] == [
        ("مركز الأمل للنساء", "women_victims_violence"),
        ("مركز الامل للنساء", "women_difficult_situation"),
    ]


async def test_one_of_two_merges_at_once_wins_and_the_other_hears_who_was_faster(running: Running, meet: Meet) -> None:
    khadija, hassan, fatima, zahra = meet(), meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    for coordinator in (khadija, hassan):
        await coordinator.says("/duplicates")
        await coordinator.presses("نفس الجمعية")
        for _ in range(3):
            await coordinator.says("2")

    answers = await asyncio.gather(khadija.presses("دمج"), hassan.presses("دمج"))
    texts = [each[-1].text for each in answers]
    assert sum(text.startswith("تم ضم الطلب 9452-7827 إلى الطلب 4726-3918.") for text in texts) == 1
    late = [text for text in texts if text.startswith("سبق البت في هذين الطلبين")]
    assert len(late) == 1
    assert "نفس الجمعية، تم الدمج. لم يتغير أي شيء." in late[0]
    assert len(await running.rows(sa.select(merges))) == 1


async def test_a_merge_starts_again_when_one_of_the_two_has_changed_meanwhile(running: Running, meet: Meet) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await khadija.says("/duplicates")
    await khadija.presses("نفس الجمعية")
    for _ in range(3):
        await khadija.says("2")
    check = khadija.payload("دمج")
    await zahra.says("تعديل")
    await zahra.says("5")
    await zahra.says("0600000012")
    await zahra.says("نعم")
    await zahra.says("الزهراء الإدريسي")
    await khadija.reads()

    (changed,) = await khadija.presses_data(check)
    assert changed.text == "تغير أحد هذين الطلبين في هذه الأثناء. المرجو مقارنتهما من جديد."
    assert await running.rows(sa.select(merges)) == []
    (both,) = await khadija.presses("مقارنة")
    assert "2. 06 00 00 00 12" in both.text


async def test_what_was_decided_a_moment_ago_is_merged_only_once_its_person_knows(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await khadija.reads()
    await khadija.presses("قبول")
    await khadija.presses("قبول")
    await khadija.says("/duplicates")
    (wait,) = await khadija.presses("نفس الجمعية")
    assert wait.text == "تم البت في أحد هذين الطلبين قبل أقل من دقيقتين. يمكن دمجهما بعد إخبار صاحب(ة) الطلب."
    await tells(running, clock)
    await khadija.says("/duplicates")
    (asked,) = await khadija.presses("نفس الجمعية")
    assert asked.text.startswith("رئيس(ة) الجمعية: ما الذي يجب الاحتفاظ به؟")
    (left,) = await khadija.presses("إلغاء")
    assert left.text == "لم يتم دمج أي شيء."


async def test_an_association_stays_accepted_when_the_accepted_request_is_the_younger_one(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await khadija.reads()
    await khadija.presses("قبول")
    await khadija.presses("قبول")
    await tells(running, clock)
    await zahra.reads()
    await khadija.says("/duplicates")
    await khadija.presses("نفس الجمعية")
    for _ in range(3):
        await khadija.says("1")
    await khadija.presses("دمج")
    undo = khadija.payload("التراجع عن الدمج")
    statuses = sa.select(signups.c.status).order_by(signups.c.id)
    assert [row.status for row in await running.rows(statuses)] == ["approved", "merged"]
    await tells(running, clock)
    (told,) = await fatima.reads()
    assert "جمعيتكم مقبولة." in told.text
    await zahra.reads()
    (status,) = await zahra.says("وضعية الطلب")
    assert "الطلب 4726-3918: تم قبوله يوم الاثنين 23 نونبر 2026." in status.text

    await khadija.presses_data(undo)
    await khadija.presses("التراجع عن الدمج")
    assert [row.status for row in await running.rows(statuses)] == ["pending", "approved"]
    assert len(await running.rows(sa.select(decisions).where(decisions.c.undone_at.is_not(None)))) == 1
    await fatima.reads()
    (again,) = await fatima.says("وضعية الطلب")
    assert "قيد المراجعة" in again.text


async def test_a_change_signed_after_the_merge_is_not_kept_and_its_president_hears_so(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await zahra.says("تعديل")
    await zahra.says("5")
    await zahra.says("0600000012")
    await khadija.says("/duplicates")
    await khadija.presses("نفس الجمعية")
    for _ in range(3):
        await khadija.says("1")
    await khadija.presses("دمج")
    await zahra.says("نعم")
    replies = await zahra.says("الزهراء الإدريسي")
    assert replies[-1].text.startswith("لم يتم الاحتفاظ بالتعديل الذي وقعتموه الآن: تم البت في الطلب 9452-7827 أو ضمه")
    phones = await running.rows(sa.select(associations.c.phone).order_by(associations.c.id))
    assert [row.phone for row in phones] == ["+212600000001", "+212600000011"]
