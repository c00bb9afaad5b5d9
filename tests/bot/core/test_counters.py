"""What is counted can be read back as it was."""

from __future__ import annotations

from bot.core.counters import Counters, Histogram


def test_a_histogram_counts_a_value_at_the_first_edge_that_is_not_below_it() -> None:
    histogram = Histogram((1, 2, 4))
    for value in (0, 1, 1.5, 2, 4.1, 100):
        histogram.add(value)
    assert (histogram.counts, histogram.total) == ([2, 2, 0, 2], 108.6)


def test_counters_begin_empty_and_are_nobody_elses() -> None:
    counters = Counters()
    counters.turns["web", "taken"] += 1
    counters.turn_seconds.add(0.004)
    assert (counters.turns, Counters().turns) == ({("web", "taken"): 1}, {})
    assert sum(Counters().turn_seconds.counts) == 0
