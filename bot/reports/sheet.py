"""A table as a value: what the columns are called and what stands in the rows; no file format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.text import Text, Value


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` are told cell by cell in the reader's language; None is an empty cell."""

    columns: Sequence[Text]
    rows: Iterator[Sequence[Value | None]]
