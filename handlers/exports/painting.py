"""A told chart → PNG, drawn for a phone. Run as a program in a process of its own: JSON in, the picture out.

matplotlib takes a second to load, and fifty megabytes: neither may happen where people are being answered. It shapes Arabic
and orders mixed lines by itself. All sizes are pixels: at 72 dots an inch a point is one.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

FONTS = Path(__file__).parent / "fonts"
FAMILIES = ["Cairo", "DejaVu Sans"]
"""The second one, which matplotlib brings, has the letters that the first lacks: ڭ, Tifinagh."""

WIDTH, MARGIN = 1080, 64
_INNER = WIDTH - 2 * MARGIN
_INK, _QUIET, _STRONG, _COLOUR, _TRACK, _PALE, _PAPER = (
    "#1c2b2e",
    "#55676b",
    "#0a444d",
    "#0f5f6b",
    "#e4eff0",
    "#8db9bf",
    "#ffffff",
)
_LABEL_ROOM, _VALUE_ROOM = 0.46, 0.28
"""The parts of the width that a bar's label and value have at most."""
_LARGE = 72
_HALF_A_CAPITAL = 0.34
_LRM, _RLM = "\u200e", "\u200f"
"""Before each line: a number, or a foreign name, does not turn the line around."""


def main() -> None:
    os.nice(10)
    sys.stdout.buffer.write(paint(json.load(sys.stdin)))


def paint(chart: Mapping[str, Any]) -> bytes:
    """`chart` as bot.reports.chart.told makes it. The picture is as high as what it shows."""
    for weight in ("Regular", "Bold"):
        font_manager.fontManager.addfont(FONTS / f"Cairo-{weight}.ttf")
    sheet = _Sheet(rtl=chart["rtl"])
    sheet.write(chart["title"], size=62, bold=True, colour=_STRONG)
    sheet.write(chart["note"], size=36, colour=_QUIET)
    if chart["numbers"]:
        sheet.gap(28)
        _numbers(sheet, chart["numbers"])
    for part in chart["parts"]:
        sheet.gap(40)
        sheet.write(part["heading"], size=44, bold=True, colour=_STRONG)
        if "bars" in part:
            _bars(sheet, part["bars"])
        else:
            _columns(sheet, part["columns"], part["ends"])
    return sheet.png()


class _Sheet:
    """A page that grows downwards. `start` is where reading begins; distances along a line are told from there."""

    def __init__(self, *, rtl: bool) -> None:
        self.rtl = rtl
        self.bottom = float(MARGIN)
        self._figure = Figure(figsize=(WIDTH / 72, 1), dpi=72, facecolor=_PAPER)
        self._renderer = FigureCanvasAgg(self._figure).get_renderer()  # type: ignore[no-untyped-call]  # theirs
        self._drawn: list[tuple[Any, float, float]] = []

    def gap(self, height: float) -> None:
        self.bottom += height

    def write(self, words: str, *, size: float, bold: bool = False, colour: str = _INK) -> None:
        """A paragraph below everything so far."""
        for line in self.wrapped(words, size=size, bold=bold, room=_INNER, most=4):
            self.text(line, at=0, middle=self.bottom + size * 0.7, size=size, bold=bold, colour=colour)
            self.bottom += size * 1.4

    def text(
        self, line: str, *, at: float, middle: float, size: float, bold: bool = False, colour: str = _INK, how: str = "start"
    ) -> None:
        """One line around that height; `how` says whether it starts, ends or is centred there."""
        side = {"start": "right" if self.rtl else "left", "end": "left" if self.rtl else "right", "centre": "center"}[how]
        line = f"{_RLM if self.rtl else _LRM}{line}"
        made = self._figure.text(0, 0, line, ha=side, va="baseline", color=colour, **_font(size, bold=bold))
        self._drawn.append((made, self._x(at), middle + size * _HALF_A_CAPITAL))

    def box(self, *, at: float, top: float, width: float, height: float, colour: str, round_: float = 0) -> None:
        """A box that begins there and goes on in the direction of reading."""
        left = self._x(at + width) if self.rtl else self._x(at)
        shape = FancyBboxPatch(
            (0, 0),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={min(round_, width / 2, height / 2)}",
            facecolor=colour,
            linewidth=0,
            transform=None,
        )
        self._figure.add_artist(shape)
        self._drawn.append((shape, left, top))

    def wide(self, words: str, *, size: float, bold: bool = False) -> float:
        """How wide the words are."""
        made = Text(0, 0, words, figure=self._figure, **_font(size, bold=bold))
        return float(made.get_window_extent(self._renderer).width)

    def wrapped(self, words: str, *, size: float, room: float, most: int, bold: bool = False) -> list[str]:
        """The words in lines that fit; what does not fit into so many ends in an ellipsis."""
        lines: list[str] = []
        for paragraph in filter(None, words.split("\n")):
            line = ""
            for word in re.split(r"(?<=[ -])", paragraph):
                if line and self.wide(f"{line}{word}".rstrip(), size=size, bold=bold) > room:
                    lines.append(line)
                    line = word
                else:
                    line += word
            lines.append(line)
        if len(lines) > most:
            lines = [*lines[: most - 1], "".join(lines[most - 1 :])]
        return [self._cut(line.strip(), size=size, room=room, bold=bold) for line in lines]

    def png(self) -> bytes:
        height = round(self.bottom + MARGIN)
        self._figure.set_size_inches(WIDTH / 72, height / 72)
        for artist, x, top in self._drawn:
            if isinstance(artist, Text):
                artist.set_position((x / WIDTH, 1 - top / height))
            else:
                artist.set_bounds(x, height - top - artist.get_height(), artist.get_width(), artist.get_height())
        out = io.BytesIO()
        self._figure.savefig(out, format="png", dpi=72, facecolor=_PAPER, metadata={"Software": None})
        return out.getvalue()

    def _cut(self, line: str, *, size: float, room: float, bold: bool) -> str:
        shown = line
        while len(shown) > 1 and self.wide(shown, size=size, bold=bold) > room:
            shown = f"{shown.rstrip('…')[:-1].rstrip()}…"
        return shown

    def _x(self, at: float) -> float:
        return WIDTH - MARGIN - at if self.rtl else MARGIN + at


def _font(size: float, *, bold: bool) -> dict[str, Any]:
    return {"fontsize": size, "family": FAMILIES, "weight": "bold" if bold else "normal"}


def _numbers(sheet: _Sheet, numbers: Sequence[tuple[str, str]]) -> None:
    """Large numbers side by side, each over its label."""
    apart, size = 20, 34
    room = (_INNER - apart * (len(numbers) - 1)) / len(numbers)
    labels = [sheet.wrapped(label, size=size, room=room - 24, most=2) for label, _ in numbers]
    widest = max(sheet.wide(number, size=_LARGE, bold=True) for _, number in numbers)
    large = _LARGE * min(1, (room - 24) / widest)
    height = 140 + 44 * max(len(lines) for lines in labels)
    for place, (_, number) in enumerate(numbers):
        at = place * (room + apart)
        sheet.box(at=at, top=sheet.bottom, width=room, height=height, colour=_TRACK, round_=20)
        sheet.text(number, at=at + room / 2, middle=sheet.bottom + 68, size=large, bold=True, colour=_COLOUR, how="centre")
        for below, line in enumerate(labels[place]):
            sheet.text(line, at=at + room / 2, middle=sheet.bottom + 142 + 44 * below, size=size, how="centre")
    sheet.bottom += height


def _bars(sheet: _Sheet, bars: Sequence[tuple[str, int, str, bool]]) -> None:
    """A row each: label, bar, value, in the direction of reading. Labels take the room they need, up to their part."""
    size, line_height, thick = 36, 44, 34
    labels = [sheet.wrapped(label, size=size, room=_INNER * _LABEL_ROOM, most=2) for label, *_ in bars]
    values = [sheet.wrapped(shown, size=size, room=_INNER * _VALUE_ROOM, most=1, bold=True)[0] for _, _, shown, _ in bars]
    label_room = max(sheet.wide(line, size=size) for lines in labels for line in lines) + 24
    room = _INNER - label_room - max(sheet.wide(value, size=size, bold=True) for value in values) - 24
    longest = max(length for _, length, _, _ in bars) or 1
    for lines, value, (_, length, _, aside) in zip(labels, values, bars, strict=True):
        height = line_height * len(lines) + 16
        middle = sheet.bottom + height / 2
        for place, line in enumerate(lines):
            sheet.text(line, at=0, middle=middle + line_height * (place - (len(lines) - 1) / 2), size=size)
        sheet.box(at=label_room, top=middle - thick / 2, width=room, height=thick, colour=_TRACK, round_=8)
        if length:
            full, colour = max(room * length / longest, 8), _PALE if aside else _COLOUR
            sheet.box(at=label_room, top=middle - thick / 2, width=full, height=thick, colour=colour, round_=8)
        sheet.text(value, at=_INNER, middle=middle, size=size, bold=True, how="end")
        sheet.bottom += height


def _columns(sheet: _Sheet, lengths: Sequence[int], ends: Sequence[str]) -> None:
    """Columns on one line, the highest with its number, the first and the last with their names."""
    tall, size = 190.0, 36
    ground = sheet.bottom + 56 + tall
    step = _INNER / len(lengths)
    highest = max(lengths)
    for place, length in enumerate(lengths):
        height = tall * length / highest if length else 0
        if height:
            at = place * step + 3
            sheet.box(at=at, top=ground - height, width=step - 6, height=height, colour=_COLOUR, round_=4)
    sheet.box(at=0, top=ground, width=_INNER, height=3, colour=_QUIET)
    if highest:
        at = (list(lengths).index(highest) + 0.5) * step
        beside = sheet.wide(str(highest), size=size, bold=True) / 2
        at = min(max(at, beside), _INNER - beside)
        sheet.text(str(highest), at=at, middle=ground - tall - 28, size=size, bold=True, how="centre")
    sheet.text(ends[0], at=0, middle=ground + 38, size=size, colour=_QUIET)
    sheet.text(ends[1], at=_INNER, middle=ground + 38, size=size, colour=_QUIET, how="end")
    sheet.bottom = ground + 38 + size * 0.7


if __name__ == "__main__":
    main()
