"""No space left, and a disk that fails: nothing is acknowledged that is not kept, and all goes on once it can."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.bot_api import BotApi
from tests.fakes.postgres import Server, running_server, server_binaries
from tests.faults.checker import faults_at_the_end
from tests.faults.conftest import Report
from tests.faults.crowd import Crowd
from tests.faults.disks import Disk, small_disk
from tests.faults.product import LEASE_SECONDS, Product, Starter
from tests.faults.tracing import FLUSHES, attached, skip_without_strace


@dataclass(frozen=True, slots=True)
class Trouble:
    """From the moment nothing could be written to the moment it could be again."""

    began: float
    ended: float


async def test_nothing_is_lost_when_the_disk_of_sqlite_is_full(
    bot_api: BotApi, tmp_path: Path, starter: Starter, report: Report
) -> None:
    with small_disk(megabytes=64) as disk:
        url = f"sqlite:///{disk.folder / 'nidaa.db'}"
        product = Product.on(url, tmp_path, bot_api, starter)
        crowd = Crowd(bot_api, at_once=16)
        async with _talking(product, crowd, url):
            troubles = [await _full(disk, crowd, seconds) for seconds in ((5, 1, 1, 1, 1) if report.is_long else (1,))]
        report.tell(_figures(crowd, troubles))


async def test_nothing_is_lost_when_the_disk_of_postgresql_is_full(
    bot_api: BotApi, tmp_path: Path, starter: Starter, report: Report
) -> None:
    if not report.is_long:
        pytest.skip("a disk of its own for PostgreSQL takes a while: make faults")
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed here")
    with small_disk(megabytes=200) as disk, running_server(binaries, within=disk.folder) as server:
        product = Product.on(server.url("postgres"), tmp_path, bot_api, starter)
        crowd = Crowd(bot_api, at_once=16)
        async with _talking(product, crowd, server.url("postgres")):
            troubles = [await _full(disk, crowd, seconds, server) for seconds in (5, 1, 1, 1, 1)]
        report.tell(_figures(crowd, troubles))


async def test_nothing_is_lost_when_the_disk_fails(
    product: Product, bot_api: BotApi, database_url: str, request: pytest.FixtureRequest, report: Report
) -> None:
    skip_without_strace()
    server = None if product.is_embedded else request.getfixturevalue("postgres")
    crowd = Crowd(bot_api, at_once=16)
    async with _talking(product, crowd, database_url):
        errors = ("EIO", "ENOSPC", "EIO", "ENOSPC") if report.is_long else ("EIO",)
        troubles = [await _failing(error, product, crowd, server) for error in errors]
    if product.is_embedded:
        assert all(set(crowd.statuses(trouble.began, trouble.ended)) == {503} for trouble in troubles)
    report.tell(_figures(crowd, troubles))


@asynccontextmanager
async def _talking(product: Product, crowd: Crowd, url: str) -> AsyncIterator[None]:
    """People sign up meanwhile; at the end all is as if nothing had happened."""
    try:
        await product.runs("migrate")
        await product.start()
        async with crowd.signing_up(finish_within=LEASE_SECONDS + 30):
            await asyncio.sleep(0.5)
            yield
        assert await faults_at_the_end(url, product, crowd) == []
    finally:
        product.kill()


async def _full(disk: Disk, crowd: Crowd, seconds: float, server: Server | None = None) -> Trouble:
    full = time.monotonic()
    disk.fill()
    await _refused(crowd, full)
    await asyncio.sleep(seconds)
    ended = time.monotonic()
    disk.free()
    if server is not None and server.process is not None and server.process.poll() is not None:
        await asyncio.to_thread(server.start)  # it gave up, and whoever looks after it starts it again
    await _taken_again(crowd, ended)
    return Trouble(full, ended)


async def _failing(error: str, product: Product, crowd: Crowd, server: Server | None) -> Trouble:
    """Every write and flush of the database fails: of an embedded one in the product itself, else in the server's
    processes that work for it, which this ends."""
    working = "SELECT pid FROM pg_stat_activity WHERE application_name = 'nidaa'"
    processes = [int(pid) for pid in server.run_sql(working).split()] if server is not None else [product.pid]
    with attached(processes, "-f", "-o", os.devnull, "-e", f"inject={','.join((*FLUSHES, 'pwrite64'))}:error={error}"):
        began = time.monotonic()
        await _refused(crowd, began)
        await asyncio.sleep(1)
        ended = time.monotonic()
    await _taken_again(crowd, ended)
    return Trouble(began, ended)


async def _refused(crowd: Crowd, since: float) -> None:
    async with asyncio.timeout(30):
        while not crowd.statuses(since, time.monotonic())[503]:
            await asyncio.sleep(0.02)


async def _taken_again(crowd: Crowd, since: float) -> None:
    async with asyncio.timeout(30):
        while not crowd.statuses(since, time.monotonic())[200]:
            await asyncio.sleep(0.02)


def _figures(crowd: Crowd, troubles: list[Trouble]) -> str:
    refused = sum(crowd.statuses(trouble.began, trouble.ended)[503] for trouble in troubles)
    recoveries = [crowd.first_answer(200, after=trouble.ended) for trouble in troubles]
    return (
        f"{len(troubles)} times, {len(crowd.people)} people, {crowd.acknowledged} answers"
        f" acknowledged, {refused} answers 503 meanwhile; lost 0, repeated messages 0; first 200 after it was over: longest"
        f" {max(recoveries):.2f} s"
    )
