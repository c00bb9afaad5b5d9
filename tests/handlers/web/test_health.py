"""/health: the database decides, channels are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi


async def health(running: Running) -> tuple[int, dict[str, Any]]:
    async with ClientSession() as client, client.get(f"{running.url}/health") as response:
        return response.status, await response.json()


async def test_it_is_well_when_the_database_is_ready(serve: Serve) -> None:
    assert await health(await serve()) == (200, {"status": "ok", "cause": None, "channels": {"web": "ok"}})


async def test_it_says_so_when_migrations_are_not_applied(serve: Serve, tmp_path: Path) -> None:
    running = await serve(database_url=f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    status, report = await health(running)
    assert (status, report["cause"]) == (503, "migrations not applied: run nidaa migrate")


async def test_it_says_so_when_the_database_is_away(serve: Serve) -> None:
    running = await serve(database_url="postgresql+asyncpg://nidaa@127.0.0.1:9/nobody")
    status, report = await health(running)
    assert (status, report["cause"]) == (503, "database unreachable")


async def test_a_platform_that_is_away_does_not_get_the_page_restarted(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api, telegram_api_url="http://127.0.0.1:9", wait=False)
    status, report = await health(running)
    assert status == 200
    assert report["channels"]["web"] == "ok"
    assert report["channels"]["telegram"] != "ok"
