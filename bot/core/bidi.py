"""Direction and invisible characters: isolating values inside sentences, cleaning what people send."""

from __future__ import annotations

import itertools
import re
import unicodedata

LRI, FSI, PDI = "\u2066", "\u2068", "\u2069"
_JOINERS = "\u200c\u200d"
_JOINER_INSIDE = re.compile(rf"(?<=\w)[{_JOINERS}](?=\w)")
_SPACES = re.compile(r"[^\S\n]+")


def isolate(value: str) -> str:
    """Let the value choose its own direction by its first strong letter: names and free text. Each line by itself: an
    isolate ends with its paragraph."""
    if "\n" not in value:
        return f"{FSI}{value}{PDI}"
    return "\n".join(f"{FSI}{line}{PDI}" if line else "" for line in value.split("\n"))


def isolate_ltr(value: str) -> str:
    return f"{LRI}{value}{PDI}"


def without_isolates(text: str) -> str:
    return text.translate({ord(mark): None for mark in (LRI, FSI, PDI)})


class _Seen(dict[int, int | None]):
    """Which characters can be seen. Those of everyday scripts are worked out once, the rest each time."""

    def __missing__(self, code: int) -> int | None:
        letter = chr(code)
        seen = code if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn") else None
        if code < _EVERYDAY:
            self[code] = seen
        return seen


_EVERYDAY = 0x0700
_seen = _Seen()


def clean(typed: str) -> str:
    """What a person typed without what cannot be seen.

    Format characters go (a joiner between two letters stays: names need it), controls and lone surrogates go, line
    breaks stay, other runs of space become one space, the ends are trimmed. Letters are never changed.
    """
    if "\r" in typed:
        typed = typed.replace("\r\n", "\n").replace("\r", "\n")
    if _JOINER_INSIDE.search(typed):
        kept = "".join(c if _JOINER_INSIDE.match(typed, place) else c.translate(_seen) for place, c in enumerate(typed))
    else:
        kept = typed.translate(_seen)
    if "\n" not in kept:
        return _SPACES.sub(" ", kept).strip()
    return "\n".join(line.strip() for line in _SPACES.sub(" ", kept).split("\n")).strip()


def one_line(typed: str) -> str:
    return " ".join(typed.split())


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut between letters as people see them; `…` says it was cut."""
    return text if len(text) <= limit else text[: _border(text, limit - 1)].rstrip() + "…"


def shorten_apart(text: str, other: str, limit: int) -> str:
    """At most `limit` characters that tell the text from the other one: cut at its end, or where both begin alike at its
    beginning too, before the word in which they part."""
    short = shorten(text, limit)
    if text == other or short != shorten(other, limit):
        return short
    together = enumerate(zip(text, other, strict=False))
    parted = next((place for place, (a, b) in together if a != b), min(len(text), len(other)))
    start = text.rfind(" ", 0, parted) + 1
    if parted - start > limit - 2:
        start = parted - limit // 2
    return shorten(f"…{text[_border(text, start) :]}", limit)


def shorten_to_units(text: str, limit: int) -> str:
    """The same with `limit` in UTF-16 units, as platforms count: a character beyond U+FFFF is two."""
    if len(text) * 2 <= limit or _units(text) <= limit:
        return text
    end = limit - 1
    while _units(text[:end]) > limit - 1:
        end -= max(1, (_units(text[:end]) - limit + 1) // 2)
    return text[: _border(text, end)].rstrip() + "…"


def _units(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def _border(text: str, end: int) -> int:
    """The last place up to `end` where one letter as people see it ends and another begins; 0 if there is none."""
    while 0 < end < len(text) and _are_one(text, end):
        end -= 1
    return end


_SKIN = range(0x1F3FB, 0x1F400)
_FLAG = range(0x1F1E6, 0x1F200)
_HANGUL = (range(0x1100, 0x1200), range(0xA960, 0xA980), range(0xAC00, 0xD800))


def _are_one(text: str, place: int) -> bool:
    """Does the character there belong to the one before it? Where Unicode's rules are finer than this, rather yes."""
    before, after = text[place - 1], text[place]
    if after in _JOINERS or _is_mark(after) or ord(after) in _SKIN or after in "\uff9e\uff9f":
        return True
    marks = itertools.takewhile(_is_mark, reversed(text[:place]))
    if before in _JOINERS or _VIRAMA in map(unicodedata.combining, marks):
        return True
    if ord(after) in _FLAG:
        flags = len(text[:place]) - len(text[:place].rstrip(_FLAGS))
        return flags % 2 == 1
    return all(any(ord(letter) in block for block in _HANGUL) for letter in (before, after))


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) in ("Mn", "Mc", "Me")


_FLAGS = "".join(map(chr, _FLAG))
_VIRAMA = 9
"""The combining class of the sign that binds two consonants of Indic scripts into one letter."""
