"""Arabic and Latin spellings → one key to compare by. A key is never stored in place of what was typed, nor shown."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = str.maketrans(
    {
        **dict.fromkeys("ىیېے", "ي"),
        **dict.fromkeys("ةہھۀە", "ه"),
        **dict.fromkeys("کگڭڪ", "ك"),
        **dict.fromkeys("ءـ'’ʼ`´", ""),
        "ٱ": "ا",
        "پ": "ب",
        "ڤ": "ف",
        "چ": "ش",
    }
)
_SIGNS = {"👍", "✅", "✔", "👌", "👎", "❌", "✖"}
_QUESTION = re.compile(r"\?+$")
_RUNS = re.compile(r"([^\W\d_])\1+")


class _Kept(dict[int, str]):
    """What each character leaves in a key. Those of everyday scripts are worked out once, the rest each time."""

    def __missing__(self, code: int) -> str:
        kept = _left_by(chr(code))
        if code < _EVERYDAY:
            self[code] = kept
        return kept


_EVERYDAY = 0x0700
_kept = _Kept()


@lru_cache(maxsize=256)
def fold(text: str) -> str:
    """The comparison key: one spelling of alef, ya, ha and kaf, no vowels, marks or punctuation, ASCII digits, one letter
    for a run of the same. `?` and `/` alone and the yes/no signs stay, because people answer with them."""
    base = unicodedata.normalize("NFKC", text.translate(_LETTERS)).casefold().translate(_LETTERS)
    key = " ".join(unicodedata.normalize("NFD", base).translate(_kept).split())
    if key.endswith("?") and len(key) > 1:
        key = _QUESTION.sub("", key).strip() or "?"
    return _RUNS.sub(r"\1", key)


def _left_by(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Mn", "Me", "Cf", "Sk"):
        return ""
    if category == "Nd":
        return str(unicodedata.digit(letter))
    if letter in _SIGNS:
        return f" {letter} "
    if letter in "?؟":
        return "?"
    return letter if letter == "/" or category[0] in "LN" else " "


def digits(text: str) -> str:
    """The text with Arabic and Persian digits written 0–9; nothing else changes."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in text)
