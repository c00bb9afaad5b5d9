"""A picture as a value: what it says and how long its bars are; no file format, no colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.messages import Order
from bot.core.text import Sayable, Speech, Value

PICTURE = "picture"
"""The kind of order that a chart becomes: told, and as long as it is, nothing else is needed to draw it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """`shown` stands at the bar's end; None: its length as a number. `aside`: what is left over, paler than the rest."""

    label: Value
    length: int
    shown: Value | None = None
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars one under the other, one at least, growing from where reading begins."""

    heading: Sayable
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns side by side, one at least, the first where reading begins; the ends are named, the tallest has its number."""

    heading: Sayable
    lengths: Sequence[int]
    first: Value
    last: Value


@dataclass(frozen=True, slots=True)
class Chart:
    """`note` says when, and of how many; `numbers` are shown large, each with its label."""

    title: Sayable
    note: Sayable
    numbers: Sequence[tuple[Sayable, int]] = ()
    parts: Sequence[Bars | Columns] = ()


def picture(chart: Chart, speech: Speech, *, name: str) -> Order:
    """The chart as a file that a message carries: told now, in its reader's language, drawn when the message leaves."""
    return Order(
        kind=PICTURE,
        name=name,
        media_type="image/png",
        language=speech.language,
        parameters=told(chart, speech),
        as_photo=True,
    )


def told(chart: Chart, speech: Speech) -> dict[str, Any]:
    """The chart in one language, as plain values: what whoever draws it is given."""
    return {
        "rtl": speech.language == "ar",
        "title": speech.tell(chart.title),
        "note": speech.tell(chart.note),
        "numbers": [[speech.tell(label), str(number)] for label, number in chart.numbers],
        "parts": [_told_part(part, speech) for part in chart.parts],
    }


def _told_part(part: Bars | Columns, speech: Speech) -> dict[str, Any]:
    heading = speech.tell(part.heading)
    if isinstance(part, Columns):
        ends = [speech.show(part.first), speech.show(part.last)]
        return {"heading": heading, "columns": list(part.lengths), "ends": ends}
    return {"heading": heading, "bars": [_told_bar(bar, speech) for bar in part.bars]}


def _told_bar(bar: Bar, speech: Speech) -> list[Any]:
    shown = str(bar.length) if bar.shown is None else speech.show(bar.shown)
    return [speech.show(bar.label), bar.length, shown, bar.aside]
