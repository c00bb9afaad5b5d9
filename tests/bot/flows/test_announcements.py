"""Writing an announcement: whom it goes to, its texts, the preview, the hour, and the number that lets it leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.flows import effects, sending_time
from bot.flows.announcements import BODY_MOST, TITLE_MOST, Review, units
from bot.flows.audiences import AUDIENCE, Reach
from bot.flows.effects import Announce, DropAnnouncement
from bot.rules.audience import Audience, Part
from bot.rules.permissions import Coordinator
from tests.bot.core.setting import NOW, SETUP
from tests.bot.flows.committee_chat import CommitteeChat

WOMEN, OLDER = "women_victims_violence", "older_persons"
TEN = Reach((("telegram", "ar", 7), ("telegram", "fr", 2), ("web", "ar", 1)), 10, 2, 1)
BODY = "إخبار بخصوص اللقاء الوطني {phone} *a* _b_ <b>\n\nالفقرة الثانية"
NIGHT = datetime(2026, 11, 23, 22, 10, tzinfo=UTC)


def chat(reach: Reach = TEN, **how: object) -> CommitteeChat:
    return CommitteeChat(lambda _: reach, **how)  # type: ignore[arg-type]


def up_to_preview(someone: CommitteeChat) -> list[str]:
    someone.says("/broadcast")
    someone.says("1")
    someone.presses("هذا كل شيء")
    someone.says("إخبار إلى المنخرطين")
    someone.says(BODY)
    return someone.presses("دون نص فرنسي")


def up_to_when(someone: CommitteeChat) -> list[str]:
    up_to_preview(someone)
    return someone.presses("إرسال تجربة إلي")


def up_to_count(someone: CommitteeChat) -> list[str]:
    up_to_when(someone)
    return someone.presses("إرسال الآن")


def announced(someone: CommitteeChat) -> list[Announce]:
    return [effect for effect in someone.effects if isinstance(effect, Announce)]


def test_the_whole_way_ends_with_the_number_typed_in_any_digits() -> None:
    khadija = chat()
    (preview,) = up_to_preview(khadija)
    assert BODY in preview
    assert "عدد المتوصلين: 10\nتيليغرام، بالعربية: 7\nتيليغرام، بالفرنسية: 2\nصفحة الويب، بالعربية: 1\n" in preview
    assert "أوقفوا الإعلانات أو لم يوافقوا عليها: 2 (لن يتوصلوا به)\nيتعذر الوصول إليهم هنا: 1" in preview
    assert khadija.labels == ["إرسال تجربة إلي", "تعديل", "إلغاء"]
    khadija.presses("إرسال تجربة إلي")
    assert khadija.effects == [effects.TestSend("إخبار إلى المنخرطين", BODY, None, by=3)]
    khadija.presses("إرسال الآن")
    (again,) = khadija.says("12")
    assert again.startswith("كتبتم 12، بينما عدد المتوصلين هو 10. لم يرسل أي شيء.")
    (unread,) = khadija.says("نعم أكيد")
    assert unread.startswith("لم يرسل أي شيء. للتأكيد، المرجو كتابة عدد المتوصلين بالأرقام.")
    assert announced(khadija) == []
    (done,) = khadija.says("١٠")
    assert done == "جار إرسال الإعلان. عدد المتوصلين: 10\nيرسل فورا."
    everybody = Audience((Part("all", None),))
    assert announced(khadija) == [
        Announce("إخبار إلى المنخرطين", BODY, None, everybody, 3, 10, None, urgent=False, needs_review=False)
    ]
    assert khadija.talk.stack == ()


def test_the_digit_one_is_a_number_of_recipients_and_not_the_first_button() -> None:
    khadija = chat(Reach((("telegram", "ar", 1),), 1))
    up_to_count(khadija)
    khadija.says("1")
    assert [effect.count for effect in announced(khadija)] == [1]


def test_groups_are_added_one_by_one_and_what_was_written_stays() -> None:
    khadija = chat()
    up_to_preview(khadija)
    khadija.presses("تعديل")
    khadija.presses("الجمهور المستهدف")
    (asked,) = khadija.presses("إضافة مجموعة أخرى")
    assert asked.startswith("تم اختيار: جميع المنخرطين\n")
    khadija.presses("جهة معينة")
    khadija.says("مراكش آسفي")
    (preview,) = khadija.presses("هذا كل شيء")
    assert "الجمهور المستهدف: جميع المنخرطين + جهة مراكش-آسفي\n" in preview
    assert BODY in preview
    khadija.presses("تعديل")
    khadija.presses("الجمهور المستهدف")
    khadija.presses("اختيار من جديد")
    khadija.presses("مدينة معينة")
    khadija.says("الصويرة")
    khadija.presses("إضافة مجموعة أخرى")
    khadija.presses("لغة معينة")
    khadija.presses("قراء الفرنسية")
    khadija.presses("إضافة مجموعة أخرى")
    khadija.presses("حسب وضعية الطلب")
    khadija.presses("الطلبات المقبولة")
    (preview,) = khadija.presses("هذا كل شيء")
    assert "الجمهور المستهدف: مدينة أو جماعة: الصويرة + من يقرؤون بالفرنسية + أصحاب الطلبات المقبولة\n" in preview


def test_a_place_that_no_list_knows_is_no_audience() -> None:
    khadija = chat()
    khadija.says("/broadcast")
    khadija.presses("مدينة معينة")
    (unknown,) = khadija.says("قرية لا وجود لها أبدا")
    assert unknown.startswith("لا توجد «قرية لا وجود لها أبدا» ضمن لائحة الجماعات.")
    khadija.says("تارودنات")
    (place,) = (label for label in khadija.labels if label.startswith("تارودانت"))
    (taken,) = khadija.presses(place)
    assert "مدينة أو جماعة: تارودانت" in taken


def test_an_audience_with_nobody_in_it_is_chosen_anew() -> None:
    khadija = CommitteeChat(lambda audience: TEN if len(audience.parts) > 1 else Reach(opted_out=4))
    khadija.says("/broadcast")
    khadija.presses("فئة معينة")
    (empty, asked) = khadija.says("4")
    assert empty == "لا يوجد أي منخرط ضمن هذا الاختيار: الأشخاص المسنون. المرجو اختيار جمهور آخر."
    assert asked == "إلى من توجهون الإعلان؟"


def test_everybody_may_have_stopped_before_the_number_is_written() -> None:
    reach = [TEN]
    khadija = CommitteeChat(lambda _: reach[0])
    up_to_count(khadija)
    reach[0] = Reach((("telegram", "ar", 9),), 9, 3, 1)
    (changed,) = khadija.says("10")
    assert changed.startswith("كتبتم 10، بينما عدد المتوصلين هو 9. لم يرسل أي شيء.")
    reach[0] = Reach(opted_out=13)
    (nobody,) = khadija.says("0")
    assert nobody.startswith("لا يوجد أي منخرط ضمن هذا الاختيار: جميع المنخرطين.")
    assert announced(khadija) == []


@pytest.mark.parametrize("how", ["إلغاء", "button"])
@pytest.mark.parametrize("where", [up_to_preview, up_to_when, up_to_count])
def test_it_can_be_cancelled_at_any_moment_on_record(how: str, where: object) -> None:
    khadija = chat()
    where(khadija)  # type: ignore[operator]
    (told,) = khadija.presses("إلغاء") if how == "button" else khadija.says(how)
    assert told == "تم إلغاء الإعلان، ولم يرسل إلى أي أحد."
    assert DropAnnouncement(by=3) in khadija.effects
    assert announced(khadija) == []
    assert khadija.talk.stack == ()


def test_a_coordinator_of_one_category_writes_to_that_one_alone() -> None:
    hassan = chat(coordinator=Coordinator(4, "حسن", "coordinator", OLDER))
    (asked,) = hassan.says("/broadcast")
    assert asked == "توجهون إعلاناتكم إلى المنخرطين في: الأشخاص المسنون.\nإلى من توجهون الإعلان؟"
    assert "فئة معينة" not in hassan.labels
    (region,) = hassan.says("2")
    assert region == "ما هي الجهة؟"
    (enough,) = hassan.says("7")
    assert "الجمهور المستهدف: جهة مراكش-آسفي، ضمن: الأشخاص المسنون\n" in enough


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("غدا 10:00", "2026-11-24T10:00"), ("25/12/2026 10:30", "2026-12-25T10:30"), ("!غدا 18:00", "2026-11-24T18:00")],
)
def test_it_is_set_down_for_an_hour(typed: str, kept: str) -> None:
    khadija = chat()
    up_to_when(khadija)
    khadija.presses(typed[1:]) if typed.startswith("!") else khadija.says(typed)
    (done,) = khadija.says("10")
    assert done.startswith("تمت برمجة إرسال الإعلان يوم ")
    assert [(effect.send_local, effect.urgent) for effect in announced(khadija)] == [(kept, False)]


def test_an_hour_that_is_past_or_unreadable_or_too_far_is_asked_again() -> None:
    khadija = chat()
    up_to_when(khadija)
    assert khadija.says("15/11/2026 10:00")[0].startswith("الأحد 15 نونبر 2026، 10:00: هذا الموعد فات.")
    assert khadija.says("قريبا")[0].startswith("لم نتعرف على تاريخ وساعة في «قريبا».")
    assert "موعد بعيد" in khadija.says("25/12/2028 10:00")[0]


def test_an_hour_at_which_announcements_wait_is_asked_back() -> None:
    khadija = chat()
    up_to_when(khadija)
    (asked,) = khadija.says("غدا 22:00")
    assert asked.startswith("الثلاثاء 24 نونبر 2026، 22:00 وقت لا ترسل فيه الإعلانات عادة.")
    (confirm,) = khadija.says("1")
    assert confirm.startswith("موعد الإرسال: الأربعاء 25 نونبر 2026 على الساعة 09:00")
    other = chat()
    up_to_when(other)
    other.says("غدا 22:00")
    other.presses("الإبقاء على الموعد")
    other.says("10")
    assert [(effect.send_local, effect.urgent) for effect in announced(other)] == [("2026-11-24T22:00", True)]


def test_at_night_sending_now_is_asked_back_with_the_next_hour() -> None:
    khadija = chat(now=NIGHT)
    (asked,) = up_to_when(khadija)
    assert "الساعة الآن 22:10 بالمغرب، وهو وقت لا ترسل فيه الإعلانات عادة. هل نرسل الآن أم على الساعة 09:00؟" in asked
    assert khadija.labels[:2] == ["إرسال الآن رغم ذلك", "غدا 09:00"]
    khadija.presses("إرسال الآن رغم ذلك")
    khadija.says("10")
    assert [(effect.send_local, effect.urgent) for effect in announced(khadija)] == [(None, True)]


@pytest.mark.parametrize(("now", "urgent"), [(NIGHT, True), (None, False)])
def test_now_may_be_written(now: datetime | None, urgent: bool) -> None:
    khadija = chat(now=now) if now else chat()
    up_to_when(khadija)
    khadija.says("الآن")
    khadija.says("10")
    assert [(effect.send_local, effect.urgent) for effect in announced(khadija)] == [(None, urgent)]


def test_now_chosen_by_day_and_confirmed_at_night_waits_for_the_morning_and_says_so() -> None:
    khadija = chat()
    up_to_count(khadija)
    khadija.now = NIGHT
    (done,) = khadija.says("10")
    assert done.endswith("يرسل على الساعة 09:00، بعد انتهاء وقت الراحة.")
    assert [(effect.send_local, effect.urgent) for effect in announced(khadija)] == [(None, False)]


def test_a_button_of_another_day_sends_nothing_at_another_hour() -> None:
    khadija = chat()
    up_to_when(khadija)
    tomorrow = next(b.payload for reply in khadija.replies for b in reply.buttons if "T10:00" in b.payload)
    khadija.now = NOW + timedelta(days=2)
    (old,) = khadija.presses_data(tomorrow)
    assert old.startswith("هذا الزر")
    assert khadija.talk.top is not None
    assert khadija.talk.top.question == "when"


def test_an_hour_that_passes_before_the_number_is_written_is_chosen_again() -> None:
    khadija = chat()
    up_to_when(khadija)
    khadija.says("اليوم 18:00")
    khadija.now = datetime(2026, 11, 23, 18, 0, 1, tzinfo=UTC)
    passed, preview = khadija.says("10")
    assert passed == "فات الموعد المختار في هذه الأثناء. لم يرسل أي شيء: المرجو اختيار موعد آخر."
    assert BODY in preview
    assert announced(khadija) == []


def test_above_the_limit_a_second_coordinator_is_asked_where_there_is_one() -> None:
    many = Reach((("telegram", "ar", 201),), 201)
    khadija = chat(many, loaded={"review": Review(200, others=True)})
    (asked,) = up_to_count(khadija)
    assert "يجب أن يؤكد شخص ثان من الفريق الإعلان قبل إرساله." in asked
    (done,) = khadija.says("201")
    assert done.startswith("تم حفظ الإعلان. سيرسل بعد أن يؤكده شخص ثان من الفريق")
    alone = chat(many, loaded={"review": Review(200, others=False)})
    up_to_count(alone)
    alone.says("201")
    at_the_limit = chat(Reach((("telegram", "ar", 200),), 200), loaded={"review": Review(200, others=True)})
    up_to_count(at_the_limit)
    at_the_limit.says("200")
    assert [announced(each)[0].needs_review for each in (khadija, alone, at_the_limit)] == [True, False, False]


def test_texts_have_limits_that_are_named_and_the_longest_fits_one_message() -> None:
    khadija = chat()
    khadija.says("/broadcast")
    khadija.says("1")
    khadija.presses("هذا كل شيء")
    assert khadija.says("ا" * (TITLE_MOST + 1))[0].startswith("هذا النص طويل (عدد الأحرف: 61، الحد الأقصى: 60).")
    assert khadija.says("..")[0].startswith("هذا النص قصير")
    khadija.says("عنوان\nمن سطرين")
    assert khadija.talk.top is not None
    assert khadija.talk.top.answers["title"].value == "عنوان من سطرين"
    emoji = "👍" * (BODY_MOST // 2 + 1)
    assert "الحد الأقصى: 3500" in khadija.says(f"{emoji} كلام كثير")[0]
    (french,) = khadija.says("ا" * BODY_MOST)
    assert french.startswith("السؤال 4 من 4")


def test_the_first_of_two_who_write_at_once_is_named_to_the_second() -> None:
    hassan = chat(loaded={"composing": ("خديجة",)})
    hassan.says("/broadcast")
    (enough,) = hassan.says("1")
    assert "خديجة: إعداد إعلان آخر جار الآن أيضا." in enough


@pytest.mark.parametrize("language", ["ar", "fr"])
@pytest.mark.parametrize("now", [NOW, NIGHT, datetime(2026, 11, 26, 17, 0, tzinfo=UTC)])
def test_choices_that_depend_on_the_moment_fit_a_row_and_differ(language: str, now: datetime) -> None:
    known = SETUP.known(language=language, channel="telegram", now=now)
    regions = next(question for question in AUDIENCE.questions if question.key == "region").offered(known)
    hours = sending_time.offered(known)
    for choices in (regions, hours):
        labels = [known.speech.tell(choice.shows(known) if choice.shows else choice.label) for choice in choices]
        assert len(set(labels)) == len(labels)
        assert [label for n, label in enumerate(labels, 1) if units(f"{n}. {label}") > 24] == []
    assert len(hours) == 4
