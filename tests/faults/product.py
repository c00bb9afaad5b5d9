"""The product as a process of its own, started and killed from outside."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.bot_api import TOKEN, BotApi
from tests.fakes.ports import free_port

ROOT = Path(__file__).parents[2]
SECRET = "a secret for the faults, long enough to be one"
LEASE_SECONDS = 15
"""How long a message stays in the hands of a process that was killed (bot.actions.desktop.LEASE)."""


class Starter:
    """Starts processes; see tests.faults.starter."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> int:
        """The number of the new process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"arguments": arguments, "environment": dict(environment), "log": str(log)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def running_starter() -> Iterator[Starter]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.starter"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Starter(process)
    finally:
        process.communicate(timeout=10)


@dataclass(slots=True)
class Product:
    """`nidaa serve` on a port of its own, with Telegram's webhook."""

    starter: Starter
    environment: dict[str, str]
    folder: Path
    port: int
    pid: int = 0
    _life: int = -1
    _by_hand: subprocess.Popen[bytes] | None = None

    @classmethod
    def on(cls, database_url: str, folder: Path, api: BotApi, starter: Starter) -> Product:
        """The product on this database, and the fake Bot API told where to find it."""
        port = free_port()
        api.webhook, api.secret = f"http://127.0.0.1:{port}/telegram/webhook", "faults-secret"
        environment = {
            "NIDAA_DATABASE_URL": database_url,
            "NIDAA_DATA_DIR": str(folder),
            "NIDAA_SECRET_KEY": SECRET,
            "NIDAA_PORT": str(port),
            "NIDAA_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "NIDAA_TELEGRAM_TOKEN": TOKEN,
            "NIDAA_TELEGRAM_API_URL": api.url,
            "NIDAA_TELEGRAM_SECRET": api.secret,
        }
        return cls(starter, environment, folder, port)

    @property
    def is_embedded(self) -> bool:
        """Is its database in its own process?"""
        return self.environment["NIDAA_DATABASE_URL"].startswith("sqlite")

    @property
    def log(self) -> Path:
        return self.folder / "log"

    async def start(self, *, by_hand: bool = False) -> None:
        """Returns once it listens. `by_hand`: as anybody starts it, libraries and all, which takes seconds."""
        self._begin(["serve"], by_hand=by_hand)
        for _ in range(3000):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                assert not self._has_ended(), self.log.read_text()
                await asyncio.sleep(0.01)
            else:
                writer.close()
                await writer.wait_closed()
                return
        raise TimeoutError("the product does not listen")

    async def runs(self, *arguments: str) -> None:
        """Run one of its commands to the end."""
        command = Product(self.starter, self.environment, self.folder, self.port)
        command._begin(list(arguments), by_hand=False)
        await command.ends()

    async def exported(self) -> list[dict[str, Any]]:
        """Every sign-up, as the operator would get them."""
        file = self.folder / "signups.json"
        await self.runs("export", "signups", "--format", "json", "--output", str(file))
        found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def kill(self) -> None:
        """SIGKILL; it is gone when this returns."""
        if self._life >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._life, signal.SIGKILL)
            self._forget(wait=10)

    async def ends_cleanly(self) -> None:
        """SIGTERM: it finishes what is under way and ends."""
        signal.pidfd_send_signal(self._life, signal.SIGTERM)
        await self.ends()

    async def ends(self, within: float = 60) -> None:
        """Returns once it has ended, killed or not."""
        until = time.monotonic() + within
        while not self._has_ended():
            assert time.monotonic() < until, "it has not ended"
            await asyncio.sleep(0.005)
        self._forget(wait=0)

    def _begin(self, arguments: list[str], *, by_hand: bool) -> None:
        if by_hand:
            with self.log.open("ab") as log:
                self._by_hand = subprocess.Popen(
                    [sys.executable, "-m", "bot", *arguments],
                    cwd=ROOT,
                    env={**os.environ, **self.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            self.pid = self._by_hand.pid
        else:
            self.pid = self.starter.start(arguments, self.environment, self.log)
        self._life = os.pidfd_open(self.pid)

    def _has_ended(self, wait: float = 0) -> bool:
        return bool(select.select([self._life], [], [], wait)[0])

    def _forget(self, wait: float) -> None:
        assert self._has_ended(wait)
        os.close(self._life)
        self._life = -1
        if self._by_hand is not None:
            self._by_hand.wait()
            self._by_hand = None
