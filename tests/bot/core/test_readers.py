"""What people type is read as they mean it, refused with what to do, or asked back."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bot.core.bidi import clean
from bot.core.flow import Answer, Doubt, Refused, Taken
from bot.core.readers import city, email, phone, same_name, shared_phone
from bot.flows.categories import read_category
from bot.flows.signup import SIGNUP
from tests.bot.core.setting import KNOWN, told

NOTHING: dict[str, Answer] = {}


def reading(key: str, typed: str, **answers: str) -> Taken | Refused | Doubt:
    question = SIGNUP.question(key)
    assert question is not None
    assert question.read is not None
    return question.read(clean(typed), {name: Answer(value, value) for name, value in answers.items()}, KNOWN)


@pytest.mark.parametrize(
    "typed",
    [
        "0600000001",
        "06 00 00 00 01",
        "٠٦٠٠٠٠٠٠٠١",
        "۰۶ ۰۰ ۰۰ ۰۰ ۰۱",
        "06-00-00-00-01",
        "06.00.00.00.01",
        "+212 6 00 00 00 01",
        "00212600000001",
        "212600000001",
        "600000001",
        "\u202a0600000001\u202c",
        "رقمي هو 0600000001",
        "Tél : 06 00 00 00 01",
    ],
)
def test_every_way_of_writing_a_moroccan_mobile_is_the_same_number(typed: str) -> None:
    heard = phone(clean(typed), NOTHING, KNOWN)
    assert isinstance(heard, Taken)
    assert heard.answer.value == "+212600000001"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("٠٦٠٠٠", "تنقص هذا الرقم بعض الأرقام."),
        ("06 00 00 00 01 22 3", "عدد الأرقام أكثر من اللازم."),
        ("ماعرفتش", "لم نجد أي رقم في جوابكم."),
        ("01 00 00 00 00", "هذا الرقم لا يطابق أرقام الهاتف بالمغرب."),
    ],
)
def test_a_number_that_is_none_is_refused_by_its_own_sentence(typed: str, why: str) -> None:
    heard = phone(typed, NOTHING, KNOWN)
    assert isinstance(heard, Refused)
    assert told(heard.why).startswith(why)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("0524000001", "هذا رقم هاتف ثابت: 05 24 00 00 01"),
        ("+33 6 12 34 56 78", "هذا الرقم من خارج المغرب: +33 6 12 34 56 78"),
        ("0600000001 أو 0661000002", "تتضمن رسالتكم أكثر من رقم واحد."),
    ],
)
def test_a_doubtful_number_is_asked_back(typed: str, asked: str) -> None:
    heard = phone(typed, NOTHING, KNOWN)
    assert isinstance(heard, Doubt)
    assert told(heard.ask).startswith(asked)


@pytest.mark.parametrize("typed", ["brahim@example.com", "BRAHIM@Example.com".lower(), "b.r-a_h+im@example.org"])
def test_an_address_is_taken_as_it_is(typed: str) -> None:
    assert email(typed, NOTHING, KNOWN) == Taken(Answer(typed, typed))


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("brahim @ example . com", "العنوان المسجل: brahim@example.com"),
        ("الإيميل ديالي هو brahim@example.com.", "العنوان المسجل: brahim@example.com"),
        ("mon adresse : <brahim@example.com>", "العنوان المسجل: brahim@example.com"),
        ("brahim arobase example.com", "العنوان المسجل: brahim@example.com"),
        ("brahim@gmial.com", "هل تقصدون brahim@gmail.com؟"),
        ("brahim@hotmial.fr", "هل تقصدون brahim@hotmail.fr؟"),
    ],
)
def test_an_address_we_mended_or_mistrust_is_read_back(typed: str, asked: str) -> None:
    heard = email(typed, NOTHING, KNOWN)
    assert isinstance(heard, Doubt)
    assert told(heard.ask).startswith(asked)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("brahim.example.com", "تنقص هذا العنوان علامة «@»."),
        ("brahim@", "ينقص هذا العنوان الجزء الذي يأتي بعد «@»."),
        ("brahim@example", "ينقص هذا العنوان الجزء الذي يأتي بعد «@»."),
        ("bra him@example.com", "يتضمن هذا العنوان فراغا أو رمزا"),
        ("إبراهيم(at)", "ينقص هذا العنوان الجزء الذي يأتي بعد «@»."),
    ],
)
def test_an_address_that_is_none_says_what_is_missing(typed: str, why: str) -> None:
    heard = email(typed, NOTHING, KNOWN)
    assert isinstance(heard, Refused)
    assert told(heard.why).startswith(why)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("كازا", "06.141.01.0"),
        ("casa", "06.141.01.0"),
        ("الدارالبيضاء", "06.141.01.0"),
        ("عين الشق", "06.141.01.0"),
        ("الصوبرة", "07.211.01.05"),
        ("صويرة", "07.211.01.05"),
        ("essawira", "07.211.01.05"),
        ("Essaouira, Maroc", "07.211.01.05"),
        ("مدينة الصويرة", "07.211.01.05"),
        ("سلا", "04.441.01.0"),
        ("sala", "04.441.01.0"),
        ("fes", "03.231.01.0"),
        ("ville de Rabat", "04.421.01.0"),
        ("safi", "07.431.01.03"),
        ("سيدي بوبكر الرحامنة", "07.427.09.15"),
        ("دوار تكوشت جماعة اوناغة", "07.211.03.31"),
        ("Douar Tagoucht, commune de Ounagha", "07.211.03.31"),
    ],
)
def test_a_city_is_known_by_every_name_people_give_it(typed: str, code: str) -> None:
    heard = city(typed, NOTHING, KNOWN)
    assert isinstance(heard, Taken)
    assert heard.answer.value == code


def test_communes_that_share_a_name_are_asked_with_their_province() -> None:
    heard = city("سيدي بوبكر", NOTHING, KNOWN)
    assert isinstance(heard, Doubt)
    assert [told(option.label) for option in heard.options] == [
        "سيدي بوبكر (جرادة)",
        "سيدي بوبكر (الرحامنة)",
        "لا شيء مما ذكر",
    ]


def test_a_misspelt_city_is_asked_back_and_an_unknown_one_may_be_kept() -> None:
    near = city("ouarzazat", NOTHING, KNOWN)
    assert isinstance(near, Doubt)
    assert told(near.ask) == "هل تقصدون ورزازات؟"
    province = city("إقليم الصويرة", NOTHING, KNOWN)
    assert isinstance(province, Doubt)
    assert told(province.ask) == "هل تقصدون الصويرة؟"
    unknown = city("دوار بعيد جدا", NOTHING, KNOWN)
    assert isinstance(unknown, Doubt)
    assert unknown.options[0].answer == Answer(None, "دوار بعيد جدا")


@pytest.mark.parametrize("typed", ["نعم", "لا", "ok", "12", "؟", "..", "صافي", "الجمعية", "Association"])
def test_a_word_or_a_sign_is_not_the_name_of_an_association(typed: str) -> None:
    assert isinstance(reading("association", typed), Refused)


@pytest.mark.parametrize("typed", ["0600000001", "contact@example.org"])
def test_a_contact_is_not_the_name_of_an_association(typed: str) -> None:
    heard = reading("association", typed)
    assert isinstance(heard, Refused)
    assert told(heard.why).startswith("يبدو أن هذا رقم هاتف أو بريد إلكتروني.")


def test_a_name_too_long_says_the_limit() -> None:
    heard = reading("association", "ج" * 151)
    assert isinstance(heard, Refused)
    assert "150" in told(heard.why)


def test_a_centre_named_like_its_association_is_asked_back() -> None:
    heard = reading("centre", "جمعيه الامل", association="جمعية الأمل")
    assert isinstance(heard, Doubt)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("فاطمة", "توصلنا بكلمة واحدة فقط."),
        ("فاطمة 06", "يتضمن الاسم أرقاما."),
        ("ف " + "ا" * 90, "الاسم طويل"),
        ("بارك الله فيكم", "توصلنا بكلمة واحدة فقط."),
    ],
)
def test_a_president_has_a_first_and_a_family_name(typed: str, why: str) -> None:
    heard = reading("president", typed)
    assert isinstance(heard, Refused)
    assert told(heard.why).startswith(why)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        *(("المسنين", "older_persons"), ("ناس كبار", "older_persons"), ("orphelins", "abandoned_children")),
        *(("نساء معنفات", "women_victims_violence"), ("العيالات", "women_difficult_situation")),
        *(("ذوي الإعاقة", "persons_with_disability"), ("دعم تمدرس ذوي الإعاقة", "children_disability_schooling")),
        *(("زهور", None), ("مسنين ومعاقين", None), ("معاقين مسنين", None)),
    ],
)
def test_a_category_in_other_words_is_asked_back_only_when_it_points_to_one(typed: str, key: str | None) -> None:
    heard = read_category(typed, NOTHING, KNOWN)
    found = heard.options[0].answer.value if isinstance(heard, Doubt) and heard.options[0].answer else None
    assert found == key


def test_a_signature_is_the_same_name_however_spelled_or_ordered() -> None:
    assert same_name("فاطمه العلوى", "فاطمة العلوي")
    assert same_name("Berrada NAIMA", "Naïma Berrada")
    assert not same_name("فاطمة العلوي", "فاطمة العلمي")


@pytest.mark.parametrize("typed", ["السيدة فاطمة العلوي", "الحاجة فاطمه العلوي", "لالة فاطمة العلوي", "فاطمة العلوي"])
def test_a_title_is_no_part_of_a_name(typed: str) -> None:
    assert same_name(typed, "فاطمة العلوي")
    assert same_name("السيدة فاطمة العلوي", typed)
    assert same_name("Mme. Naïma BERRADA", "Naima Berrada")
    assert not same_name("السيدة", "الحاجة")


@pytest.mark.parametrize(
    ("number", "kept"), [("212600000001", "+212600000001"), ("+33612345678", "+33612345678"), ("x", None)]
)
def test_a_shared_number_is_kept_in_one_form(number: str, kept: str | None) -> None:
    assert shared_phone(number) == kept


@given(st.text(max_size=300))
def test_no_text_breaks_a_reader(text: str) -> None:
    for question in SIGNUP.questions:
        if question.read is not None:
            answers = {"association": Answer("جمعية"), "president": Answer("فاطمة العلوي")}
            heard = question.read(clean(text), answers, KNOWN)
            if isinstance(heard, Refused):
                told(heard.why)
            if isinstance(heard, Doubt):
                told(heard.ask)
