"""The pictures: as wide as a phone wants them, every letter there, bars that grow from where reading begins.

A letter that no font has is a warning of matplotlib's, and a warning fails a test.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

from bot.core.text import Named, t
from bot.flows.categories import CATEGORIES
from bot.reports.chart import Bar, Bars, Chart, Columns, told
from bot.reports.figures import report_chart
from bot.reports.signups import STATUSES
from handlers.exports.painting import MARGIN, WIDTH, paint
from tests.bot.core.setting import SETUP
from tests.bot.reports.test_figures import DRAFTS, NEVER, counted

INK, COLOUR, PALE, PAPER = (0x1C, 0x2B, 0x2E), (0x0F, 0x5F, 0x6B), (0x8D, 0xB9, 0xBF), (0xFF, 0xFF, 0xFF)


def painted(chart: Chart | Mapping[str, Any], language: str = "ar") -> Image.Image:
    drawn = told(chart, SETUP.speech(language, "telegram")) if isinstance(chart, Chart) else chart
    picture = Image.open(io.BytesIO(paint(drawn)))
    assert (picture.format, picture.width) == ("PNG", WIDTH)
    return picture.convert("RGB")


def columns_of(picture: Image.Image, colour: tuple[int, int, int]) -> list[int]:
    """The columns of the picture that have exactly this colour."""
    pixels = picture.load()
    assert pixels is not None
    return [x for x in range(picture.width) if any(pixels[x, y] == colour for y in range(picture.height))]


def sent(count: int) -> list[Any]:
    statuses, regions = ("approved", "pending", "refused"), [*SETUP.places.regions, None]
    return [(statuses[each % 3], CATEGORIES[each % 10].key, regions[each % 13], 1 + each % 2) for each in range(count)]


@pytest.mark.parametrize("language", ["ar", "fr"])
@pytest.mark.parametrize("count", [0, 1, 200])
def test_the_report_is_a_picture_for_a_phone_however_many_there_are(language: str, count: int) -> None:
    days = [*NEVER[:-1], (NEVER[-1][0], count)]
    picture = painted(report_chart(counted(sent(count), DRAFTS if count else (), days)), language)
    assert 400 < picture.height < 2.2 * WIDTH
    edges = {picture.getpixel((x, y)) for x in (0, MARGIN // 2, WIDTH - 1) for y in range(picture.height)}
    assert edges == {PAPER}
    assert columns_of(picture, COLOUR) != []


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_every_category_region_and_status_has_its_letters(language: str) -> None:
    labels = [*(choice.label for choice in CATEGORIES), *(choice.full or choice.label for choice in CATEGORIES)]
    labels += [*SETUP.places.regions.values(), *STATUSES.values()]
    painted(
        Chart(t("Sign-up figures"), t("By region"), (), (Bars(t("By category"), [Bar(each, 1) for each in labels]),)),
        language,
    )


def test_names_in_any_script_of_the_country_have_their_letters() -> None:
    bars = [Bar(name, 1) for name in ("تاڭونيت", "پارك ڤيلا", "ⴰⵎⴰⵣⵉⵖ", "Œuvre d’été – ḥ", "«جمعية» (Rabat) ٢٠٢٦ 50 %")]
    painted(Chart(t("Sign-up figures"), t("By region"), (), (Bars(t("By region"), bars),)))


def test_a_letter_that_no_font_has_would_be_noticed() -> None:
    with pytest.warns(UserWarning, match="missing from font"):
        paint({"rtl": True, "title": "\U0001f3e0", "note": "", "numbers": [], "parts": []})


def _two(language: str) -> tuple[list[int], list[int]]:
    """Where the dark and the pale of a long and a short bar are."""
    bars = Bars(t("By region"), [Bar(Named("فاس", "Fès"), 10), Bar(Named("سلا", "Salé"), 2, aside=True)])
    picture = painted(Chart(t("Sign-up figures"), t("By region"), (), (bars,)), language)
    return columns_of(picture, COLOUR), columns_of(picture, PALE)


def test_bars_grow_from_the_right_in_arabic_and_from_the_left_in_french() -> None:
    long, short = _two("ar")
    assert abs(max(long) - max(short)) <= 1
    assert min(long) < min(short)
    assert max(long) > WIDTH / 2
    long, short = _two("fr")
    assert abs(min(long) - min(short)) <= 1
    assert max(long) > max(short)
    assert min(long) < WIDTH / 2
    assert len(short) == pytest.approx(len(long) / 5, abs=3)


def test_labels_stand_before_their_bars_and_values_behind() -> None:
    bars = Bars(t("By region"), [Bar(Named("الدار البيضاء-سطات", "Casablanca-Settat"), 1, "7")])
    chart = Chart(t("Sign-up figures"), t("By region"), (), (bars,))
    widths = {}
    for language in ("ar", "fr"):
        picture = painted(chart, language)
        bar, ink = columns_of(picture, COLOUR), columns_of(picture, INK)
        right, left = [x for x in ink if x > max(bar)], [x for x in ink if x < min(bar)]
        widths[language] = (len(right) > 100, len(left) > 100)
        assert 0 < min(len(right), len(left)) < 40
        assert MARGIN - 2 <= min(ink) <= max(ink) <= WIDTH - MARGIN + 2
    assert widths == {"ar": (True, False), "fr": (False, True)}


def test_long_labels_take_two_lines_and_end_in_an_ellipsis_and_nothing_leaves_the_page() -> None:
    long = "مركز الأمل لاستقبال وتوجيه ومواكبة الأشخاص المسنين بدون مأوى بجماعة سيدي عبد الله غيات وما جاورها من الجماعات"
    bars = [Bar(long, 1, "1234567 (100%) 1234567 (100%)"), Bar("ق" * 300, 3), Bar("قصير", 0)]
    columns = Columns(t("By category"), [0, 0, 123_456_789], "25 أكتوبر", "23 نونبر")
    chart = Chart(
        t("{label}: {count}")(label=long * 3, count=1),
        t("By region"),
        [(t("Applications"), 10**9)] * 4,
        (Bars(t("By region"), bars), columns),
    )
    for language in ("ar", "fr"):
        picture = painted(chart, language)
        assert picture.height < 1500
        margins = {
            picture.getpixel((x, y)) for x in (*range(40), *range(WIDTH - 40, WIDTH)) for y in range(0, picture.height, 3)
        }
        assert margins == {PAPER}


def test_time_runs_in_the_direction_of_reading() -> None:
    columns = Columns(t("By category"), [0, 0, 0, 4], "أول", "آخر")
    chart = Chart(t("Sign-up figures"), t("By region"), (), (columns,))
    assert max(columns_of(painted(chart, "ar"), COLOUR)) < WIDTH / 2
    assert min(columns_of(painted(chart, "fr"), COLOUR)) > WIDTH / 2
