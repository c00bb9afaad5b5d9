"""PostgreSQL goes away, by a crash, while people chat: they are told to come again, and nothing is lost."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.bot_api import BotApi
from tests.fakes.postgres import Server, running_server, server_binaries
from tests.faults.checker import faults_at_the_end
from tests.faults.conftest import Report
from tests.faults.crowd import Crowd
from tests.faults.product import LEASE_SECONDS, Product, Starter


@dataclass(frozen=True, slots=True)
class Outage:
    """From the moment the server was gone; until it was started; until it took connections."""

    gone: float
    started: float
    back: float


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL that this test may stop."""
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed here")
    with running_server(binaries) as made:
        yield made


async def test_nothing_is_lost_and_nothing_acknowledged_while_postgresql_is_away(
    server: Server, bot_api: BotApi, tmp_path: Path, starter: Starter, report: Report
) -> None:
    product, crowd = Product.on(server.url("postgres"), tmp_path, bot_api, starter), Crowd(bot_api, at_once=16)
    await product.runs("migrate")
    await product.start()
    outages = []
    async with crowd.signing_up(finish_within=LEASE_SECONDS + 30):
        for away in (30, *9 * (0,)) if report.is_long else (3, 0):
            await asyncio.sleep(random.uniform(0.5, 1.5))
            outages.append(await _an_outage(server, away))
        await asyncio.sleep(1)
    assert await faults_at_the_end(server.url("postgres"), product, crowd) == []
    statuses = sum((crowd.statuses(outage.gone, outage.started) for outage in outages), Counter[int | None]())
    assert set(statuses) == {503}
    recoveries = sorted(crowd.first_answer(200, after=outage.back) for outage in outages)
    assert recoveries[-1] < 15
    report.tell(
        f"stopped {len(outages)} times, away {outages[0].back - outages[0].gone:.0f} s at most, {len(crowd.people)} people,"
        f" {crowd.acknowledged} answers acknowledged; while away {statuses.total()} answers, all"
        f" 503; lost 0, repeated messages 0; first 200 after it was back: median"
        f" {recoveries[len(recoveries) // 2]:.2f} s, longest {recoveries[-1]:.2f} s"
    )


async def _an_outage(server: Server, away: float) -> Outage:
    await asyncio.to_thread(server.stop, "immediate")
    gone = time.monotonic()
    await asyncio.sleep(away)
    started = time.monotonic()
    await asyncio.to_thread(server.start)
    return Outage(gone, started, time.monotonic())
