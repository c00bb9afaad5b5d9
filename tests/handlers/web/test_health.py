"""/health: the database decides, everything else is told, and nothing of it is about anybody."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from storage import inbox
from storage.tables import outbox
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson

on_one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def health(running: Running) -> tuple[int, dict[str, Any]]:
    async with ClientSession() as client, client.get(f"{running.url}/health") as response:
        return response.status, await response.json()


async def test_it_is_well_when_the_database_is_ready(serve: Serve, tmp_path: Path) -> None:
    running = await serve()
    status, report = await health(running)
    assert 0 < report["database"].pop("answer_ms") < 4000
    disk, total = report.pop("disk"), shutil.disk_usage(tmp_path).total
    assert disk["total_bytes"] == total
    assert disk["free_percent"] == round(100 * disk["free_bytes"] / total, 1)
    assert report.pop("warnings").keys() <= {"disk_low"}
    engine = "sqlite" if running.service.settings.is_sqlite else "postgresql"
    assert (status, report) == (
        200,
        {
            "status": "ok",
            "cause": None,
            "channels": {"web": "ok"},
            "database": {"engine": engine},
            "owed": {"telegram": {"count": 0, "oldest_seconds": None}},
            "updates": {"longest_wait_seconds": 0.0, "parked": 0},
            "time": {"zone": "Africa/Casablanca", "offset": "+00:00", "tzdata": "2026f", "needs": "2026f"},
        },
    )


async def test_it_tells_what_is_owed_since_when_and_what_is_parked(serve: Serve, bot_api: BotApi, clock: Clock) -> None:
    running = await serve(bot_api)
    refusal = bot_api.refuse(429, "Too Many Requests", parameters={"retry_after": 3600}, times=None)
    somebody = TelegramPerson(bot_api, running.settled)
    assert await bot_api.deliver(somebody.message(text="0600000001")) == 200
    async with running.service.database.write() as connection:
        await inbox.park_update(connection, reference="A1", channel="telegram", cause="x", body="0600000001", now=clock())
    clock.advance(minutes=5)
    _, report = await health(running)
    assert report["owed"] == {"telegram": {"count": 2, "oldest_seconds": 300.0}}
    assert report["updates"] == {"longest_wait_seconds": 0.0, "parked": 1}
    assert "600000001" not in json.dumps(report)
    assert str(somebody.id) not in json.dumps(report)

    refusal.times = 0
    clock.advance(hours=1)
    await running.settled(str(somebody.id))
    _, report = await health(running)
    assert report["owed"] == {"telegram": {"count": 0, "oldest_seconds": None}}


async def test_what_waits_on_a_page_or_was_refused_is_not_owed(serve: Serve, clock: Clock) -> None:
    running = await serve()
    rows = [("web", None), ("telegram", "400"), ("telegram", None)]
    async with running.service.database.write() as connection:
        for number, (channel, parked) in enumerate(rows):
            row = {"id": number, "channel": channel, "recipient": "1", "lane": number, "due_at": clock(), "message": "{}"}
            await connection.execute(outbox.insert().values(**row, parked=parked))
    _, report = await health(running)
    assert report["owed"] == {"telegram": {"count": 1, "oldest_seconds": 0.0}}


@on_one_engine
async def test_it_tells_how_long_an_update_has_waited_while_the_database_is_locked(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    async with running.service.database.write():
        waiting = asyncio.create_task(bot_api.deliver(TelegramPerson(bot_api, running.settled).message(text="سلام")))
        await asyncio.sleep(0.4)
        status, report = await health(running)
    assert (status, await waiting) == (200, 200)
    assert 0.2 < report["updates"]["longest_wait_seconds"] < 5


@on_one_engine
async def test_it_says_so_when_migrations_are_not_applied(serve: Serve, tmp_path: Path) -> None:
    running = await serve(database_url=f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    status, report = await health(running)
    assert (status, report["cause"]) == (503, "migrations not applied: run nidaa migrate")


@on_one_engine
async def test_it_says_so_when_the_database_is_away(serve: Serve) -> None:
    running = await serve(database_url="postgresql+asyncpg://nidaa@127.0.0.1:9/nobody")
    status, report = await health(running)
    assert (status, report["status"], report["cause"]) == (503, "unavailable", "database unreachable")
    assert (report["database"], report["owed"], report["updates"]["parked"]) == (
        {"engine": "postgresql", "answer_ms": None},
        None,
        None,
    )


@on_one_engine
async def test_a_database_that_hangs_is_given_up_before_whoever_asks_gives_up(serve: Serve, bot_api: BotApi) -> None:
    async with await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        running = await serve(database_url=f"postgresql+asyncpg://nidaa@127.0.0.1:{port}/nobody")
        began = asyncio.get_running_loop().time()
        status, report = await health(running)
    assert (status, report["cause"]) == (503, "database unreachable")
    assert asyncio.get_running_loop().time() - began < 4.9


@on_one_engine
async def test_a_platform_that_is_away_does_not_get_the_page_restarted(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api, telegram_api_url="http://127.0.0.1:9", wait=False)
    status, report = await health(running)
    assert status == 200
    assert report["channels"]["web"] == "ok"
    assert report["channels"]["telegram"] != "ok"


@on_one_engine
async def test_an_old_zone_database_is_warned_of_loudly_and_changes_no_code(
    serve: Serve, logged: io.StringIO, tmp_path: Path
) -> None:
    (tmp_path / "zones" / "Africa").mkdir(parents=True)
    (tmp_path / "zones" / "tzdata.zi").write_text("# version 2025b\n")
    (tmp_path / "zones" / "Africa" / "Casablanca").write_bytes(b"TZif")
    zoneinfo.reset_tzpath((tmp_path / "zones",))
    try:
        status, report = await health(await serve())
    finally:
        zoneinfo.reset_tzpath(())
    assert (status, report["time"]["tzdata"]) == (200, "2025b")
    assert report["warnings"]["zone_database_outdated"].startswith(
        "The time-zone database in use (2025b) is older than 2026f"
    )
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    told = [line for line in lines if line["event"] == "health_warning"]
    assert ("error", "zone_database_outdated") in [(line["level"], line["cause"]) for line in told]


async def test_a_start_on_an_empty_database_says_what_to_do(serve: Serve, logged: io.StringIO, tmp_path: Path) -> None:
    running = await serve(database_url=f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    causes = [line["cause"] for line in lines if line["event"] == "health_warning"]
    assert causes[0] == "migrations not applied: run nidaa migrate"
    assert (await health(running))[0] == 503


@on_one_engine
async def test_the_offset_is_that_of_the_moment(serve: Serve, clock: Clock) -> None:
    running = await serve()
    clock.now = datetime(2026, 8, 1, 12, tzinfo=UTC)
    _, report = await health(running)
    assert report["time"]["offset"] == "+01:00"
