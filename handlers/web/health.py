"""Is the service able to serve? The database alone decides the code; everything else is told and changes nothing."""

from __future__ import annotations

import gettext
from dataclasses import asdict, dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bot.actions.health import Health
from bot.core.bidi import without_isolates
from bot.core.text import Speech

_ENGLISH = Speech("en", gettext.NullTranslations())


@dataclass(frozen=True, slots=True)
class HealthPage:
    health: Health

    async def show(self, _: Request) -> Response:
        report = await self.health.report()
        told = {
            "status": "ok" if report.cause is None else "unavailable",
            "cause": report.cause,
            "channels": {name: trouble or "ok" for name, trouble in report.channels.items()},
            "database": report.database,
            "owed": report.owed,
            "updates": report.updates,
            "time": report.time,
            "disk": {**asdict(report.disk), "free_percent": report.disk.free_percent},
            "warnings": {each.code: without_isolates(_ENGLISH.tell(each.what)) for each in report.warnings},
        }
        return Response(
            msgspec.json.encode(told),
            status_code=200 if report.cause is None else 503,
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )
