"""The sign-up as a dialogue of values: what the journeys do not walk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.flow import Answer
from bot.flows.effects import AskHelp, DropDraft, Erase, KeepCode, Submit, WithdrawConsent
from bot.flows.standing import Request
from tests.bot.core.setting import NOW
from tests.bot.flows.chat import GOOD, Chat, agreed, answered_up_to


def test_the_number_shared_by_button_is_kept_as_vouched_for() -> None:
    chat = answered_up_to("phone")
    assert chat.replies[-1].share_phone is not None
    assert chat.shares("212600000001")[0].startswith("تم الحفظ: 06 00 00 00 01")
    assert chat.answers["phone"] == Answer("+212600000001", None, "shared")


def test_somebody_elses_contact_is_not_taken_for_the_senders() -> None:
    chat = answered_up_to("phone")
    (refused,) = chat.shares("212600000009", own=False)
    assert refused.startswith("جهة الاتصال التي تمت مشاركتها تخص شخصا آخر.")
    assert "phone" not in chat.answers


def test_the_keyboard_for_the_number_is_taken_away_when_its_question_is_left() -> None:
    chat = answered_up_to("phone")
    assert chat.talk.keyboard_up
    (asked,) = chat.says("0524000001")
    assert "هاتف ثابت" in asked
    chat.says("رجوع")
    chat.says("رجوع")
    assert [reply.drop_keyboard for reply in chat.replies] == [True, False]
    assert not chat.talk.keyboard_up


def test_the_web_page_offers_no_button_it_does_not_have() -> None:
    chat = answered_up_to("phone", "web")
    assert chat.replies[-1].share_phone is None


def test_a_landline_is_kept_only_after_a_question() -> None:
    chat = answered_up_to("phone")
    (asked,) = chat.says("0524000001")
    assert "هذا رقم هاتف ثابت" in asked
    (again,) = chat.says("رقم آخر")
    assert "السؤال 5 من 8" in again
    chat.says("0524000001")
    chat.says("نعم")
    assert chat.answers["phone"].value == "+212524000001"


def test_another_answer_typed_at_a_doubt_is_read_as_the_answer() -> None:
    chat = answered_up_to("city")
    chat.says("ouarzazat")
    (review,) = chat.says("الرباط")
    assert "7. المدينة: الرباط" in review


def test_a_commune_is_chosen_by_its_province_typed_or_tapped() -> None:
    chat = answered_up_to("city")
    chat.says("سيدي بوبكر")
    (review,) = chat.says("الرحامنة")
    assert "7. المدينة: سيدي بوبكر" in review
    assert chat.answers["city"].value == "07.427.09.15"

    other = answered_up_to("city")
    other.says("سيدي بوبكر")
    other.taps("?0")
    assert other.answers["city"].value == "02.275.09.15"


def test_a_place_no_list_knows_is_kept_as_written_when_the_person_insists() -> None:
    chat = answered_up_to("city")
    chat.says("دوار بعيد جدا")
    (review,) = chat.says("نعم")
    assert "7. المدينة: دوار بعيد جدا" in review
    assert chat.answers["city"] == Answer(None, "دوار بعيد جدا")


def test_the_place_comes_before_the_word_at_the_city_question() -> None:
    chat = answered_up_to("city")
    (review,) = chat.says("المساعدة")
    assert "7. المدينة: المساعدة" in review


def test_a_word_comes_before_a_guess_at_the_city_question() -> None:
    chat = answered_up_to("city")
    (back,) = chat.says("رجوع")
    assert "السؤال 6 من 8" in back


def test_skipping_what_is_needed_says_how_to_stop_instead() -> None:
    chat = answered_up_to("president")
    (needed,) = chat.says("تخطي")
    assert needed.startswith("هذا الجواب ضروري لمعالجة الطلب.")


def test_help_explains_the_open_question_and_asks_it_again() -> None:
    chat = answered_up_to("centre")
    (helped,) = chat.says("مساعدة")
    assert helped.startswith("إذا كانت الجمعية تسير عدة مراكز")
    assert "السؤال 2 من 8" in helped


def test_signing_on_behalf_asks_for_the_role_and_keeps_it() -> None:
    chat = answered_up_to("signature")
    (different,) = chat.says("يوسف الأمراني")
    assert different.startswith("الاسم المكتوب (يوسف الأمراني) يختلف عن اسم الرئيس(ة) (فاطمة العلوي).")
    (role,) = chat.says("أوقع بالنيابة")
    assert role.startswith("ما هي صفتكم داخل الجمعية؟")
    received, _ = chat.says("الكاتب العام")
    assert received.startswith("تم التوصل بطلبكم.")
    (submitted,) = [effect for effect in chat.effects if isinstance(effect, Submit)]
    assert submitted.answers["signature"].value == "يوسف الأمراني"
    assert submitted.answers["signer_role"].value == "الكاتب العام"


def test_a_request_already_sent_is_changed_and_signed_again_under_the_same_reference() -> None:
    chat = answered_up_to("signature")
    first = chat.says(GOOD["president"])[0]
    answers = dict(next(e for e in chat.effects if isinstance(e, Submit)).answers)
    chat.says("لا")
    chat.request = Request(1, "pending", NOW, answers)

    (choose,) = chat.says("تعديل")
    assert choose.startswith("يبقى طلبكم كما تم إرساله إلى حين توقيعكم على التعديل.")
    chat.says("2")
    (review,) = chat.says("مركز آخر للنساء")
    assert "2. المركز: مركز آخر للنساء" in review
    chat.says("نعم")
    again = chat.says(GOOD["president"])[0]
    assert again.splitlines()[1] == first.splitlines()[1]
    assert [e.signup for e in chat.effects if isinstance(e, Submit)] == [1, 1]


def test_giving_up_a_change_leaves_the_request_as_it_was_sent() -> None:
    chat = Chat(new=False)
    answers = {key: Answer(value, value) for key, value in GOOD.items() if key != "category_other"}
    chat.request = Request(
        7, "pending", NOW, {**answers, "category": Answer("older_persons"), "phone": Answer("+212600000001")}
    )
    chat.says("تعديل")
    (left,) = chat.says("إلغاء")
    assert left == "لم يتغير أي شيء. ويبقى طلبكم كما تم إرساله."
    assert chat.talk.stack == ()
    assert chat.effects == []


def test_cancelling_a_draft_is_asked_twice_and_then_forgets_it() -> None:
    chat = answered_up_to("president")
    (sure,) = chat.says("إلغاء")
    assert sure == "هل تريدون إلغاء هذا التسجيل؟ سيتم حذف الأجوبة المحفوظة، وعددها 3."
    (kept,) = chat.says("لا")
    assert "السؤال 4 من 8" in kept
    chat.says("إلغاء")
    (done,) = chat.says("نعم")
    assert done.startswith("تم إلغاء التسجيل وحذف الأجوبة المتعلقة به.")
    assert chat.effects[-1] == DropDraft(1)
    assert chat.talk.stack == ()


def test_erasing_is_asked_twice() -> None:
    chat = answered_up_to("president")
    chat.says("معطياتي")
    (sure,) = chat.presses("go::erase")
    assert sure.startswith("أنتم بصدد طلب حذف معطياتكم.")
    (kept,) = chat.says("لا")
    assert kept.startswith("لم يتم حذف أي شيء.")
    chat.presses("go::erase")
    (gone,) = chat.says("نعم")
    assert gone.startswith("تم حذف معطياتكم يوم الاثنين 23 نونبر 2026.")
    assert isinstance(chat.effects[-1], Erase)


def test_stop_is_honoured_in_the_middle_of_a_question() -> None:
    chat = answered_up_to("president")
    (stopped,) = chat.says("STOP")
    assert stopped.startswith("تم إيقاف الإعلانات والتذكيرات")
    assert "السؤال 4 من 8" in stopped
    assert chat.effects[-1] == WithdrawConsent("announcements")


def test_a_question_to_the_team_is_passed_on_and_the_sign_up_goes_on() -> None:
    chat = answered_up_to("president")
    (ask,) = chat.says("/contact")
    assert ask.startswith("المرجو كتابة سؤالكم في رسالة واحدة")
    (passed,) = chat.says("هل يجب أن يكون المركز مرخصا؟")
    assert passed.startswith("تمت إحالة رسالتكم على الفريق. وستتوصلون بالجواب هنا داخل أجل يومي عمل.")
    assert "السؤال 4 من 8" in passed
    assert chat.effects[-1] == AskHelp(text="هل يجب أن يكون المركز مرخصا؟", stuck_at="president")


def test_the_number_already_given_is_the_one_to_call() -> None:
    chat = answered_up_to("email")
    (recorded,) = chat.says("طلب مكالمة")
    assert recorded.startswith("تم تسجيل طلب المكالمة. سيتصل بكم أحد أعضاء الفريق على الرقم 06 00 00 00 01")
    assert chat.effects[-1] == AskHelp(phone="+212600000001", stuck_at="email")


def test_stopping_for_now_brings_a_code_on_the_page_and_none_on_telegram() -> None:
    web = answered_up_to("president", "web")
    (saved,) = web.says("لاحقا")
    assert "R12345-67890" in saved
    assert isinstance(web.effects[-1], KeepCode)
    telegram = answered_up_to("president")
    (saved,) = telegram.says("لاحقا")
    assert saved == "تم حفظ أجوبتكم (3 من 8). للمتابعة، يمكنكم العودة إلى هنا في أي وقت وكتابة «متابعة»."


def test_coming_back_tells_the_last_answer_and_asks_the_next() -> None:
    chat = answered_up_to("email")
    (recap,) = chat.says("متابعة")
    assert "عدد الأجوبة المحفوظة: 5 من أصل 8" in recap
    assert "آخر جواب محفوظ: رقم الهاتف: 06 00 00 00 01" in recap
    assert "السؤال 6 من 8" in recap


def test_answers_that_still_fit_are_kept_when_the_questionnaire_changes() -> None:
    chat = answered_up_to("email")
    assert chat.draft is not None
    old = replace(chat.draft, version=0, question="gone", answers={**chat.draft.answers, "gone": Answer("x")})
    chat.talk = replace(chat.talk, stack=(old,))
    (asked,) = chat.says("متابعة")
    assert "السؤال 6 من 8" in asked
    assert "gone" not in chat.answers
    assert len(chat.answers) == 6


def test_a_typed_label_is_the_button_it_names() -> None:
    chat = answered_up_to("category")
    (president,) = chat.says("دور الطالب والطالبة")
    assert "السؤال 4 من 8" in president
    assert chat.answers["category"].value == "students_boarding"


def test_a_yes_in_a_name_field_is_not_a_yes() -> None:
    chat = agreed()
    (refused,) = chat.says("نعم")
    assert refused.startswith("الجواب «نعم» قصير")
    assert chat.answers.keys() == {"consent"}


def test_the_menu_is_offered_to_a_lost_message_and_a_human_at_the_third() -> None:
    chat = answered_up_to("signature")
    chat.says(GOOD["president"])
    chat.says("لا")
    (first,) = chat.says("كلام غير مفهوم أبدا")
    assert first.startswith("لم نتمكن من فهم هذه الرسالة.")
    chat.says("كلام غير مفهوم أبدا")
    (third,) = chat.says("كلام غير مفهوم أبدا")
    assert third.startswith("يبدو أن المتابعة صعبة.")
    assert chat.payloads[0] == "go::human"


@pytest.mark.parametrize("word", ["لا", "non", "تخطي", "ما عنديش", "لا شكرا"])
def test_no_is_no_e_mail_where_the_e_mail_is_asked(word: str) -> None:
    chat = answered_up_to("email")
    assert chat.says(word)[-1].startswith("تم تسجيل ذلك. ستتوصلون بكل شيء عبر هذه المحادثة.")
    assert chat.answers["email"].value is None
