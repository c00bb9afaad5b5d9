"""A kill does not show a missing flush, for the page cache survives it: so the flushes are counted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.bot_api import BotApi
from tests.faults.conftest import Report
from tests.faults.crowd import Crowd
from tests.faults.product import Product
from tests.faults.tracing import FLUSHES, READS, WRITES, SystemCall, descendants, skip_without_strace, traced

if TYPE_CHECKING:
    from tests.fakes.postgres import Server


async def test_every_update_is_flushed_between_its_arrival_and_its_200(
    product: Product,
    bot_api: BotApi,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    report: Report,
) -> None:
    skip_without_strace()
    await product.start()
    crowd = Crowd(bot_api, at_once=1)
    await crowd.signs_up(crowd.newcomer())  # by now it has its connections to the database
    before = len(crowd.answered)
    with traced(_processes(product, request), (*FLUSHES, *READS, *WRITES), tmp_path / "trace") as calls:
        await crowd.signs_up(crowd.newcomer())
        people = [crowd.newcomer() for _ in range(40 if report.is_long else 3)]
        await asyncio.gather(*(crowd.signs_up(person) for person in people))
    flushes = flushes_of_answers(calls)
    assert len(flushes) == len(crowd.answered) - before
    assert min(flushes) >= 1
    report.tell(f"{len(flushes)} answers 200, each after at least {min(flushes)} flush that began after its update came")


def _processes(product: Product, request: pytest.FixtureRequest) -> list[int]:
    """The product, and where another process flushes for it, that one and its children."""
    if product.is_embedded:
        return [product.pid]
    server: Server = request.getfixturevalue("postgres")
    assert server.process is not None
    return [product.pid, *descendants(server.process.pid)]


def flushes_of_answers(calls: list[SystemCall]) -> list[int]:
    """For each 200 of the webhook, how many flushes of a log of the database lay wholly between the arrival of its
    update and itself."""
    flushes = [call for call in calls if call.name in FLUSHES and call.result == "0" and _is_log(call.file)]
    arrived: dict[str, float] = {}
    counts = []
    for call in calls:
        if call.name in READS and '"POST /telegram/webhook' in call.told:
            arrived[call.file] = call.ended
        elif call.name in WRITES and '"HTTP/1.1 200' in call.told and call.file in arrived:
            since = arrived.pop(call.file)
            counts.append(sum(since <= flush.began and flush.ended <= call.began for flush in flushes))
    return counts


def _is_log(file: str) -> bool:
    return file.endswith(".db-wal") or "/pg_wal/" in file
