"""A merge undone, and what stays of it: values changed since, decisions taken, old values after 30 days, people who leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.actions.decisions import tell_decisions
from bot.actions.merges import forget_merges, tell_merges
from bot.actions.signups import export_records
from storage.tables import associations, audit_entries, centres, merges, metadata, signups
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson
from tests.journeys.committee import joins
from tests.journeys.forms import FATIMA
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


async def joins_them(coordinator: TelegramPerson, *choices: str) -> str:
    """The next pair is one association, with these choices; what takes the merge back."""
    await coordinator.says("/duplicates")
    await coordinator.presses("نفس الجمعية")
    for choice in choices:
        await coordinator.says(choice)
    await coordinator.presses("دمج")
    return coordinator.payload("التراجع عن الدمج")


async def undoes(coordinator: TelegramPerson, button: str) -> str:
    await coordinator.presses_data(button)
    (told,) = await coordinator.presses("التراجع عن الدمج")
    return told.text


async def applications(running: Running) -> list[Any]:
    """All that is kept of applications, but for when they were compared."""
    kept = [column for column in signups.c if column.name != "compared_at"]
    queries = (sa.select(*kept).order_by(signups.c.id), *(sa.select(t).order_by(t.c.id) for t in (associations, centres)))
    return [tuple(row) for query in queries for row in await running.rows(query)]


async def everything(running: Running) -> str:
    rows = [await running.rows(sa.select(table)) for table in metadata.sorted_tables]
    return "\n".join(str(tuple(row)) for of_one in rows for row in of_one)


async def test_an_undo_gives_both_back_as_they_were_and_tells_those_who_were_told(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    before = await applications(running)
    button = await joins_them(khadija, "2", "2", "2")
    assert await applications(running) != before
    (sure,) = await khadija.presses_data(button)
    assert sure.text == (
        "هل تؤكدون التراجع عن دمج الطلبين 4726-3918 و 9452-7827 (جمعية أمل للتنمية والتضامن)؟"
        " يصبحان منفصلين من جديد، ويبقى كل ما تغير منذ ذلك الحين."
    )
    (undone,) = await khadija.presses("التراجع عن الدمج")
    assert undone.text == "تم التراجع: الطلبان 4726-3918 و 9452-7827 منفصلان من جديد."
    assert await applications(running) == before
    await tells(running, clock)
    assert (await fatima.reads(), await zahra.reads()) == ([], [])
    (row,) = await running.rows(sa.select(merges.c.kept, merges.c.undone_at))
    assert (row.kept, row.undone_at is None) == (None, False)

    button = await joins_them(khadija, "2", "2", "2")
    await tells(running, clock)
    assert (len(await fatima.reads()), len(await zahra.reads())) == (1, 1)
    clock.advance(days=29)
    assert (await undoes(khadija, button)).endswith("تم إخبار الطرفين.")
    assert await applications(running) == before
    (first,), (second,) = await fatima.reads(), await zahra.reads()
    assert first.text == "طلبكم 4726-3918 والطلب 9452-7827 اللذان سبق ضمهما أصبحا منفصلين من جديد."
    assert second.text == "طلبكم 9452-7827 والطلب 4726-3918 اللذان سبق ضمهما أصبحا منفصلين من جديد."
    (again,) = await khadija.presses_data(button)
    assert again.text == "هذا الدمج ليس من اختصاصكم، أو سبق التراجع عنه."
    actions = [row.action for row in await running.rows(sa.select(audit_entries.c.action).order_by(audit_entries.c.id))]
    assert actions == ["invite", "join", "merge", "undo_merge", "merge", "undo_merge"]


async def test_who_goes_back_while_choosing_loses_no_comparison(running: Running, meet: Meet) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await khadija.says("/duplicates")
    await khadija.presses("نفس الجمعية")
    (left,) = await khadija.says("رجوع")
    assert left.text == "لم يتغير أي شيء."
    await khadija.says("/duplicates")
    (first,) = await khadija.presses("نفس الجمعية")
    await khadija.says("2")
    (again,) = await khadija.says("رجوع")
    assert again.text.startswith(first.text)
    for choice in ("1", "1", "1"):
        await khadija.says(choice)
    (merged,) = await khadija.presses("دمج")
    assert merged.text.startswith("تم")


async def test_an_undo_keeps_what_was_changed_decided_and_added_since(running: Running, meet: Meet, clock: Clock) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    button = await joins_them(khadija, "2", "2", "2")
    await fatima.says("تعديل")
    await fatima.says("5")
    await fatima.says("0600000077")
    await fatima.says("نعم")
    await fatima.says("الزهراء الإدريسي")
    await khadija.reads()
    await khadija.presses("قبول")
    await khadija.presses("قبول")
    await tells(running, clock)

    await undoes(khadija, button)
    seat, other = await export_records(running.service.database, running.service.setup)
    assert (seat.status, seat.president, seat.phone, seat.email) == ("approved", "فاطمة العلوي", "+212600000077", None)
    assert [centre.name for centre in seat.centres] == ["مركز الأمل للنساء"]
    assert (other.status, other.phone, other.email) == ("pending", "+212600000011", "zahra@example.org")
    assert [centre.name for centre in other.centres] == ["دار الأمل للأطفال"]


async def test_a_correction_asked_for_is_settled_by_a_merge_and_asked_for_again_by_its_undo(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await khadija.reads()
    await khadija.presses("طلب توضيح")
    await khadija.presses("رقم الهاتف")
    await khadija.says("المرجو التأكد من الرقم")
    await tells(running, clock)
    await signs_up(zahra, ZAHRA)
    await khadija.reads()
    statuses = sa.select(signups.c.status).order_by(signups.c.id)
    button = await joins_them(khadija, "1", "2", "1")
    assert [row.status for row in await running.rows(statuses)] == ["pending", "merged"]
    await undoes(khadija, button)
    assert [row.status for row in await running.rows(statuses)] == ["needs_correction", "pending"]

    button = await joins_them(khadija, "1", "2", "1")
    clock.advance(minutes=1)
    await fatima.says("تعديل")
    await fatima.says("5")
    await fatima.says("0600000078")
    await fatima.says("نعم")
    await fatima.says("فاطمة العلوي")
    await khadija.reads()
    await undoes(khadija, button)
    assert [row.status for row in await running.rows(statuses)] == ["pending", "pending"]


async def test_only_who_merged_or_somebody_in_charge_undoes_and_the_merges_are_listed(running: Running, meet: Meet) -> None:
    salma, khadija, hassan, fatima, zahra = meet(), meet(), meet(), meet(), meet()
    await joins(salma, running, "سلمى", role="owner")
    await joins(khadija, running, "خديجة")
    await joins(hassan, running, "حسن")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await joins_them(khadija, "1", "1", "1")
    await hassan.reads()
    (listed,) = await hassan.says("/merges")
    assert listed.text == (
        "عمليات الدمج التي يمكن التراجع عنها:\n"
        "\n"
        "9452-7827، تم ضمه إلى 4726-3918 (جمعية أمل للتنمية والتضامن) من طرف خديجة، الاثنين 23 نونبر 2026\n"
        "\n"
        "للتراجع عن دمج طلب، المرجو الضغط عليه."
    )
    (refused,) = await hassan.presses("9452-7827")
    assert refused.text == (
        "تم هذا الدمج من طرف خديجة: لا يمكن التراجع عنه إلا من الجهة التي قامت به أو من المسؤول(ة) عن الفريق."
    )
    await salma.reads()
    await salma.says("/merges")
    await salma.presses("9452-7827")
    (undone,) = await salma.presses("التراجع عن الدمج")
    assert undone.text.startswith("تم التراجع")
    (empty,) = await hassan.says("/merges")
    assert empty.text == "لا توجد أي عملية دمج يمكن التراجع عنها."


async def test_a_merge_of_another_category_is_neither_listed_nor_undone(running: Running, meet: Meet) -> None:
    salma, hassan, fatima, zahra = meet(), meet(), meet(), meet()
    await joins(salma, running, "سلمى", role="owner")
    await joins(hassan, running, "حسن", category="older_persons")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, FATIMA_AGAIN)
    await salma.reads()
    await joins_them(salma, "1", "1")
    (empty,) = await hassan.says("/merges")
    assert empty.text == "لا توجد أي عملية دمج يمكن التراجع عنها."


async def test_after_thirty_days_the_old_values_are_gone_and_so_is_the_undo(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    button = await joins_them(khadija, "2", "2", "2")
    assert "+212600000001" in await everything(running)
    (copy,) = await fatima.says("/mydata_copy")
    assert "رئيس(ة) الجمعية: الزهراء الإدريسي" in copy.text
    assert "يحتفظ به إلى غاية الأربعاء 23 دجنبر 2026 تحسبا للتراجع عن الدمج: رقم الهاتف: 06 00 00 00 01" in copy.text
    clock.advance(days=30, seconds=-1)
    assert await forget_merges(running.service.database, clock()) == 0
    clock.advance(seconds=1)
    (late,) = await khadija.presses_data(button)
    assert late.text.startswith("لم يعد التراجع عن هذا الدمج ممكنا: كان ذلك متاحا إلى غاية الأربعاء 23 دجنبر 2026")
    assert [await forget_merges(running.service.database, clock()) for _ in range(2)] == [1, 0]
    assert (await running.rows(sa.select(merges.c.kept)))[0].kept is None
    assert "+212600000001" not in await everything(running)


async def test_merges_into_one_seat_are_undone_the_newest_first(running: Running, meet: Meet) -> None:
    khadija, fatima, zahra, third = meet(), meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await signs_up(third, FATIMA_AGAIN)
    await khadija.reads()
    before = await applications(running)
    first = await joins_them(khadija, "2", "2", "2")
    second = await joins_them(khadija, "2", "2", "2")
    seat, *others = await export_records(running.service.database, running.service.setup)
    assert (seat.phone, [other.status for other in others]) == ("+212600000021", ["merged", "merged"])
    (wait,) = await khadija.presses_data(first)
    assert wait.text == "المرجو التراجع أولا عن الدمج اللاحق الخاص بالطلب 4179-1823."
    await undoes(khadija, second)
    await undoes(khadija, first)
    assert await applications(running) == before


async def test_nothing_of_the_second_contact_stays_with_the_seat_when_that_person_is_erased(
    running: Running, meet: Meet
) -> None:
    khadija, fatima, zahra = meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    button = await joins_them(khadija, "2", "2", "2")
    await zahra.says("/erase")
    await zahra.says("نعم")
    left = await everything(running)
    assert not [value for value in ("الزهراء", "600000011", "zahra@example.org") if value in left]
    seat, other = await export_records(running.service.database, running.service.setup)
    assert (seat.status, seat.president, seat.phone, seat.email) == ("pending", "فاطمة العلوي", "+212600000001", None)
    assert [centre.name for centre in seat.centres] == ["مركز الأمل للنساء", "دار الأمل للأطفال"]
    assert other.status == "withdrawn"
    (gone,) = await khadija.presses_data(button)
    assert gone.text == "هذا الدمج ليس من اختصاصكم، أو سبق التراجع عنه."


async def test_the_second_contact_takes_the_seat_over_when_its_person_is_erased(
    running: Running, meet: Meet, clock: Clock
) -> None:
    khadija, fatima, zahra, third = meet(), meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(fatima, FATIMA)
    await khadija.reads()
    await khadija.presses("قبول")
    await khadija.presses("قبول")
    await tells(running, clock)
    await signs_up(zahra, replace(ZAHRA, association="جمعية الأمل للتنمية والتضامن"))
    await signs_up(third, replace(FATIMA_AGAIN, president="يوسف الأمراني", signature="يوسف الأمراني"))
    await khadija.reads()
    await joins_them(khadija, "1", "1", "1", "1")
    await joins_them(khadija, "1", "1", "1")
    await tells(running, clock)
    await zahra.reads()

    await fatima.says("/erase")
    await fatima.says("نعم")
    left = await everything(running)
    assert not [value for value in ("فاطمة", "600000001") if value in left]
    old, seat, other = await export_records(running.service.database, running.service.setup)
    assert (old.status, seat.status, other.status) == ("withdrawn", "approved", "merged")
    assert (seat.association, seat.president) == ("جمعية أمل للتنمية والتضامن", "الزهراء الإدريسي")
    assert [centre.name for centre in seat.centres] == ["مركز الأمل للنساء", "دار الأمل للأطفال"]
    categories = await running.rows(sa.select(signups.c.category).order_by(signups.c.id))
    assert categories[1].category == "women_victims_violence"
    (told,) = await zahra.reads()
    assert told.text == (
        "غادرت جهة الاتصال الأخرى بجمعيتكم. أصبح طلبكم 9452-7827 هو الذي يمثل الجمعية «جمعية أمل للتنمية والتضامن»."
    )
    await tells(running, clock)
    (accepted,) = await zahra.reads()
    assert accepted.text.startswith("تم قبول تسجيلكم.\nالجمعية: جمعية أمل للتنمية والتضامن")
    await third.reads()
    (status,) = await third.says("وضعية الطلب")
    assert status.text.startswith("تم ضم الطلب 4179-1823 إلى الطلب 9452-7827 الخاص بنفس الجمعية.")


async def test_nothing_of_a_contact_stays_further_up_when_the_seat_was_joined_to_another(
    running: Running, meet: Meet
) -> None:
    khadija, first, fatima, zahra = meet(), meet(), meet(), meet()
    await joins(khadija, running, "خديجة")
    await signs_up(first, replace(FATIMA_AGAIN, president="يوسف الأمراني", signature="يوسف الأمراني"))
    await signs_up(fatima, FATIMA)
    await signs_up(zahra, ZAHRA)
    await khadija.reads()
    (seat_and_fatima,) = await khadija.says("/duplicates")
    assert "2. الطلب 9452-7827" in seat_and_fatima.text
    await khadija.presses("الحالة الموالية")
    (fatima_and_zahra,) = await khadija.presses("الحالة الموالية")
    assert "1. الطلب 9452-7827" in fatima_and_zahra.text
    await khadija.presses("نفس الجمعية")
    for _ in range(3):
        await khadija.says("2")
    await khadija.presses("دمج")
    await joins_them(khadija, "2", "2", "2")
    seat, *_ = await export_records(running.service.database, running.service.setup)
    assert (seat.president, seat.phone, seat.email) == ("الزهراء الإدريسي", "+212600000011", "zahra@example.org")
    (card,) = await khadija.says("/pending")
    assert "جهة اتصال ثانية: فاطمه العلوي، 06 00 00 00 11\nجهة اتصال ثانية: الزهراء الإدريسي، 06 00 00 00 11" in card.text

    await zahra.says("/erase")
    await zahra.says("نعم")
    left = await everything(running)
    assert not [value for value in ("الزهراء", "600000011", "zahra@example.org") if value in left]
    seat, middle, other = await export_records(running.service.database, running.service.setup)
    assert (seat.president, seat.phone, seat.email) == ("يوسف الأمراني", "+212600000021", "amal@example.org")
    assert (middle.president, middle.phone, other.status) == ("فاطمة العلوي", "+212600000001", "withdrawn")
