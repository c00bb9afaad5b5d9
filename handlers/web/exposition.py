"""Counters and health → Prometheus text. Labels are names from the code; nothing about anybody is among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as MEDIA_TYPE
from prometheus_client.registry import Collector

from bot.core.counters import Counters, Histogram
from bot.reports.health import HealthReport

__all__ = ["MEDIA_TYPE", "exposition"]

_process = ProcessCollector(registry=None)


def exposition(counters: Counters, report: HealthReport) -> bytes:
    return generate_latest(_Collected(counters, report))


class _Collected(Collector):
    def __init__(self, counters: Counters, report: HealthReport) -> None:
        self._counters = counters
        self._report = report

    def collect(self) -> Iterator[Metric]:
        yield from self._counted()
        yield from self._standing()
        yield from _process.collect()

    def _counted(self) -> Iterator[Metric]:
        counters = self._counters
        by_channel = ("channel", "outcome")
        yield _counter("nidaa_turns", "Updates taken, by what became of them.", by_channel, counters.turns)
        yield _histogram("nidaa_turn_seconds", "From an update's arrival to its commit.", counters.turn_seconds)
        yield _histogram("nidaa_batch_turns", "Turns committed together.", counters.batch_sizes)
        yield _counter("nidaa_deliveries", "Attempts to send a message; busy is 429.", by_channel, counters.deliveries)
        yield _counter("nidaa_refusals", "Requests refused, by their status.", ("channel", "status"), counters.refusals)
        yield _counter("nidaa_ticks", "Looks of the timetable.", ("tick", "outcome"), counters.looks)
        things: Counter[tuple[str, ...]] = Counter({(name,): count for name, count in counters.things.items()})
        yield _counter("nidaa_tick_things", "What ticks did.", ("tick",), things)
        away = "Batches refused because nothing could be stored."
        yield CounterMetricFamily("nidaa_storage_unavailable", away, value=counters.storage_unavailable)

    def _standing(self) -> Iterator[Metric]:
        report = self._report
        yield GaugeMetricFamily("nidaa_up", "Can the database serve?", value=float(report.cause is None))
        if report.database.answer_ms is not None:
            seconds = report.database.answer_ms / 1000
            yield GaugeMetricFamily("nidaa_database_answer_seconds", "A few small questions.", value=seconds)
        owed = GaugeMetricFamily("nidaa_owed_messages", "Messages owed, counted up to 10,000.", labels=("channel",))
        oldest = GaugeMetricFamily("nidaa_owed_oldest_seconds", "Age of the oldest owed message.", labels=("channel",))
        for channel, figures in (report.owed or {}).items():
            owed.add_metric((channel,), figures.count)
            oldest.add_metric((channel,), figures.oldest_seconds or 0.0)
        yield from (owed, oldest)
        if report.updates.parked is not None:
            yield GaugeMetricFamily("nidaa_parked_updates", "Updates that failed on our side.", value=report.updates.parked)
        waits = report.updates.longest_wait_seconds or 0.0
        yield GaugeMetricFamily("nidaa_longest_wait_seconds", "The turn that has waited longest.", value=waits)
        yield GaugeMetricFamily("nidaa_disk_free_bytes", "Of the data folder's disk.", value=report.disk.free_bytes)
        warnings = GaugeMetricFamily("nidaa_warnings", "What /health warns of.", labels=("warning",))
        for warned in report.warnings:
            warnings.add_metric((warned.code,), 1.0)
        yield warnings


def _counter(
    name: str, what: str, labels: tuple[str, ...], counts: Counter[tuple[str, str]] | Counter[tuple[str, ...]]
) -> Metric:
    family = CounterMetricFamily(name, what, labels=labels)
    for values, count in counts.items():
        family.add_metric(values, count)
    return family


def _histogram(name: str, what: str, histogram: Histogram) -> Metric:
    edges = (*map(str, histogram.edges), "+Inf")
    return HistogramMetricFamily(
        name, what, buckets=list(zip(edges, accumulate(histogram.counts), strict=True)), sum_value=histogram.total
    )
