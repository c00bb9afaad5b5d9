"""J03: back, keep, and change from the summary."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables import conversations
from tests.conftest import Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.people import Person, TelegramPerson
from tests.journeys.forms import BRAHIM, agrees, answers_up_to


async def test_the_former_answer_is_shown_and_kept_when_a_president_goes_back(person: Person) -> None:
    await answers_up_to(person, BRAHIM, "president")

    (category,) = await person.says("رجوع")
    assert "السؤال 3 من 8" in category.text
    assert "جوابكم السابق: التلميذات والتلاميذ (دور الطالب والطالبة)" in category.text
    (centre,) = await person.says("رجوع")
    assert "السؤال 2 من 8" in centre.text
    assert "جوابكم السابق: دار الطالب النور" in centre.text

    (category,) = await person.presses("الإبقاء عليه")
    assert "السؤال 3 من 8" in category.text
    (president,) = await person.presses("الإبقاء عليه")
    assert "السؤال 4 من 8" in president.text
    await person.says(BRAHIM.president)
    await person.says(BRAHIM.phone)
    await person.says(BRAHIM.email)
    (review,) = await person.says(BRAHIM.city)
    assert "1. الجمعية المسيرة: جمعية دار الطالب النور\n2. المركز: دار الطالب النور" in review.text


async def test_a_change_from_the_summary_leads_straight_back_to_it(person: Person) -> None:
    await answers_up_to(person, BRAHIM, "review")

    (choose,) = await person.presses("تعديل جواب")
    assert choose.labels[:2] == ["الجمعية المسيرة", "المركز"]
    *_, phone = await person.says("5")
    assert "رقم الهاتف\nالجواب الحالي: 06 00 00 00 02" in phone.text
    assert "من 8" not in phone.text
    *_, review = await person.says("0600000022")
    assert "5. رقم الهاتف: 06 00 00 00 22" in review.text
    assert "لن يتم إرسال الطلب إلا بعد توقيعكم" in review.text


async def test_only_the_description_is_asked_when_the_category_becomes_another_one(person: Person) -> None:
    await answers_up_to(person, BRAHIM, "review")
    await person.presses("تعديل جواب")
    await person.presses("الفئة المستهدفة")

    (describe,) = await person.says("10")
    assert "المرجو وصف الفئة التي يستقبلها المركز في بضع كلمات." in describe.text
    (review,) = await person.says("أطفال مرضى السرطان")
    assert "3. الفئة المستهدفة: فئة أخرى (أطفال مرضى السرطان)" in review.text


async def test_the_first_question_says_so_when_there_is_nothing_to_go_back_to(person: Person) -> None:
    await agrees(person)
    (first,) = await person.says("ارجع")
    assert first.text.startswith("هذا هو السؤال الأول.")
    assert "السؤال 1 من 8" in first.text


async def test_an_old_button_changes_nothing_and_the_open_question_returns(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    brahim = TelegramPerson(bot_api, running.settled)
    await answers_up_to(brahim, BRAHIM, "category")
    old = brahim.payload("دور الطالب والطالبة")
    await brahim.says("4")
    before = await running.rows(sa.select(conversations.c.question))

    (again,) = await brahim.presses_data(old)
    assert again.text.startswith("هذا الزر يخص مرحلة سابقة. وفيما يلي السؤال الحالي.")
    assert "السؤال 4 من 8" in again.text
    assert await running.rows(sa.select(conversations.c.question)) == before


async def test_a_button_of_the_same_question_asked_before_changes_nothing(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    brahim = TelegramPerson(bot_api, running.settled)
    await answers_up_to(brahim, BRAHIM, "category")
    old = brahim.payload("دور الطالب والطالبة")
    await brahim.says("4")
    await brahim.says("ارجع")
    before = await running.rows(sa.select(conversations.c.question))

    (again,) = await brahim.presses_data(old)
    assert again.text.startswith("هذا الزر يخص مرحلة سابقة. وفيما يلي السؤال الحالي.")
    assert "السؤال 3 من 8" in again.text
    assert await running.rows(sa.select(conversations.c.question)) == before


async def test_the_button_to_continue_of_an_old_message_leads_to_the_open_question(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    brahim = TelegramPerson(bot_api, running.settled)
    await answers_up_to(brahim, BRAHIM, "category")
    await brahim.says("لاحقا")
    old = brahim.payload("متابعة")
    await brahim.presses_data(old)
    await brahim.says("5")
    before = await running.rows(sa.select(conversations.c.talk))

    (again,) = await brahim.presses_data(old)
    assert "عدد الأجوبة المحفوظة: 3 من أصل 8" in again.text
    assert "السؤال 4 من 8" in again.text
    assert await running.rows(sa.select(conversations.c.talk)) == before


async def test_a_double_tap_stays_quiet(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    brahim = TelegramPerson(bot_api, running.settled)
    await answers_up_to(brahim, BRAHIM, "category")
    tap = brahim.payload("دور الطالب والطالبة")

    (president,) = await brahim.presses_data(tap)
    assert "السؤال 4 من 8" in president.text
    assert await brahim.presses_data(tap) == []


async def test_every_press_is_acknowledged(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    brahim = TelegramPerson(bot_api, running.settled)
    await answers_up_to(brahim, BRAHIM, "category")
    update = brahim.press(brahim.payload("دور الطالب والطالبة"))
    await brahim._send(update)
    assert update.callback_query is not None
    assert update.callback_query.id in bot_api.acknowledged
