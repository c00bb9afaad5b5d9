"""One-time codes: a letter that says what the code is for, then ten digits that any keyboard can type."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.core.folding import digits

RESUME, INVITE, PREPARED = "r", "i", "p"
_CODE = re.compile(r"([a-z])(\d{10})")
_FREE_TRIES = 5
_LONGEST_WAIT = timedelta(hours=1)


def code_from(kind: str, random: int) -> str:
    """«r48217-73055», from any non-negative number."""
    body = f"{random % 10**10:010d}"
    return f"{kind}{body[:5]}-{body[5:]}"


def read_code(typed: str) -> str | None:
    """The code in any way of writing it (capital, spaces, dashes, Arabic digits), as kept; None when it is none."""
    bare = re.sub(r"[\s\-–_.]", "", digits(typed)).casefold()
    return bare if _CODE.fullmatch(bare) else None


def wait_after(tries: int, now: datetime) -> datetime | None:
    """Until when the next try waits after that many wrong ones in a row; None while tries are free."""
    if tries < _FREE_TRIES:
        return None
    return now + min(timedelta(minutes=2 ** (tries - _FREE_TRIES)), _LONGEST_WAIT)
