"""The webhook: store, then answer 200; what an update says is the desk's business."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.actions.desk import Desk
from bot.actions.parked import park_unreadable
from bot.core.errors import StorageUnavailable, UpdateUnreadable
from bot.core.messages import Incoming, Pressed
from handlers.telegram.channel import TelegramChannel
from handlers.telegram.updates import CHANNEL, read_update
from storage.engine import Database

PATH = "/telegram/webhook"
_LARGEST = 4 * 1024 * 1024


@dataclass(slots=True)
class Intake:
    """What both ways in (webhook and polling) do with an update."""

    desk: Desk
    database: Database
    channel: TelegramChannel
    acknowledging: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, body: bytes) -> None:
        """Durable when this returns. StorageUnavailable: it must come again."""
        try:
            incoming = read_update(body)
        except UpdateUnreadable:
            await park_unreadable(self.database, channel=CHANNEL, body=body)
            return
        if incoming is not None:
            await self._converse(incoming)

    async def _converse(self, incoming: Incoming) -> None:
        await self.desk.take(incoming)
        if isinstance(incoming.content, Pressed) and incoming.content.receipt is not None:
            task = asyncio.create_task(self.channel.acknowledge(incoming.content.receipt))
            self.acknowledging.add(task)
            task.add_done_callback(self.acknowledging.discard)


def webhook_route(intake: Intake, secret: str) -> Route:
    async def receive(request: Request) -> Response:
        """200 once the update is stored for good, 503 while it cannot be; 403 without the secret."""
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=403)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        try:
            await intake.take(body)
        except StorageUnavailable:
            return Response(status_code=503, headers={"Retry-After": "1"})
        return Response()

    return Route(PATH, receive, methods=["POST"])


async def _body(request: Request) -> bytes:
    """The body, cut where no update of ours could be: it is then unreadable, and kept as such."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= _LARGEST:
            parts.append(part)
    return b"".join(parts)
