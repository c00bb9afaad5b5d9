"""The communes of Morocco and how people write them: everyday names first, then exact, then near ones to ask back about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.core.folding import fold
from bot.core.text import Named

_ARTICLE = re.compile(r"\b(?:ال|al |el |l )(?=\w{2})")
_LEAD = re.compile(r"^(?:مدينه|جماعه|بلديه|قياده|ب|في|vile|comune|municipalite) (?:de |d )?(?=\w)")
_COMMUNE = re.compile(r".+ (?:جماعه|بلديه|comune)(?: de| d)? (\w.*)$")
_WIDER = re.compile(r"^(?:اقليم|عماله|جهه|province|prefecture|region) (?:de |d )?(?=\w)")
_NEAR, _FEWEST_LETTERS, _MOST_OFFERED = 80, 4, 5
REGION_DIGITS = 2
"""A commune's code begins with its region's."""


@dataclass(frozen=True, slots=True)
class Place:
    """A commune; `code` is the official one of the census of 2024, `population` its count there."""

    code: str
    name: Named
    province: Named
    region: Named
    population: int


@dataclass(frozen=True, slots=True)
class Found:
    """`exact`: what the words name, several when communes share a name. `near`: what they resemble, likeliest first."""

    exact: tuple[Place, ...] = ()
    near: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """`regions` by their code."""

    by_code: Mapping[str, Place]
    by_key: Mapping[str, tuple[Place, ...]]
    regions: Mapping[str, Named]

    @classmethod
    def of(cls, places: Iterable[Place], aliases: Iterable[tuple[str, str]] = ()) -> Places:
        """From communes and (alias, code) pairs. A commune's own name is never taken over by an alias."""
        by_code = {place.code: place for place in places}
        own: defaultdict[str, dict[str, Place]] = defaultdict(dict)
        loose: defaultdict[str, dict[str, Place]] = defaultdict(dict)
        for place in by_code.values():
            for name in (place.name.ar, place.name.fr):
                own[fold(name)][place.code] = place
                for key in _looser(fold(name)):
                    loose[key][place.code] = place
        for alias, code in aliases:
            key = fold(alias)
            if key not in own:
                own[key][code] = by_code[code]
        for key, named in loose.items():
            if key not in own:
                own[key] = named
        regions = {code[:REGION_DIGITS]: place.region for code, place in by_code.items()}
        return cls(by_code, {key: tuple(named.values()) for key, named in own.items()}, regions)

    def is_only(self, place: Place) -> bool:
        """Does its name lead to this commune alone, in both languages?"""
        return all(self.by_key[fold(name)] == (place,) for name in (place.name.ar, place.name.fr))

    def find(self, typed: str) -> Found:
        """What is named, also after where it lies («دوار تكوشت جماعة أوناغة»); a province or region names no commune, so
        the one of its name is only near."""
        key = _LEAD.sub("", fold(typed.split("\n", maxsplit=1)[0]))
        first = _LEAD.sub("", fold(re.split(r"[,،/(–-]", typed)[0]))
        commune = _COMMUNE.sub(r"\1", key)
        for words in dict.fromkeys((key, first, commune)):
            exact = self._exact(words)
            if exact:
                return Found(exact=exact)
        wider = _WIDER.sub("", key)
        return Found(near=(wider != key and self._exact(wider)) or self._near(key))

    def _exact(self, key: str) -> tuple[Place, ...]:
        for form in (key, *_looser(key)):
            if form in self.by_key:
                return self.by_key[form]
        return self._with_province(key)

    def _with_province(self, key: str) -> tuple[Place, ...]:
        """«سيدي بوبكر الرحامنة»: a commune's name followed by its province or region."""
        words = key.split()
        for cut in range(len(words) - 1, 0, -1):
            named = self.by_key.get(" ".join(words[:cut]), ())
            rest = " ".join(word for word in words[cut:] if word not in ("اقليم", "عماله", "جهه", "province", "maroc"))
            told = tuple(place for place in named if rest and _lies_in(place, rest))
            if told:
                return told
        return ()

    def _near(self, key: str) -> tuple[Place, ...]:
        if len(key) < _FEWEST_LETTERS:
            return ()
        hits = process.extract(key, self.by_key.keys(), scorer=fuzz.ratio, score_cutoff=_NEAR, limit=20)
        best: dict[str, tuple[float, Place]] = {}
        for name, score, _ in hits:
            for place in self.by_key[name]:
                best[place.code] = max(best.get(place.code, (0.0, place)), (score, place), key=lambda pair: pair[0])
        ranked = sorted(best.values(), key=lambda pair: (-round(pair[0] / 5), -pair[1].population))
        return tuple(place for _, place in ranked[:_MOST_OFFERED])


def _looser(key: str) -> tuple[str, ...]:
    bare = _ARTICLE.sub("", key)
    return tuple(form for form in dict.fromkeys((bare, key.replace(" ", ""), bare.replace(" ", ""))) if form != key)


def _lies_in(place: Place, rest: str) -> bool:
    wider = (place.province.ar, place.province.fr, place.region.ar, place.region.fr)
    return any(_ARTICLE.sub("", rest) in _ARTICLE.sub("", fold(name)) for name in wider)
