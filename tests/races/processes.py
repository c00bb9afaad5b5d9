"""Several processes of the product over one database, and a crowd that writes to all of them at the same instant."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import telegram
from aiohttp import ClientSession, TCPConnector

from bot.core.bidi import without_isolates
from bot.core.seals import Seals
from bot.main import make_seals
from bot.settings import Settings
from storage.engine import Database
from tests.fakes.bot_api import TOKEN, BotApi
from tests.fakes.people import TelegramPerson
from tests.fakes.ports import free_port

ROOT = Path(__file__).parents[2]
SECRET = "a secret for the tests, long enough to be one"
_PATIENCE = 60


@dataclass(slots=True)
class Race:
    """`urls` are where each process takes updates; `database` and `seals` are ours, over the same rows and the same key."""

    api: BotApi
    database: Database
    seals: Seals
    urls: Sequence[str]
    client: ClientSession

    def somebody(self) -> TelegramPerson:
        return TelegramPerson(self.api, _settled)

    async def at_once(self, updates: Sequence[telegram.Update]) -> None:
        """All at the same instant, spread over the processes; each is stored when this returns."""
        bodies = [update.to_json().encode() for update in updates]
        statuses = await asyncio.gather(*(self._post(body, place) for place, body in enumerate(bodies)))
        assert set(statuses) == {200}, statuses

    async def _post(self, body: bytes, place: int) -> int:
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": self.api.secret}
        url = f"{self.urls[place % len(self.urls)]}/telegram/webhook"
        async with self.client.post(url, data=body, headers=headers) as response:
            await response.read()
            return response.status

    async def replies(self, people: Sequence[TelegramPerson]) -> list[str]:
        """What each reads next: one message each, and no second one."""
        async with asyncio.timeout(_PATIENCE):
            while any(len(self.api.accepted[person.id]) <= person.seen for person in people):
                await asyncio.sleep(0.005)
        texts = []
        for person in people:
            (message,) = self.api.accepted[person.id][person.seen :]
            person.seen += 1
            texts.append(without_isolates(message.text or ""))
        return texts


async def _settled(_: str) -> None:
    """Replies are waited for all together."""


@asynccontextmanager
async def racing(database_url: str, api: BotApi, folder: Path, *, processes: int) -> AsyncIterator[Race]:
    """So many processes, up and ready; they end well when it is over."""
    ports = [free_port() for _ in range(processes)]
    started = [_serve(database_url, api, folder, port) for port in ports]
    database = Database(database_url)
    settings = Settings(_env_file=None, secret_key=SECRET, data_dir=folder)  # type: ignore[arg-type]  # read as the environment is
    try:
        await asyncio.gather(*(asyncio.to_thread(_ready, process) for process in started))
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        async with asyncio.timeout(_PATIENCE):
            while len([call for call in api.calls if call.method == "setWebhook"]) < processes:
                await asyncio.sleep(0.02)
        async with ClientSession(connector=TCPConnector(limit=200)) as client:
            yield Race(api, database, make_seals(settings), urls, client)
        for process in started:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in started] == [0] * processes
    finally:
        for process in started:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        await database.close()


def _serve(database_url: str, api: BotApi, folder: Path, port: int) -> subprocess.Popen[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("NIDAA_")}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "serve"],
        env={
            **bare,
            "NIDAA_DATA_DIR": str(folder),
            "NIDAA_DATABASE_URL": database_url,
            "NIDAA_SECRET_KEY": SECRET,
            "NIDAA_PORT": str(port),
            "NIDAA_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "NIDAA_TELEGRAM_TOKEN": TOKEN,
            "NIDAA_TELEGRAM_API_URL": api.url,
            "PYTHONPATH": str(ROOT),
        },
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().startswith("nidaa: "), "a process did not start"
