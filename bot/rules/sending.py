"""When something may be sent to a person who did not just write: product.md's table, as functions of values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

_FRIDAY = 4
_PRAYER = (time(12), time(15))


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begins` to `ends`, over midnight where it begins later than it ends; and on Fridays from 12:00 to 15:00."""

    begins: time
    ends: time

    @classmethod
    def of(cls, written: str) -> QuietHours:
        """From «20:00-09:00»."""
        begins, ends = (time.fromisoformat(part) for part in written.split("-"))
        return cls(begins, ends)

    def until(self, local: datetime) -> datetime:
        """When what waits for a better hour may leave: `local` itself unless it is quiet then. In the zone it carries."""
        moment = local
        for begins, ends in ((self.begins, self.ends), _PRAYER, (self.begins, self.ends)):
            if begins == _PRAYER[0] and moment.weekday() != _FRIDAY:
                continue
            if _within(moment.time(), begins, ends):
                over = moment.replace(hour=ends.hour, minute=ends.minute, second=0, microsecond=0)
                moment = over if over > moment else over + timedelta(days=1)
        return moment


def _within(now: time, begins: time, ends: time) -> bool:
    return begins <= now < ends if begins <= ends else now >= begins or now < ends
