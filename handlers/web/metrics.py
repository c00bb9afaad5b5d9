"""/metrics: what this process counted and how it stands, as Prometheus reads it. Not for the public.

Who is on the same machine may read it where no public address leads to it; anywhere else it takes the token. A request
that says it was forwarded is never taken for one of this machine: whatever such a header holds, a stranger may have put it
there.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.actions.health import Health
from bot.core.counters import Counters

_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_HERE_ONLY = (
    "Only for this machine. From elsewhere, or behind a public address, set NIDAA_METRICS_TOKEN and send it as a bearer.\n"
)


@dataclass(frozen=True, slots=True)
class Metrics:
    """`is_public`: a web server of the operator's passes strangers on to us, from this machine's own address."""

    counters: Counters
    health: Health
    token: SecretStr
    is_public: bool

    async def show(self, request: Request) -> Response:
        expected = self.token.get_secret_value()
        if expected and not _bears(request, expected):
            return PlainTextResponse("Unauthorized\n", 401, {"WWW-Authenticate": "Bearer"})
        if not expected and (self.is_public or not _is_from_here(request)):
            return PlainTextResponse(_HERE_ONLY, 403)
        from handlers.web.exposition import MEDIA_TYPE, exposition  # noqa: PLC0415 -- 4 MB, only where it is asked for

        body = exposition(self.counters, await self.health.report())
        return Response(body, headers={"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"})


def _bears(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _is_from_here(request: Request) -> bool:
    """Did the connection itself come from this machine, from somebody who asks for himself?"""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        peer = ip_address(request.client.host)
    except ValueError:
        return False
    mapped = peer.ipv4_mapped if isinstance(peer, IPv6Address) else None
    return (mapped or peer).is_loopback
