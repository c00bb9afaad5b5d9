"""What this process counts while it works, for whoever watches over it: sums since its start, nothing about anybody.

Every key is a name from the code (a channel, an outcome, a tick), never a value that came from outside.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TOGETHER = (1, 2, 4, 8, 16, 32, 64)


@dataclass(slots=True)
class Histogram:
    """`counts[i]` is how many values were at most `edges[i]` and above the edge before; the last is for those above all."""

    edges: tuple[float, ...]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.edges) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.edges, value)] += 1
        self.total += value


@dataclass(slots=True)
class Counters:
    """`turns` by channel and outcome (taken, repeat, parked, unavailable), `deliveries` by channel and outcome, `refusals`
    by channel and the status they were answered with, `looks` of ticks by name and outcome, `things` ticks did by name."""

    turns: Counter[tuple[str, str]] = field(default_factory=Counter)
    turn_seconds: Histogram = field(default_factory=lambda: Histogram(_SECONDS))
    batch_sizes: Histogram = field(default_factory=lambda: Histogram(_TOGETHER))
    deliveries: Counter[tuple[str, str]] = field(default_factory=Counter)
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    looks: Counter[tuple[str, str]] = field(default_factory=Counter)
    things: Counter[str] = field(default_factory=Counter)
    storage_unavailable: int = 0
