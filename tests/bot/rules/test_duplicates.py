"""What looks alike: names nearly the same however their words are ordered, centres that are one."""

from __future__ import annotations

from bot.core.folding import fold
from bot.rules.duplicates import centre_key, nearly_same

NAMES = [
    fold(name)
    for name in (
        "جمعية دار الطالب النور",
        "جمعية النور دار الطالب",
        "جمعية دار الطالبة النور",
        "جمعية أمل للتنمية",
        "Association Dar Talib Nour",
    )
]


def test_names_are_nearly_the_same_whatever_the_order_of_their_words() -> None:
    assert nearly_same(NAMES[0], NAMES) == [0, 1, 2]
    assert nearly_same(NAMES[3], NAMES) == [3]
    assert nearly_same(NAMES[3], []) == []


def test_two_centres_are_one_when_name_and_commune_are_the_same_however_they_are_spelled() -> None:
    one = centre_key("مركز الأمل للنساء", "الصويرة", "04.211.01.0")
    assert centre_key("مركز الامل للنساء", "Essaouira", "04.211.01.0") == one
    assert centre_key("مركز الامل للنساء", "الرباط", "04.421.01.0") != one
    assert centre_key("مركز الأمل", "دوار العين", None) == centre_key("مركز الامل", "دوّار العين", None)
