"""Announcements to very many: how long their recipients take to be written down, how fast they leave, how soon a pause holds.

    python -m tests.benchmarks.announcements [--recipients 1000000] [--sent 20000] [--engines sqlite,postgresql]

`frozen` is all of them, in chunks, with the memory the process grew by at most meanwhile; `bare` is one INSERT … SELECT of the
same rows. `sent` is messages a second taken in hand, sent over HTTP to a server without limits, and recorded, by one process;
`floor` is a bare loop in the same run: claim by id, POST by aiohttp, mark. The server runs in a process of its own. `paused` is
how long after a pause was confirmed the last message arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import sqlalchemy as sa
from aiohttp import web

from bot.actions import announcements as actions
from handlers.telegram.channel import TelegramChannel, make_bot
from storage.engine import Database
from storage.migrations import migrate
from storage.tables import addresses, announcements, deliveries, people
from tests.benchmarks.measure import memory_mib
from tests.bot.actions.broadcasting import add_coordinators, announce, control, sending, until, walking
from tests.fakes.bot_api import TOKEN
from tests.fakes.clock import Clock
from tests.fakes.ports import free_port
from tests.fakes.postgres import Server, running_server, server_binaries

_TOGETHER = 5_000


async def fill(database: Database, count: int) -> None:
    """So many people on Telegram who want announcements."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    for start in range(1, count + 1, _TOGETHER):
        numbers = range(start, min(start + _TOGETHER, count + 1))
        persons = [{"id": n * 4096, "language": "ar", "announcements": "yes", "created_at": at} for n in numbers]
        there = [
            {"id": n * 4096, "person_id": n * 4096, "channel": "telegram", "external_id": str(10**9 + n), "created_at": at}
            for n in numbers
        ]
        async with database.write() as connection:
            await connection.execute(people.insert(), persons)
            await connection.execute(addresses.insert(), there)
    async with database.write() as connection:
        await connection.execute(sa.text("ANALYZE"))


async def bare(database: Database) -> float:
    """Seconds for the same rows in one statement without a question asked; they are taken back."""
    columns = ["announcement_id", "person_id", "channel", "recipient", "language", "state", "due_at"]
    moment = sa.literal(datetime(2026, 11, 1, tzinfo=UTC), deliveries.c.due_at.type)
    rows = sa.select(
        sa.literal(1),
        addresses.c.person_id,
        addresses.c.channel,
        addresses.c.external_id,
        sa.literal("ar"),
        sa.literal("waiting"),
        moment,
    )
    begun = time.perf_counter()
    async with database.engine.connect() as connection:
        await connection.execute(deliveries.insert().from_select(columns, rows))
        took = time.perf_counter() - begun
        await connection.rollback()
    return took


async def frozen(database: Database, clock: Clock) -> tuple[int, float, float]:
    """The announcement, the seconds, and by how many MiB the process grew at most."""
    made = await announce(database, clock)
    idle = most = memory_mib(multiprocessing.current_process().pid or 0)
    begun = time.perf_counter()
    freezing = asyncio.create_task(actions.freeze(database, clock()))
    while not freezing.done():
        await asyncio.wait({freezing}, timeout=0.1)
        most = max(most, memory_mib(multiprocessing.current_process().pid or 0))
    await freezing
    return made, time.perf_counter() - begun, most - idle


def _serve(port: int, took: Any) -> None:
    """A Bot API without limits that counts what it takes, and when the last came."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        took[0] += 1
        took[1] = time.time()
        return web.Response(body=b'{"ok":true,"result":{}}', content_type="application/json")

    app = web.Application()
    app.router.add_post("/{rest:.*}", take)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


@contextmanager
def server() -> Iterator[tuple[str, Any]]:
    port, took = free_port(), multiprocessing.Array("d", 2)
    process = multiprocessing.Process(target=_serve, args=(port, took), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port}", took
    finally:
        process.terminate()
        process.join()


async def floor(database: Database, url: str, announcement: int, count: int) -> float:
    """Messages a second of a bare loop: 200 ids are claimed, posted at once, marked."""
    begun, sent = time.perf_counter(), 0
    where = deliveries.c.announcement_id == announcement
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as session:

        async def post(recipient: str) -> None:
            async with session.post(
                f"{url}/bot{TOKEN}/sendMessage", json={"chat_id": int(recipient), "text": "x" * 200}
            ) as answer:
                await answer.read()

        while sent < count:
            async with database.write() as connection:
                some = sa.select(deliveries.c.person_id, deliveries.c.recipient).where(
                    where, deliveries.c.state == "waiting"
                )
                rows = (await connection.execute(some.limit(200))).all()
                ids = [row.person_id for row in rows]
                claimed = deliveries.update().where(where, deliveries.c.person_id.in_(ids))
                await connection.execute(claimed.values(leased_by="floor"))
            await asyncio.gather(*(post(row.recipient) for row in rows))
            async with database.write() as connection:
                await connection.execute(claimed.values(state="sent"))
            sent += len(rows)
    return sent / (time.perf_counter() - begun)


async def sent(database: Database, url: str, took: Any, clock: Clock, *, made: int, count: int) -> tuple[float, float]:
    """Messages a second, and for how many seconds messages still came after a pause was confirmed."""
    channel = TelegramChannel(make_bot(TOKEN, url))
    took[0] = 0
    begun = time.perf_counter()
    async with sending(database, walking(clock), channel):
        await until(lambda: took[0] >= count, 600)
        rate = took[0] / (time.perf_counter() - begun)
        await control(database, clock, made, "pause")
        confirmed = time.time()
        await asyncio.sleep(2)
    await channel.close()
    return rate, max(0.0, took[1] - confirmed)


async def measure(url: str, recipients: int, count: int) -> None:
    database, clock = Database(url), Clock()
    await migrate(database)
    await add_coordinators(database, clock, khadija=None)
    await fill(database, recipients)
    plain = await bare(database)
    made, seconds, grown = await frozen(database, clock)
    async with database.read() as connection:
        rows = await connection.scalar(sa.select(sa.func.count()).select_from(deliveries))
        targeted = await connection.scalar(sa.select(announcements.c.targeted))
    assert rows == targeted == recipients
    told = f"{recipients} recipients frozen in {seconds:.1f} s (bare {plain:.1f} s), memory +{grown:.0f} MiB"
    with server() as (address, took):
        await asyncio.sleep(1)
        rate, late = await sent(database, address, took, clock, made=made, count=count)
        lowest = await floor(database, address, made, count)
    print(  # noqa: T201 -- the figures
        f"{database.engine.dialect.name}: {told}; {rate:.0f} messages/s sent and recorded, floor {lowest:.0f}/s"
        f" ({rate / lowest:.2f}); last message {late:.2f} s after the pause",
        flush=True,
    )
    await database.close()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=1_000_000)
    parser.add_argument("--sent", type=int, default=20_000)
    parser.add_argument("--engines", default="sqlite,postgresql")
    asked = parser.parse_args(arguments)
    for engine in asked.engines.split(","):
        with TemporaryDirectory() as folder:
            if engine == "sqlite":
                asyncio.run(measure(f"sqlite+aiosqlite:///{Path(folder) / 'nidaa.db'}", asked.recipients, asked.sent))
                continue
            binaries = server_binaries()
            assert binaries is not None
            with running_server(binaries) as postgres:
                asyncio.run(measure(_address(postgres), asked.recipients, asked.sent))


def _address(postgres: Server) -> str:
    postgres.run_sql("CREATE DATABASE bench")
    return postgres.url("bench").replace("postgresql://", "postgresql+asyncpg://")


if __name__ == "__main__":
    main(sys.argv[1:])
