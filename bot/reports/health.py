"""How the service is: figures about it and never about anybody, and what its operator should be warned of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.text import Ltr, Sayable, t

UNREACHABLE = "database unreachable"
NOT_MIGRATED = "migrations not applied: run nidaa migrate"
NOT_DURABLE = "the database would lose answers in a power cut: run nidaa check"

_MIB, _GIB = 2**20, 2**30


@dataclass(frozen=True, slots=True)
class DatabaseFigures:
    """`answer_ms` is what all questions of this report took together; None when there was no answer."""

    engine: str
    answer_ms: float | None


@dataclass(frozen=True, slots=True)
class OwedFigures:
    """Messages of one channel that are owed; the count stops at storage.outbox.COUNTED."""

    count: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class UpdateFigures:
    """`longest_wait_seconds` is that of the turn which has waited longest; None: this process takes no turns."""

    longest_wait_seconds: float | None
    parked: int | None


@dataclass(frozen=True, slots=True)
class TimeFigures:
    """`offset` is that of the zone at this moment; `tzdata` the zone database it is read from, None when it does not say
    what it is; `needs` the oldest that knows today's law."""

    zone: str
    offset: str
    tzdata: str | None
    needs: str

    @property
    def is_outdated(self) -> bool:
        return self.tzdata is None or self.tzdata < self.needs


@dataclass(frozen=True, slots=True)
class DiskFigures:
    """Of the data folder's disk: what is free for us, and how large it is."""

    free_bytes: int
    total_bytes: int

    @property
    def free_percent(self) -> float:
        return round(100 * self.free_bytes / self.total_bytes, 1) if self.total_bytes else 0.0

    @property
    def is_low(self) -> bool:
        """Under 5 %, where 5 % is less than 5 GiB; and always under 512 MiB."""
        return self.free_bytes < max(512 * _MIB, min(self.total_bytes // 20, 5 * _GIB))


@dataclass(frozen=True, slots=True)
class Warned:
    """`code` is for logs and machines, `what` for the operator."""

    code: str
    what: Sayable


@dataclass(frozen=True, slots=True)
class HealthReport:
    """`cause` is why the service cannot serve; None when it can. `channels` tells the trouble of each, None when it has
    none. `owed` is None when the database did not tell."""

    cause: str | None
    channels: Mapping[str, str | None]
    database: DatabaseFigures
    owed: Mapping[str, OwedFigures] | None
    updates: UpdateFigures
    time: TimeFigures
    disk: DiskFigures

    @property
    def warnings(self) -> Sequence[Warned]:
        return warnings(self.time, self.disk)


def warnings(time: TimeFigures, disk: DiskFigures) -> Sequence[Warned]:
    found = []
    if time.is_outdated:
        old = t(
            "The time-zone database in use ({version}) is older than {needed}, which this release needs: hours may be wrong"
            " by one. Install the dependencies of this release again."
        )
        found.append(Warned("zone_database_outdated", old(version=Ltr(time.tzdata or "?"), needed=Ltr(time.needs))))
    if disk.is_low:
        low = t(
            "Little room is left on the disk of the data folder: {size} ({percent}). Make room before answers are refused."
        )
        size, percent = Ltr(f"{disk.free_bytes // _MIB} MiB"), Ltr(f"{disk.free_percent} %")
        found.append(Warned("disk_low", low(size=size, percent=percent)))
    return found
