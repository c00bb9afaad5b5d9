"""What every turn needs besides its transaction, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.core.known import Setup
from bot.core.seals import Seals
from storage.erasures import Journal
from storage.outbox import Owed

LEASE = timedelta(seconds=15)
"""How long a message is in a sender's hands; longer than any channel's time-out."""


@dataclass(frozen=True, slots=True)
class Desktop:
    """`sender` names this process where it sends its own replies, else None; `pages` are the channels whose messages wait
    on a page; `journal` is where erasures are written down, None where backups are nobody's business."""

    setup: Setup
    seals: Seals
    sender: str | None
    pages: frozenset[str] = frozenset({"web"})
    journal: Journal | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an update: a `repeat` had no effect; `owed` are its replies, on their way; `others` messages to
    other people that this batch led to."""

    repeat: bool = False
    owed: tuple[Owed, ...] = ()
    others: tuple[Owed, ...] = ()
