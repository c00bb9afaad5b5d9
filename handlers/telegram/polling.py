"""Fetching updates where no webhook can reach us: the offset moves only after what was fetched is stored."""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec
import structlog
from aiogram import Bot
from yarl import URL

from bot.core.errors import StorageUnavailable
from bot.core.pacing import retry_wait
from handlers.telegram.channel import WideSession
from handlers.telegram.setup import UPDATES, Profile
from handlers.telegram.webhook import Intake

_WAIT = 25
_MOST = 100
"""How many updates one fetch brings at most."""
_TIMEOUT = aiohttp.ClientTimeout(total=_WAIT + 10)

log = structlog.get_logger()


class _Fetched(msgspec.Struct):
    result: list[msgspec.Raw] = []


class _Numbered(msgspec.Struct):
    update_id: int


_fetched = msgspec.json.Decoder(_Fetched)
_numbered = msgspec.json.Decoder(_Numbered)


class Polling:
    """`trouble` names why nothing comes in; None when all is well. `caught_up` is set while nothing that waited for us is
    left to fetch."""

    def __init__(self, bot: Bot, intake: Intake, profile: Profile) -> None:
        assert isinstance(bot.session, WideSession)
        self._session = bot.session
        self._url = URL(bot.session.api.api_url(bot.token, "getUpdates"))
        self._intake = intake
        self._profile = profile
        self.trouble: str | None = None
        self.caught_up = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. A fetched update that cannot be stored holds the offset: it comes again."""
        await self._profile.ready.wait()
        offset, failures = 0, 0
        while True:
            try:
                updates = await self._fetch(offset)
                await asyncio.gather(*(self._intake.take(bytes(update)) for update in updates))
            except (aiohttp.ClientError, TimeoutError, OSError, StorageUnavailable, msgspec.DecodeError) as error:
                failures += 1
                self.caught_up.clear()
                self.trouble = type(error).__name__
                log.warning("polling_failed", error=self.trouble, attempt=failures)
                await asyncio.sleep(retry_wait(failures).total_seconds())
                continue
            failures, self.trouble = 0, None
            offset = max([offset, *(_numbered.decode(update).update_id + 1 for update in updates)])
            if len(updates) < _MOST:
                self.caught_up.set()

    async def _fetch(self, offset: int) -> list[msgspec.Raw]:
        wait = _WAIT if self.caught_up.is_set() else 0
        asked = {"offset": offset, "limit": _MOST, "timeout": wait, "allowed_updates": UPDATES}
        session = await self._session.create_session()
        async with session.post(self._url, json=asked, timeout=_TIMEOUT) as response:
            response.raise_for_status()
            return _fetched.decode(await response.read()).result
