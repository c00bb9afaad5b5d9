"""How long a retry waits, and how often something may happen: pure, the moment is handed in."""

from __future__ import annotations

from dataclasses import dataclass, field
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


_WINDOW = timedelta(seconds=1)
_ALIKE = 3
_SLOWEST, _SLOWER, _SECONDS_TO_FULL = 1.0, 0.7, 60.0
_TELEGRAM_SHARE = 0.97
"""Of what the platform allows: a message takes a while to get there, and not always the same."""


@dataclass(slots=True)
class Pace:
    """How fast one channel may be written to: `most` a second in all, one a second a chat (`a_chat`; zero: no such limit).

    Sends are spaced evenly, so no second holds more than `most`. What is not an announcement never waits, but is counted
    (`spend`). A chat that is refused waits for as long as told; when three chats are refused within a second the whole
    channel waits. Each second with a refusal makes it slower, each one without a little faster again. A clock that is
    put back makes nothing wait longer than it would have.
    """

    most: float
    a_chat: timedelta = _WINDOW
    _rate: float = 0.0
    _next: datetime | None = None
    _since: datetime | None = None
    _paused: tuple[datetime, datetime] | None = None
    _spoken: dict[str, datetime] = field(default_factory=dict)
    _refused: dict[str, tuple[datetime, timedelta]] = field(default_factory=dict)

    def rate(self, now: datetime) -> float:
        """Messages a second, as it is now."""
        if self._since is None:
            return self.most
        grown = max(0.0, (now - self._since).total_seconds()) * self.most / _SECONDS_TO_FULL
        return min(self.most, self._rate + grown)

    def wait(self, chat: str, now: datetime) -> timedelta:
        """How long an announcement to this chat has to wait from now on; zero: `spend` it and send it."""
        wait = self._pause(now)
        if self._next is not None and self._next - now <= _WINDOW * 2:  # else the clock was put back
            wait = max(wait, self._next - now)
        spoken = self._spoken.get(chat)
        if spoken is not None and now >= spoken:
            wait = max(wait, spoken + self.a_chat - now)
        return max(wait, timedelta())

    def room(self, now: datetime, within: timedelta) -> int:
        """How many may leave within that time; 0 while the whole channel waits."""
        if self._pause(now) > within:
            return 0
        return max(1, int(self.rate(now) * within.total_seconds()))

    def spend(self, chat: str, now: datetime) -> None:
        """A message leaves at this moment."""
        step = timedelta(seconds=1 / self.rate(now))
        due = now if self._next is None or self._next - now > _WINDOW * 2 else max(self._next, now)
        self._next = min(due + step, now + _WINDOW)
        if self.a_chat:
            self._spoken[chat] = now
            if len(self._spoken) > 2 * self.most + 100:
                self._spoken = {each: at for each, at in self._spoken.items() if now - at < self.a_chat}

    def refused(self, chat: str, retry_after: timedelta, now: datetime) -> None:
        """The platform took a message to this chat for too much."""
        if self._since is None or now - self._since >= _WINDOW or now < self._since:
            self._rate = max(min(_SLOWEST, self.most), self.rate(now) * _SLOWER)
            self._since = now
        kept = {each: told for each, told in self._refused.items() if timedelta() <= now - told[0] < _WINDOW}
        self._refused = {**kept, chat: (now, retry_after)}
        if len(self._refused) >= _ALIKE:
            shortest = min(wait for _, wait in self._refused.values())
            until = now + shortest
            self._paused = (now, max(until, now + self._pause(now)))

    def _pause(self, now: datetime) -> timedelta:
        if self._paused is None or not self._paused[0] <= now < self._paused[1]:
            return timedelta()
        return self._paused[1] - now


def telegram_pace() -> Pace:
    """30 messages a second in all and one a second to a chat, as the platform asks of bots. Checked November 2026."""
    return Pace(30 * _TELEGRAM_SHARE)
