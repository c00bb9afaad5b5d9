"""The webhook: store, then answer 200; what an update says is the desk's business."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

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


class Webhook:
    """The webhook as a bare ASGI application: nothing but the body is read, nothing but a status is answered."""

    path = PATH

    def __init__(self, intake: Intake, secret: str) -> None:
        self._intake = intake
        self._secret = secret.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 once the update is stored for good, 503 while it cannot be; 403 without the secret."""
        status = await self._status(scope, receive)
        if status != 200:
            self._intake.desk.counters.refusals[CHANNEL, str(status)] += 1
        await send({"type": "http.response.start", "status": status, "headers": _RETRY if status == 503 else _PLAIN})
        await send({"type": "http.response.body", "body": b""})

    async def _status(self, scope: Scope, receive: Receive) -> int:
        if scope["method"] != "POST":
            return 405
        given = next((value for name, value in scope["headers"] if name == _SECRET), b"")
        if not hmac.compare_digest(given, self._secret):
            return 403
        body = await _body(receive)
        if body is None:
            return 400
        try:
            await self._intake.take(body)
        except StorageUnavailable:
            return 503
        return 200


_SECRET = b"x-telegram-bot-api-secret-token"
_PLAIN = [(b"content-length", b"0")]
_RETRY = [*_PLAIN, (b"retry-after", b"1")]


async def _body(receive: Receive) -> bytes | None:
    """The body, cut where no update could be (it is then unreadable, and kept as such); None: it never came whole."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")[: _LARGEST - size]
        size += len(part)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
