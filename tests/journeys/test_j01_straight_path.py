"""J01: the straight path, with answers in Darija."""

from __future__ import annotations

import re
from dataclasses import fields

import sqlalchemy as sa

from bot.main import Service
from storage.tables import addresses, associations, consents, conversations, people, signups
from tests.conftest import Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.people import Person, TelegramPerson
from tests.journeys.forms import FATIMA, agrees, answers_up_to


async def test_a_president_signs_up_in_one_go_when_she_answers_in_darija(person: Person) -> None:
    hello, consent = await person.says("السلام عليكم")
    assert hello.text.startswith("السلام عليكم ومرحبا بكم.")
    assert "عدد الأسئلة القصيرة: 8" in hello.text
    assert "الجمعية المنسقة" in consent.text
    assert consent.labels == ["أوافق", "لا أوافق", "حماية المعطيات"]

    (first,) = await person.says("واخا")
    assert "تم تسجيل موافقتكم يوم الاثنين 23 نونبر 2026 على الساعة 10:00" in first.text
    assert "السؤال 1 من 8" in first.text
    (second,) = await person.says(FATIMA.association)
    assert "السؤال 2 من 8" in second.text
    (third,) = await person.says(FATIMA.centre)
    assert "السؤال 3 من 8" in third.text
    assert (len(third.labels), third.labels[1], third.labels[-1]) == (11, "النساء ضحايا العنف", "رجوع")

    (fourth,) = await person.says("٢")
    assert "تم الحفظ: النساء ضحايا العنف" in fourth.text
    assert "السؤال 4 من 8" in fourth.text
    *_, fifth = await person.says(FATIMA.president)
    assert "السؤال 5 من 8" in fifth.text
    *_, sixth = await person.says(FATIMA.phone)
    assert "السؤال 6 من 8" in sixth.text
    (seventh,) = await person.says("ما عنديش")
    assert seventh.text.startswith("تم تسجيل ذلك. ستتوصلون بكل شيء عبر هذه المحادثة.")
    assert "السؤال 7 من 8" in seventh.text

    (review,) = await person.says("الصويره")
    assert (
        "1. الجمعية المسيرة: جمعية أمل للتنمية والتضامن\n"
        "2. المركز: مركز الأمل للنساء\n"
        "3. الفئة المستهدفة: النساء ضحايا العنف\n"
        "4. رئيس(ة) الجمعية: فاطمة العلوي\n"
        "5. رقم الهاتف: 06 00 00 00 01\n"
        "6. البريد الإلكتروني: غير متوفر\n"
        "7. المدينة: الصويرة"
    ) in review.text
    assert "لن يتم إرسال الطلب إلا بعد توقيعكم" in review.text

    (sign,) = await person.presses("كل شيء صحيح")
    assert "السؤال 8 من 8" in sign.text
    received, opt_in = await person.says("فاطمه العلوي")
    assert "تم التوصل بطلبكم.\nالمرجع: 4726-3918" in received.text
    assert "داخل أجل 5 أيام عمل" in received.text
    assert "05 24 00 00 01" in received.text
    assert "هل ترغبون في التوصل بالإعلانات والتذكيرات" in opt_in.text
    (done,) = await person.says("واخا")
    assert done.text == "تم تسجيل رغبتكم: ستتوصلون بالإعلانات والتذكيرات عبر هذه المحادثة."


async def test_the_straight_path_is_short_calm_and_asks_nothing_twice(person: Person) -> None:
    said = [await person.says("السلام عليكم"), await person.says("واخا")]
    for field in fields(FATIMA):
        if field.name == "signature":
            said.append(await person.presses("كل شيء صحيح"))
        said.append(await person.says(getattr(FATIMA, field.name)))
    replies = [reply for action in said for reply in action]

    assert [text.count("السؤال ") for text in (reply.text for reply in replies) if "السؤال " in text] == [1] * 8
    assert [len(action) for action in said if len(action) > 2] == []
    assert not [reply.text for reply in replies if "خطأ" in reply.text or re.search("[\U0001f000-\U0001faff!]", reply.text)]
    assert max(len(reply.text) for reply in replies if reply.buttons) <= 1024


async def test_the_call_in_brief_is_one_tap_away_and_the_consent_returns(person: Person) -> None:
    await person.says("السلام عليكم")
    (call,) = await person.presses("الاطلاع على النداء")
    assert "13 نونبر 2021" in call.text
    assert call.labels == ["متابعة"]
    (consent,) = await person.presses("متابعة")
    assert "هل توافقون على استعمال معطياتكم لهذه الأغراض؟" in consent.text


async def test_a_number_shared_by_the_channels_button_is_kept_as_vouched_for(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    fatima = TelegramPerson(bot_api, running.settled)
    (phone,) = await answers_up_to(fatima, FATIMA, "phone")
    assert phone.keyboard[0] == "مشاركة رقمي"
    saved, email = await fatima.shares_phone("212600000001")
    assert (saved.text, saved.keyboard_gone) == ("تم الحفظ: 06 00 00 00 01", True)
    assert "السؤال 6 من 8" in email.text
    for typed in (FATIMA.email, FATIMA.city, "نعم", FATIMA.signature):
        await fatima.says(typed)
    (row,) = await running.rows(sa.select(associations.c.phone, associations.c.phone_verified, associations.c.email))
    assert tuple(row) == ("+212600000001", True, None)


async def test_nothing_but_the_channel_id_is_kept_when_consent_is_not_given_yet(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    fatima = TelegramPerson(bot_api, running.settled)
    await fatima.says("السلام عليكم")

    (row,) = await running.rows(
        sa.select(people.c.language, people.c.announcements, addresses.c.external_id).join(addresses)
    )
    assert tuple(row) == ("ar", "unasked", str(fatima.id))
    assert await running.rows(sa.select(consents)) == []
    assert await running.rows(sa.select(signups)) == []
    (talk,) = await running.rows(sa.select(conversations.c.talk))
    assert "Invented" not in talk[0]


async def test_consent_carries_version_language_channel_and_time_when_given(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    await agrees(TelegramPerson(bot_api, running.settled))

    columns = (consents.c.purpose, consents.c.notice, consents.c.language, consents.c.channel, consents.c.given_at)
    (row,) = await running.rows(sa.select(*columns))
    assert tuple(row[:4]) == ("signup", "2026-11-22", "ar", "telegram")
    assert row[4] == running.service._clock()


async def test_a_refusal_is_respected_and_the_way_back_is_open(person: Person) -> None:
    await person.says("سلام")
    (declined,) = await person.says("لا")
    assert declined.text.startswith("نحترم اختياركم، ولم يتم تسجيل أي جواب.")
    assert "contact@example.org" in declined.text

    *_, consent = await person.says("بدء")
    assert "هل توافقون" in consent.text


async def test_the_notice_is_one_tap_away_and_consent_is_asked_again_after_it(person: Person) -> None:
    await person.says("سلام")
    notice, consent = await person.presses("حماية المعطيات")
    assert "المسؤول عن المعالجة: الجمعية المنسقة." in notice.text
    assert ("النقل إلى الخارج" in notice.text) == (person.channel == "telegram")
    assert "هل توافقون على استعمال معطياتكم لهذه الأغراض؟" in consent.text
    assert consent.labels == ["أوافق", "لا أوافق", "حماية المعطيات"]


async def test_the_export_holds_what_was_signed_and_what_is_still_a_draft(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    await answers_up_to(TelegramPerson(bot_api, running.settled), FATIMA, "end")
    await answers_up_to(TelegramPerson(bot_api, running.settled), FATIMA, "category")

    signed, draft = await _exported(running.service)
    assert (signed.status, signed.reference, signed.phone) == ("pending", "4726-3918", "+212600000001")
    assert (signed.centres[0].city, signed.centres[0].city_code) == ("الصويرة", "07.211.01.05")
    assert (signed.email, signed.signature) == (None, "فاطمه العلوي")
    assert (draft.status, draft.association, draft.president) == ("draft", FATIMA.association, None)
    assert draft.centres[0].name == FATIMA.centre


async def _exported(service: Service) -> list:  # type: ignore[type-arg]
    from bot.actions.signups import export_records

    return await export_records(service.database, service.setup)


async def test_the_trial_banner_is_in_every_welcome_when_nobody_is_in_charge(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api, controller_name="", contact_phone="")
    fatima = TelegramPerson(bot_api, running.settled)
    banner = "نسخة تجريبية: لم يتم التصريح بعد بالجهة المسؤولة عنها."

    hello, _ = await fatima.says("سلام")
    assert hello.text.startswith(banner)
    await fatima.says("واخا")
    await fatima.says(FATIMA.association)
    (again,) = await fatima.says("/start")
    assert again.text.startswith(banner)
