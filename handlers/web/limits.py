"""How much one visitor, or one network, may send: refused cheaply before anything is stored."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from bot.core.pacing import Allowance

_REMEMBERED = 10_000


class Limiter:
    """An allowance a key. A key whose allowance is whole again is forgotten: it is like one never seen. Of too many, those
    seen longest ago are forgotten first."""

    def __init__(self, *, most: float, per_second: float) -> None:
        self._most = most
        self._per_second = per_second
        self._whole_after = timedelta(seconds=most / per_second)
        self._left: OrderedDict[str, Allowance] = OrderedDict()

    def allows(self, key: str, now: datetime) -> bool:
        allowance = self._left.pop(key, None) or Allowance(self._most, self._per_second, self._most, now)
        after = allowance.take(now)
        self._left[key] = after or allowance
        self._forget(now)
        return after is not None

    def _forget(self, now: datetime) -> None:
        whole = now - self._whole_after
        while len(self._left) > _REMEMBERED or next(iter(self._left.values())).at <= whole:
            self._left.popitem(last=False)
