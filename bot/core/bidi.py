"""Direction and invisible characters: isolating values inside sentences, cleaning what people send."""

from __future__ import annotations

import re
import unicodedata

LRI, FSI, PDI = "\u2066", "\u2068", "\u2069"
_JOINERS = "\u200c\u200d"
_JOINER_INSIDE = re.compile(rf"(?<=\w)[{_JOINERS}](?=\w)")
_SPACES = re.compile(r"[^\S\n]+")


def isolate(value: str) -> str:
    """Let the value choose its own direction by its first strong letter: names and free text."""
    return f"{FSI}{value}{PDI}"


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
    """At most `limit` characters, cut before a letter and never between a letter and its marks; `…` says it was cut."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and (unicodedata.combining(text[end]) or text[end] in _JOINERS or text[end - 1] in _JOINERS):
        end -= 1
    return text[:end].rstrip() + "…"


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
    while start > 0 and unicodedata.combining(text[start]):
        start -= 1
    return shorten(f"…{text[start:]}", limit)
