"""Killed at any moment: nothing that was acknowledged is lost, nothing happens twice, everybody can go on."""

from __future__ import annotations

import asyncio
import random
import time

from tests.fakes.bot_api import BotApi
from tests.faults.checker import faults_at_the_end, lost_answers, repeats
from tests.faults.conftest import Report
from tests.faults.crowd import Crowd
from tests.faults.databases import everything_is_sent, looked_into, run_leases_out
from tests.faults.product import LEASE_SECONDS, Product


async def test_nothing_is_lost_when_the_process_is_killed_under_load(
    product: Product, bot_api: BotApi, database_url: str, report: Report
) -> None:
    kills, at_once = (200, 16) if report.is_long else (8, 8)
    crowd, restarts = Crowd(bot_api, at_once=at_once), []
    async with crowd.signing_up(finish_within=LEASE_SECONDS + 30):
        for _ in range(kills):
            restarts.append(time.monotonic())
            await product.start()
            await _some_answers(crowd, random.randrange(4 * at_once))
            await asyncio.sleep(random.uniform(0, 0.05))
            product.kill()
            await crowd.note_kill()
            async with looked_into(database_url) as database:
                assert await lost_answers(database, crowd.people) == []
        last = time.monotonic()
        await product.start(by_hand=report.is_long)
        if not report.is_long:
            await run_leases_out(database_url)
    await everything_is_sent(database_url, within=LEASE_SECONDS + 5)
    finished_after = time.monotonic() - last
    assert await faults_at_the_end(database_url, product, crowd) == []
    report.tell(_figures(crowd, kills, restarts, finished_after))


async def _some_answers(crowd: Crowd, number: int) -> None:
    """Returns once so many more were acknowledged: however slow the machine, it is killed at work."""
    enough = crowd.acknowledged + number
    while crowd.acknowledged < enough:
        await asyncio.sleep(0.002)


def _figures(crowd: Crowd, kills: int, restarts: list[float], finished_after: float) -> str:
    waits = sorted(crowd.first_answer(200, after=restart) for restart in restarts)
    again = sum(len(repeats(crowd, person)) for person in crowd.people)
    return (
        f"{kills} kills, {len(crowd.people)} people, {crowd.acknowledged} answers"
        f" acknowledged, {crowd.cut_off()} updates cut off in flight; lost 0, double sign-ups 0, stuck 0, repeated messages"
        f" {again}, at most one a chat and kill; everybody had finished and nothing was owed {finished_after:.1f} s after"
        f" the last restart; first 200 after a restart: median {waits[len(waits) // 2]:.2f} s"
    )
