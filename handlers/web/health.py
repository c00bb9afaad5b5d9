"""Is the service able to serve? The database decides; channels are told but never change the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bot.core.errors import StorageUnavailable
from storage.engine import Database
from storage.migrations import HEAD, revision_of


@dataclass(frozen=True, slots=True)
class Health:
    """`channels` tells each channel's trouble by its name; None when it has none."""

    database: Database
    channels: Callable[[], Mapping[str, str | None]]

    async def show(self, _: Request) -> Response:
        cause = await self.cause()
        report = {
            "status": "ok" if cause is None else "unavailable",
            "cause": cause,
            "channels": {name: trouble or "ok" for name, trouble in self.channels().items()},
        }
        return Response(
            msgspec.json.encode(report),
            status_code=200 if cause is None else 503,
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def cause(self) -> str | None:
        """Why the service cannot serve; None when it can."""
        try:
            async with self.database.read() as connection:
                revision = await revision_of(connection)
        except StorageUnavailable:
            return "database unreachable"
        return None if revision == HEAD else "migrations not applied: run nidaa migrate"
