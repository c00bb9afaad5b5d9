"""What makes associations look alike, and when two centres are one: candidates for a human, never merged by a score."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz, process

from bot.core.folding import fold

_ALIKE = 88


def nearly_same(key: str, others: Sequence[str]) -> list[int]:
    """The places of those folded names that are nearly this one, whatever the order of their words; only for associations
    of one commune."""
    found = process.extract(key, others, scorer=fuzz.token_sort_ratio, score_cutoff=_ALIKE, limit=None)
    return sorted(place for _, _, place in found)


def centre_key(name: str, city: str, city_code: str | None) -> tuple[str, str]:
    """Two centres of one association with the same key are one centre."""
    return fold(name), city_code or fold(city)
