"""Read-only data that ships with the product: communes and their everyday names, words people type."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.core.places import Place, Places
from bot.core.text import Named
from bot.core.words import Words

_HERE = Path(__file__).parent


@cache
def load_places() -> Places:
    """The 1,503 communes of Morocco."""
    communes = (
        Place(
            code=row["code"],
            name=Named(row["ar"], row["fr"]),
            province=Named(row["province_ar"], row["province_fr"]),
            region=Named(row["region_ar"], row["region_fr"]),
            population=int(row["population"]),
        )
        for row in _rows("places.csv")
    )
    return Places.of(communes, ((row["alias"], row["code"]) for row in _rows("aliases.csv")))


@cache
def load_words() -> Words:
    return Words.of((row["intent"], row["variant"]) for row in _rows("words.csv"))


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
