"""Figures as values: what adds up, what is left out, how it reads on a phone in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from bot.core import calendar
from bot.core.text import Named
from bot.flows.signup import SIGNUP
from bot.reports.chart import Bars, told as as_drawn
from bot.reports.figures import DAYS, Figures, Stop, figures, report_chart, report_text, shares
from tests.bot.core.setting import SETUP, told

AT = datetime(2026, 11, 23, 10, 5, tzinfo=UTC)
REGIONS = SETUP.places.regions
NEVER: list[tuple[date, int]] = [(day, 0) for day, _ in calendar.last_days(AT, DAYS)]


def counted(sent: Sequence[Any] = (), drafts: Sequence[Any] = (), days: Any = NEVER, *, whole: bool = True) -> Figures:
    return figures(at=AT, sent=sent, drafts=drafts, days=days, regions=REGIONS, whole=whole)


SENT = [
    ("approved", "older_persons", "07", 6),
    ("approved", "women_victims_violence", "07", 3),
    ("pending", "older_persons", "04", 2),
    ("needs_correction", "other", None, 1),
    ("refused", "other", "04", 2),
    ("withdrawn", "other", "04", 1),
]
DRAFTS = [
    ("email", 4, 2, AT - timedelta(days=12)),
    ("association", 3, 0, AT - timedelta(hours=1)),
    ("review", 2, 1, AT - timedelta(days=2)),
    (None, 1, 1, AT - timedelta(days=1)),
]


def test_what_was_refused_or_withdrawn_has_not_joined() -> None:
    seen = counted(SENT, DRAFTS)
    assert (seen.joined, seen.drafts, seen.stuck) == (12, 10, 4)
    assert seen.categories == (("older_persons", 8), ("women_victims_violence", 3), ("other", 1))
    assert seen.regions == ((REGIONS["07"], 9), (REGIONS["04"], 2), (None, 1))
    assert sum(count for _, count in seen.categories) == sum(count for _, count in seen.regions) == seen.joined


def test_stops_come_in_the_order_of_the_questions_and_only_where_somebody_is_stuck() -> None:
    stops = counted(drafts=DRAFTS).stops
    assert [(stop.question, stop.count) for stop in stops] == [("email", 2), ("review", 1), (None, 1)]
    assert stops[0] == Stop("email", 2, AT - timedelta(days=12))


@given(st.lists(st.integers(0, 10_000), max_size=12))
def test_shares_add_up_to_a_hundred_and_keep_the_order(counts: list[int]) -> None:
    found = shares(counts)
    assert sum(found) == (100 if sum(counts) else 0)
    assert all(0 <= share - count * 100 / sum(counts) + 1 <= 2 for share, count in zip(found, counts, strict=True) if count)
    ranked = sorted(zip(counts, found, strict=True))
    assert [share for _, share in ranked] == sorted(found)


def test_the_report_reads_on_a_phone_in_arabic() -> None:
    days = [*NEVER[:-2], (NEVER[-2][0], 4), (NEVER[-1][0], 2)]
    assert told(report_text(counted(SENT, DRAFTS, days))) == (
        "مؤشرات يوم الاثنين 23 نونبر 2026 على الساعة 10:05\n\n"
        "عدد الطلبات المتوصل بها: 12\n"
        "• قيد المراجعة: 2 (17%)\n"
        "• في انتظار توضيح: 1 (8%)\n"
        "• مقبول: 9 (75%)\n"
        "لم يتم قبوله: 2\n"
        "تم سحبه: 1\n\n"
        "تسجيلات غير مكتملة: 10\n"
        "متوقفة منذ يوم أو أكثر: 4\n"
        "• البريد الإلكتروني: 2، أقدمها منذ 12 يوما\n"
        "• مراجعة الأجوبة: 1، أقدمها منذ يومين\n"
        "• خارج الأسئلة: 1، أقدمها منذ يوم واحد\n\n"
        "حسب الفئة:\n"
        "• الأشخاص المسنون: 8 (67%)\n"
        "• النساء ضحايا العنف: 3 (25%)\n"
        "• فئة أخرى: 1 (8%)\n\n"
        "حسب الجهة:\n"
        "• مراكش-آسفي: 9 (75%)\n"
        "• الرباط-سلا-القنيطرة: 2 (17%)\n"
        "• جهة غير معروفة: 1 (8%)\n\n"
        "الطلبات المتوصل بها منذ 25 أكتوبر: 6. خلال آخر 7 أيام: 6. اليوم: 2."
    )


def test_of_a_few_no_shares_are_told() -> None:
    text = told(report_text(counted([("pending", "older_persons", "07", 9)], whole=False)), "fr")
    assert text == (
        "Indicateurs du lundi 23 novembre 2026 à 10:05\nPour vos catégories seulement\n\n"
        "Demandes reçues\u00a0: 9\n• En cours d’examen\u00a0: 9\n\n"
        "Par catégorie\u00a0:\n• Personnes âgées\u00a0: 9\n\n"
        "Par région\u00a0:\n• Marrakech-Safi\u00a0: 9\n\n"
        "Reçues depuis le 25 octobre\u00a0: 0. Les 7 derniers jours\u00a0: 0. Aujourd’hui\u00a0: 0."
    )


def test_with_nothing_yet_one_sentence_says_so() -> None:
    assert told(report_text(counted())) == "مؤشرات يوم الاثنين 23 نونبر 2026 على الساعة 10:05\n\nلم نتوصل بأي طلب بعد."
    chart = report_chart(counted())
    assert chart.parts == ()
    assert [number for _, number in chart.numbers] == [0, 0, 0, 0]


def test_a_few_regions_are_named_and_the_rest_is_one_bar_set_aside() -> None:
    sent = [("approved", "other", code, 20 - place) for place, code in enumerate(sorted(REGIONS))]
    bars = report_chart(counted([*sent, ("approved", "other", None, 1)])).parts[1]
    assert isinstance(bars, Bars)
    assert [(bar.label, bar.length, bar.aside) for bar in bars.bars] == [
        *((REGIONS[code], 20 - place, False) for place, code in enumerate(sorted(REGIONS)[:5])),
        (bars.bars[5].label, sum(20 - place for place in range(5, 12)), True),
        (bars.bars[6].label, 1, True),
    ]
    six = report_chart(counted(sent[:6])).parts[1]
    assert isinstance(six, Bars)
    assert [bar.aside for bar in six.bars] == [False] * 6


def test_the_chart_says_what_the_text_says() -> None:
    days = [*NEVER[:-1], (NEVER[-1][0], 12)]
    drawn = as_drawn(report_chart(counted(SENT, DRAFTS, days)), SETUP.speech("fr", "telegram"))
    assert drawn["rtl"] is False
    assert "demandes\u00a0: 12" in drawn["note"]
    assert drawn["numbers"] == [["Demandes", "12"], ["En examen", "2"], ["Acceptées", "9"], ["Inachevées", "10"]]
    categories, regions, by_day = drawn["parts"]
    assert categories["bars"] == [
        ["Personnes âgées", 8, "8 (67\u00a0%)", False],
        ["Femmes – violence", 3, "3 (25\u00a0%)", False],
        ["Autre catégorie", 1, "1 (8\u00a0%)", False],
    ]
    assert [length for _, length, _, _ in regions["bars"]] == [9, 2, 1]
    assert by_day == {
        "heading": "Demandes par jour depuis le 25 octobre",
        "columns": [0] * 29 + [12],
        "ends": ["25 octobre", "23 novembre"],
    }


def test_a_month_without_applications_has_no_columns() -> None:
    assert len(report_chart(counted(SENT)).parts) == 2
    assert len(report_chart(counted(SENT, days=[*NEVER[:-1], (NEVER[-1][0], 1)])).parts) == 3


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_full_report_fits_beside_its_picture_or_in_one_message(language: str) -> None:
    sent = [
        ("approved", c.key, code, 900)
        for c in (SIGNUP.question("category") or SIGNUP.questions[0]).choices
        for code in REGIONS
    ]
    drafts = [(question.key, 900, 900, AT - timedelta(days=29)) for question in SIGNUP.questions]
    text = SETUP.speech(language, "telegram").tell(report_text(counted(sent, drafts)))
    assert len(text.encode("utf-16-le")) // 2 <= 1700


def test_every_region_of_the_census_has_its_own_code() -> None:
    places = SETUP.places
    assert len(places.regions) == 12
    assert all(places.regions[place.code[:2]] == place.region for place in places.by_code.values())
    assert all(isinstance(region, Named) for region in places.regions.values())


def test_the_days_end_today_in_the_readers_zone_and_begin_at_midnight_there() -> None:
    late = datetime(2026, 3, 31, 23, 30, tzinfo=UTC).astimezone(SETUP.zone)
    days = calendar.last_days(late, 3)
    assert [day for day, _ in days] == [date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1)]
    assert [start.astimezone(UTC).hour for _, start in days] == [23, 23, 23]
