"""What the team gathered by form and e-mail reaches its president: by a printed code, or by the number it was sent with."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.actions.imports import undo_import
from bot.actions.signups import export_records
from storage.tables import associations, centres, consents, people, signups
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import Person, Reply, TelegramPerson, WebPerson, gather
from tests.journeys.forms import BRAHIM, FATIMA, NAIMA, answers_up_to
from tests.journeys.prepared import prepare

SENT = replace(FATIMA, category="النساء ضحايا العنف", email="")
"""What Fatima had filled in on the form, before there was a conversation."""
CARD = (
    "1. الجمعية المسيرة: جمعية أمل للتنمية والتضامن\n"
    "2. المركز: مركز الأمل للنساء\n"
    "3. الفئة المستهدفة: النساء ضحايا العنف\n"
    "4. رئيس(ة) الجمعية: فاطمة العلوي\n"
    "5. رقم الهاتف: 06 00 00 00 01\n"
    "6. البريد الإلكتروني: غير متوفر\n"
    "7. المدينة: الصويرة"
)
DOES_NOT_WORK = "تعذر قبول هذا الرمز"


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture(params=("telegram", "web"))
async def fatima(request: pytest.FixtureRequest, running: Running, bot_api: BotApi) -> AsyncIterator[Person]:
    if request.param == "telegram":
        yield TelegramPerson(bot_api, running.settled)
        return
    somebody = WebPerson(running.url)
    yield somebody
    await somebody.closes()


@pytest.fixture
def telegram(running: Running, bot_api: BotApi) -> TelegramPerson:
    return TelegramPerson(bot_api, running.settled)


async def statuses(running: Running) -> list[str]:
    return [row.status for row in await running.rows(sa.select(signups.c.status).order_by(signups.c.id))]


async def test_a_president_confirms_what_was_prepared_and_signs_when_she_has_the_code(
    fatima: Person, running: Running
) -> None:
    (code,) = await prepare(running, SENT)
    (hello,) = await fatima.says(code)
    assert hello.text.startswith("السلام عليكم ومرحبا بكم.")
    assert "هيأ فريق التنسيق تسجيل الجمعية «جمعية أمل للتنمية والتضامن»" in hello.text
    assert "هل توافقون على استعمال معطياتكم" in hello.text
    assert "0600000001" not in hello.text.replace(" ", "")
    assert hello.labels == ["أوافق", "لا أوافق", "حماية المعطيات"]

    (card,) = await fatima.presses("أوافق")
    assert CARD in card.text
    assert card.labels == ["كل شيء صحيح", "تعديل جواب"]
    (sign,) = await fatima.presses("كل شيء صحيح")
    assert "السؤال 8 من 8" in sign.text
    received, opt_in = await fatima.says("فاطمه العلوي")
    assert "المرجع: 4726-3918" in received.text
    assert "هل ترغبون في التوصل بالإعلانات" in opt_in.text

    columns = (signups.c.status, signups.c.source, signups.c.channel, signups.c.reference, signups.c.claim_digest)
    assert await running.rows(sa.select(*columns)) == [("pending", "import", fatima.channel, "4726-3918", None)]
    assert await running.rows(sa.select(sa.func.count()).select_from(associations)) == [(1,)]
    assert await running.rows(sa.select(consents.c.purpose)) == [("signup",)]


async def test_a_code_is_taken_however_it_is_written(telegram: TelegramPerson, running: Running) -> None:
    (code,) = await prepare(running, SENT)
    (hello,) = await telegram.says("/start " + code.replace("-", "").lower())
    assert "هيأ فريق التنسيق" in hello.text


async def test_what_is_not_right_is_corrected_before_signing(fatima: Person, running: Running) -> None:
    (code,) = await prepare(running, SENT)
    await fatima.says(code)
    await fatima.says("واخا")
    await fatima.presses("تعديل جواب")
    (asked,) = await fatima.says("6")
    assert "البريد الإلكتروني" in asked.text
    (card,) = await fatima.says("fatima@example.com")
    assert "6. البريد الإلكتروني: fatima@example.com" in card.text
    await fatima.says("نعم")
    await fatima.says("فاطمة العلوي")
    assert await running.rows(sa.select(associations.c.name, associations.c.email)) == [
        (SENT.association, "fatima@example.com")
    ]


async def test_only_what_was_not_gathered_is_asked(telegram: TelegramPerson, running: Running) -> None:
    (code,) = await prepare(running, replace(SENT, category="فئة أخرى"))
    await telegram.says(code)
    (asked,) = await telegram.says("نعم")
    assert asked.text.endswith("المرجو وصف الفئة التي يستقبلها المركز في بضع كلمات.")
    (card,) = await telegram.says("أطفال مرضى")
    assert "3. الفئة المستهدفة: فئة أخرى (أطفال مرضى)" in card.text


async def test_an_email_is_asked_where_it_is_required(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api, email_required=True)
    fatima = TelegramPerson(bot_api, running.settled)
    (code,) = await prepare(running, SENT)
    await fatima.says(code)
    (asked,) = await fatima.says("نعم")
    assert "السؤال 6 من 8" in asked.text
    (card,) = await fatima.says("fatima@example.com")
    assert "6. البريد الإلكتروني: fatima@example.com" in card.text


async def test_further_centres_stay_with_the_association(telegram: TelegramPerson, running: Running) -> None:
    (code,) = await prepare(running, SENT, replace(SENT, centre="مركز الأمل الثاني", city="Rabat"))
    (hello,) = await telegram.says(code)
    assert "مراكز أخرى للجمعية، محفوظة كما توصلنا بها: مركز الأمل الثاني" in hello.text
    await telegram.says("نعم")
    await telegram.says("نعم")
    (record,) = await export_records(running.service.database, running.service.setup)
    assert [centre.name for centre in record.centres] == ["مركز الأمل للنساء", "مركز الأمل الثاني"]
    await telegram.says("فاطمة العلوي")
    (record,) = await export_records(running.service.database, running.service.setup)
    assert (record.status, [centre.city for centre in record.centres]) == ("pending", ["الصويرة", "الرباط"])


async def test_who_does_not_agree_leaves_nothing_that_was_prepared(fatima: Person, running: Running) -> None:
    (code,) = await prepare(running, SENT)
    await fatima.says(code)
    (declined,) = await fatima.presses("لا أوافق")
    assert declined.text.startswith("نحترم اختياركم، ولم يتم تسجيل أي جواب.")
    assert "تم حذف الأجوبة التي كان فريق التنسيق قد هيأها." in declined.text
    for table in (signups, associations, centres):
        assert await running.rows(sa.select(table)) == []
    (hello, _) = await fatima.says("بدء")
    assert hello.text.startswith("السلام عليكم ومرحبا بكم.")


async def test_giving_up_a_claimed_sign_up_deletes_what_was_gathered(telegram: TelegramPerson, running: Running) -> None:
    (code,) = await prepare(running, SENT)
    for words in (code, "نعم", "إلغاء", "نعم"):
        await telegram.says(words)
    for table in (signups, associations, centres):
        assert await running.rows(sa.select(table)) == []


async def test_an_erasure_takes_a_claimed_sign_up_with_it(telegram: TelegramPerson, running: Running) -> None:
    (code,) = await prepare(running, SENT)
    for words in (code, "نعم", "/erase", "نعم"):
        await telegram.says(words)
    for table in (signups, associations, centres, people):
        assert await running.rows(sa.select(table)) == []


async def test_a_code_works_once(running: Running, bot_api: BotApi) -> None:
    (code,) = await prepare(running, SENT)
    first, second = (TelegramPerson(bot_api, running.settled) for _ in range(2))
    await first.says(code)
    (refused,) = await second.says(code)
    assert refused.text.startswith(DOES_NOT_WORK)
    (again,) = await first.says(code)
    assert again.text.startswith("تتضمن هذه المحادثة تسجيلا آخر.")
    assert "هل توافقون" in again.text


async def test_of_many_who_claim_one_at_once_one_gets_it(running: Running, bot_api: BotApi) -> None:
    (code,) = await prepare(running, SENT)
    crowd = [TelegramPerson(bot_api, running.settled) for _ in range(12)]
    replies: list[list[Reply]] = await gather(*(person.says(code) for person in crowd))
    texts = [reply.text for (reply,) in replies]
    assert len([text for text in texts if "هيأ فريق التنسيق" in text]) == 1
    assert len([text for text in texts if text.startswith(DOES_NOT_WORK)]) == 11
    assert await statuses(running) == ["draft"]


async def test_wrong_codes_slow_down_like_any_other(telegram: TelegramPerson, running: Running, clock: Clock) -> None:
    (code,) = await prepare(running, SENT)
    for number in range(5):
        (wrong,) = await telegram.says(f"p11111-2222{number}")
        assert wrong.text.startswith(DOES_NOT_WORK)
    (slowed,) = await telegram.says(code)
    assert slowed.text.startswith("تعذر قبول عدة رموز.")
    clock.advance(seconds=61)
    (hello,) = await telegram.says(code)
    assert "هيأ فريق التنسيق" in hello.text


async def test_who_has_a_sign_up_is_told_and_nothing_changes(fatima: Person, running: Running) -> None:
    await answers_up_to(fatima, BRAHIM, "president")
    (code,) = await prepare(running, SENT)
    (busy,) = await fatima.says(code)
    assert busy.text.startswith("تتضمن هذه المحادثة تسجيلا آخر.")
    assert "السؤال 4 من 8" in busy.text
    assert await statuses(running) == ["draft", "prepared"]


async def test_a_code_does_not_work_after_ninety_days_though_no_tick_has_run(
    telegram: TelegramPerson, running: Running, clock: Clock
) -> None:
    (code,) = await prepare(running, SENT)
    clock.advance(days=90)
    (refused,) = await telegram.says(code)
    assert refused.text.startswith(DOES_NOT_WORK)


async def test_a_shared_number_leads_to_what_was_prepared_for_it(telegram: TelegramPerson, running: Running) -> None:
    await prepare(running, SENT, BRAHIM_SENT)
    await answers_up_to(telegram, replace(FATIMA, association="جمعية الأمل", president="فاطمة"), "phone")
    await telegram.says("فاطمة العلوي")
    saved, offer = await telegram.shares_phone("+212600000001")
    assert saved.text == "تم الحفظ: 06 00 00 00 01"
    assert saved.keyboard_gone
    assert "الجمعية: جمعية أمل للتنمية والتضامن\nهل يخصكم هذا التسجيل؟" in offer.text
    assert offer.labels == ["نعم، يخصنا", "لا، لا يخصنا"]

    (card,) = await telegram.presses("نعم، يخصنا")
    assert CARD in card.text
    await telegram.says("نعم")
    received, _ = await telegram.says("فاطمة العلوي")
    assert re.search(r"المرجع: \d{4}-\d{4}", received.text)
    query = sa.select(signups.c.status, signups.c.source, associations.c.phone_verified).join(associations)
    assert await running.rows(query.order_by(signups.c.id)) == [
        ("pending", "import", True),
        ("prepared", "import", False),
    ]


BRAHIM_SENT = replace(BRAHIM, category="دار الطالب", phone="0600000002")


async def test_the_own_answers_go_on_when_the_offer_is_not_ones_own(telegram: TelegramPerson, running: Running) -> None:
    await prepare(running, SENT)
    await answers_up_to(telegram, NAIMA, "phone")
    await telegram.shares_phone("+212600000001")
    (next_question,) = await telegram.presses("لا، لا يخصنا")
    assert "الأجوبة التي قدمتموها هنا محفوظة." in next_question.text
    assert "السؤال 6 من 8" in next_question.text
    assert sorted(await statuses(running)) == ["draft", "prepared"]


async def test_a_typed_number_or_somebody_elses_contact_offers_nothing(running: Running, bot_api: BotApi) -> None:
    await prepare(running, SENT)
    typing, sharing = (TelegramPerson(bot_api, running.settled) for _ in range(2))
    await answers_up_to(typing, FATIMA, "phone")
    *_, asked = await typing.says("0600000001")
    assert "السؤال 6 من 8" in asked.text
    await answers_up_to(sharing, FATIMA, "phone")
    (refused,) = await sharing.shares_phone("+212600000001", owner=1)
    assert "تخص شخصا آخر" in refused.text
    assert "السؤال 5 من 8" in refused.text


async def test_two_prepared_for_one_number_are_not_chosen_between(telegram: TelegramPerson, running: Running) -> None:
    await prepare(running, SENT, replace(BRAHIM_SENT, phone=SENT.phone))
    await answers_up_to(telegram, FATIMA, "phone")
    *_, asked = await telegram.shares_phone("+212600000001")
    assert "السؤال 6 من 8" in asked.text


async def test_an_offer_that_is_gone_meanwhile_says_so_and_keeps_the_own_answers(running: Running, bot_api: BotApi) -> None:
    (code,) = await prepare(running, SENT)
    slow, quick = (TelegramPerson(bot_api, running.settled) for _ in range(2))
    await answers_up_to(slow, FATIMA, "phone")
    await slow.shares_phone("+212600000001")
    await quick.says(code)
    (gone,) = await slow.presses("نعم، يخصنا")
    assert gone.text.startswith("لم يعد هذا التسجيل في انتظار رئيس(ة) الجمعية.")
    assert "السؤال 6 من 8" in gone.text
    assert await statuses(running) == ["draft", "draft"]


async def test_of_two_who_share_one_number_one_gets_what_was_prepared(running: Running, bot_api: BotApi) -> None:
    await prepare(running, SENT)
    both = [TelegramPerson(bot_api, running.settled) for _ in range(2)]
    for person in both:
        await answers_up_to(person, FATIMA, "phone")
        await person.shares_phone("+212600000001")
    replies: list[list[Reply]] = await gather(*(person.presses("نعم، يخصنا") for person in both))
    texts = sorted(reply.text for (reply,) in replies)
    assert len([text for text in texts if CARD in text]) == 1
    assert len([text for text in texts if text.startswith("لم يعد هذا التسجيل")]) == 1


async def test_who_changes_a_sent_request_is_offered_nothing(telegram: TelegramPerson, running: Running) -> None:
    await answers_up_to(telegram, replace(NAIMA, email="ما عنديش", city="الرباط"), "end")
    await telegram.says("لا")
    await prepare(running, SENT)
    await telegram.says("تعديل")
    await telegram.says("5")
    *_, card = await telegram.shares_phone("+212600000001")
    assert "5. رقم الهاتف: 06 00 00 00 01" in card.text
    assert await statuses(running) == ["pending", "prepared"]


async def test_what_was_claimed_stays_when_the_import_is_undone(telegram: TelegramPerson, running: Running) -> None:
    claimed, _ = await prepare(running, SENT, BRAHIM_SENT)
    await telegram.says(claimed)
    await telegram.says("نعم")
    undone = await undo_import(running.service.database, 1, now=running.service._clock())
    assert (undone.deleted, undone.claimed) == (1, [(SENT.association, None)])
    (sign,) = await telegram.says("نعم")
    assert "السؤال 8 من 8" in sign.text
    received, _ = await telegram.says("فاطمة العلوي")
    assert "تم التوصل بطلبكم." in received.text
    assert await statuses(running) == ["pending"]
