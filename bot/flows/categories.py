"""Whom a centre serves: the ten categories, in the order they are offered. Keys are kept for good; labels may change."""

from __future__ import annotations

from bot.core.bidi import one_line, shorten
from bot.core.flow import Answer, Answers, Choice, Doubt, Reading, Refused, yes_or_no
from bot.core.folding import fold
from bot.core.known import Known
from bot.core.text import Text, Value, t

OTHER = "other"

CATEGORIES = (
    Choice("children_difficult_situation", t("Children in difficulty"), t("Children in difficult situations")),
    Choice("women_victims_violence", t("Women – violence"), t("Women victims of violence")),
    Choice("persons_with_disability", t("Disability"), t("Persons with disabilities")),
    Choice("older_persons", t("Older persons")),
    Choice(
        "students_boarding",
        t("Student homes"),
        t("Pupils (student homes)"),
        also=("دار الطالب", "دار الطالبة", "دار الطالب والطالبة", "dar talib", "dar taliba"),
    ),
    Choice("abandoned_children", t("Abandoned children")),
    Choice(
        "children_disability_schooling",
        t("Disability schooling"),
        t("Children with disabilities (schooling support)"),
    ),
    Choice("women_difficult_situation", t("Women in difficulty"), t("Women in difficult situations")),
    Choice("youth_leaving_care", t("Youth leaving care"), t("Young people leaving care")),
    Choice(OTHER, t("Another category"), also=("أخرى", "autre", "autres", "غيرها")),
)

_TELLING = {
    "children_difficult_situation": "طفولة الشارع rue",
    "women_victims_violence": "عنف معنفات violence battues",
    "persons_with_disability": "معاقين معاقون معاق احتياجات خاصة handicap handicapes tawahod توحد",
    "older_persons": "مسنين مسن عجزة عجائز شيوخ كبار vieux agees",
    "students_boarding": "تلاميذ تلميذات تلميذ طلبة طالب طالبة eleves talib taliba",
    "abandoned_children": "متخلى ايتام يتامى يتيم orphelins orphelinat abandonnes",
    "children_disability_schooling": "تمدرس scolarisation",
    "women_difficult_situation": "عازبات ارامل مطلقات celibataires veuves",
    "youth_leaving_care": "شباب jeunes مغادرة",
}
_GENERAL = {
    "women_difficult_situation": "نساء امراة عيالات مرا femmes",
    "persons_with_disability": "اعاقة اعاقات",
}
"""Words that tell only where no other word does: «نساء» alone, but not in «نساء معنفات»."""
_WORDS, _WIDER = (
    {key: {fold(word) for word in words.split()} for key, words in table.items()} for table in (_TELLING, _GENERAL)
)


def label(key: str) -> Text:
    """The full label of a category; an unknown key is a bug: StopIteration."""
    choice = next(choice for choice in CATEGORIES if choice.key == key)
    return choice.full or choice.label


def named(key: str) -> Value:
    """The full label of a category; the key itself where the list has it no more."""
    return label(key) if any(choice.key == key for choice in CATEGORIES) else key


def read_category(typed: str, _: Answers, __: Known) -> Reading:
    """Words that are none of the choices: the one category they point to is asked back about, never guessed."""
    words = {word.removeprefix("و").removeprefix("ال").removeprefix("ل") for word in fold(typed).split()}
    pointed = [key for key, telling in _WORDS.items() if words & telling] or [
        key for key, general in _WIDER.items() if words & general
    ]
    if len(pointed) == 1:
        ask = t("We understood: {suggestion}. Is that right?")(suggestion=label(pointed[0]))
        return Doubt(ask, yes_or_no(Answer(pointed[0], typed)))
    return Refused(
        t("“{value}” does not match a category in the list. Press one of the choices, or write a number from 1 to {max}.")(
            value=shorten(one_line(typed), 60), max=len(CATEGORIES)
        )
    )
