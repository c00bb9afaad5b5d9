"""How long a retry waits, and how often something may happen: pure, the moment is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_FIRST, _LONGEST = timedelta(seconds=1), timedelta(minutes=2)


def retry_wait(attempts: int) -> timedelta:
    """After that many failed attempts (from 1): 1, 2, 4 … seconds, two minutes at most."""
    return min(_FIRST * (1 << min(max(attempts - 1, 0), 10)), _LONGEST)


@dataclass(frozen=True, slots=True)
class Allowance:
    """A bucket of `most` that refills at `per_second`; `left` is what it held `at` that moment."""

    most: float
    per_second: float
    left: float
    at: datetime

    def take(self, now: datetime) -> Allowance | None:
        """The allowance after one more, or None when there is none left."""
        left = min(self.most, self.left + max(0.0, (now - self.at).total_seconds()) * self.per_second)
        return Allowance(self.most, self.per_second, left - 1, now) if left >= 1 else None
