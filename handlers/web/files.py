"""The files of the page: what a message ordered, made when its own reader looks at it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from bot.actions.workshop import NOT_MADE, Workshop
from bot.core.errors import FileNotMade
from bot.core.known import Setup
from bot.core.messages import Address, Order
from bot.core.text import Text, t
from handlers.pages.shell import page
from handlers.web.channel import CHANNEL
from handlers.web.chat import message_number
from handlers.web.limits import Limiter
from handlers.web.visitors import Visitor, visitor_of
from storage import outbox, people
from storage.engine import Database

GONE = t("This file is not here, or is no longer kept. Ask for it again in the conversation.")
_PICTURES = frozenset({"image/png", "image/jpeg", "image/webp"})


@dataclass(frozen=True, slots=True)
class Files:
    """The handler of the files and what it needs."""

    database: Database
    workshop: Workshop
    setup: Setup
    clock: Callable[[], datetime]
    by_visitor: Limiter

    async def show(self, request: Request) -> Response:
        """The file of one message, to the visitor whose page holds that message and to nobody else."""
        visitor = visitor_of(request)
        order = await self._order(visitor, message_number(request.path_params["message"]))
        now = self.clock()
        if order is None or order.is_over(now):
            return await self._problem(visitor, 404, GONE)
        if not self.by_visitor.allows(visitor.id, now):
            return await self._problem(visitor, 429, NOT_MADE)
        try:
            content = await self.workshop.make(order, Address(CHANNEL, visitor.id))
        except FileNotMade:
            return await self._problem(visitor, 503, NOT_MADE)
        return Response(content, media_type=order.media_type, headers=_headers(order))

    async def _order(self, visitor: Visitor, message_id: int) -> Order | None:
        if visitor.is_new:
            return None
        async with self.database.read() as connection:
            found = await outbox.page_message(connection, message_id, channel=CHANNEL, recipient=visitor.id)
        return found.file if found else None

    async def _problem(self, visitor: Visitor, status: int, what_to_do: Text) -> Response:
        async with self.database.read() as connection:
            language = await people.language_of(connection, Address(CHANNEL, visitor.id))
        speech = self.setup.speech(language or self.setup.languages[0], CHANNEL)
        title = speech.tell(t("The file is not available"))
        return page("notice.html", speech, status=status, title=title, what_to_do=speech.tell(what_to_do))


def _headers(order: Order) -> dict[str, str]:
    """Pictures may be looked at where they are; anything else is only ever a download, whatever it holds."""
    shown = order.as_photo and order.media_type in _PICTURES
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", order.name)
    how = f"{'inline' if shown else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(order.name, safe='')}"
    return {"Content-Disposition": how, "Cache-Control": "no-store"}
