"""The chat page: read, say, listen."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.actions.desk import Desk
from bot.actions.desktop import Taken
from bot.core.bidi import without_isolates
from bot.core.errors import StorageUnavailable
from bot.core.known import Setup
from bot.core.messages import Address, Content, Incoming, Pressed, Typed
from bot.core.seals import Seals
from bot.core.text import Speech, Text, t
from bot.flows.signup import welcome_text
from handlers.pages.shell import page, render
from handlers.web.channel import CHANNEL, WebChannel
from handlers.web.limits import Limiter
from handlers.web.visitors import Visitor, form_proof, is_ours, remember, visitor_of
from storage import outbox, people
from storage.engine import Database
from storage.outbox import Opened, Owed, Sent

_LARGEST = 64 * 1024
_MOST_FIELDS = 20
_LISTEN_SECONDS = 10
_LANGUAGE_NAMES = {"ar": "العربية", "fr": "Français"}

WAIT = t("Many messages came in a short time. Wait a moment, then send yours again.")
AWAY = t("The service cannot save answers at the moment. What you sent was not recorded: send it again in a minute.")
NOT_OURS = t(
    "This page was open for too long, or cookies are switched off. Open the conversation again and send your answer."
)
TOO_LARGE = t("This message is too large. Shorten it and send it again.")


@dataclass(frozen=True, slots=True)
class Chat:
    """The handlers of the page and what they need."""

    database: Database
    desk: Desk
    channel: WebChannel
    setup: Setup
    seals: Seals
    clock: Callable[[], datetime]
    by_visitor: Limiter
    by_network: Limiter

    async def show(self, request: Request) -> Response:
        """The conversation so far, or for a newcomer what this is about; nothing is stored by looking."""
        visitor = visitor_of(request)
        messages, language = await self._kept(visitor)
        language = language or request.url.path.strip("/") or self.setup.languages[0]
        if language not in self.setup.languages:
            return RedirectResponse("/", 303)
        speech = self.setup.speech(language, CHANNEL)
        shown = self._shown(messages, visitor)
        if messages:
            others: list[dict[str, str]] = []
        else:
            others = [
                {"code": code, "url": f"/{code}", "name": _LANGUAGE_NAMES[code]}
                for code in self.setup.languages
                if code != language
            ]
        response = page("chat.html", speech, **shown, welcome=self._welcome(speech), other_languages=others)
        remember(visitor, request, response)
        return response

    async def say(self, request: Request) -> Response:
        """Take what was said or pressed; answer with the new messages to the script, with the page to a plain form."""
        visitor = visitor_of(request)
        form = await _form(request)
        if form is None:
            return await self._problem(request, visitor, 413, TOO_LARGE)
        if not is_ours(request, form.get("page", ""), visitor, self.seals):
            return await self._problem(request, visitor, 403, NOT_OURS)
        network = request.client.host if request.client else ""
        now = self.clock()
        if not (self.by_visitor.allows(visitor.id, now) and self.by_network.allows(network, now)):
            return await self._problem(request, visitor, 429, WAIT)
        content = _content(form)
        if content is None:
            return RedirectResponse("/", 303)
        hint = form.get("language")
        update_id = form.get("id", "")[:64] or secrets.token_hex(16)
        incoming = Incoming(
            Address(CHANNEL, visitor.id),
            f"{visitor.id[:12]}:{update_id}",
            content,
            hint if hint in self.setup.languages else None,
        )
        try:
            taken = await self.desk.take(incoming)
        except StorageUnavailable:
            return await self._problem(request, visitor, 503, AWAY)
        if "x-fragment" not in request.headers:
            return RedirectResponse("/#now", 303)
        return await self._fragment(visitor, taken, after=message_number(form.get("after")))

    async def listen(self, request: Request) -> Response:
        """New messages as they come, as server-sent events numbered so that a broken line misses nothing."""
        visitor = visitor_of(request)
        if visitor.is_new:
            return Response(status_code=204)
        last = request.headers.get("last-event-id") or request.query_params.get("after")
        return EventSourceResponse(self._events(visitor, message_number(last)), ping=20)

    async def _events(self, visitor: Visitor, after: int) -> AsyncIterator[ServerSentEvent]:
        with self.channel.listening(visitor.id) as news:
            while not self.channel.is_closing:
                news.clear()
                try:
                    messages, language = await self._kept(visitor, after=after)
                except StorageUnavailable:
                    messages, language = [], None
                for owed, _ in messages:
                    after = owed.id
                    fragment = self._rendered([(owed, False)], visitor, language)
                    yield ServerSentEvent(fragment, id=str(owed.id))
                try:
                    async with asyncio.timeout(_LISTEN_SECONDS):
                        await news.wait()
                except TimeoutError:
                    continue

    async def _fragment(self, visitor: Visitor, taken: Taken, *, after: int) -> Response:
        """The replies as pieces of page; for a repeat, whatever came after what the page shows."""
        kept, language = await self._kept(visitor, after=after if taken.repeat else 2**62)
        messages = kept if taken.repeat else [(each, False) for each in taken.owed]
        return HTMLResponse(self._rendered(messages, visitor, language))

    def _rendered(self, messages: Sequence[tuple[Owed, bool]], visitor: Visitor, language: str | None) -> str:
        speech = self.setup.speech(language or self.setup.languages[0], CHANNEL)
        return render("messages.html", speech, **self._shown(messages, visitor))

    async def _kept(self, visitor: Visitor, after: int = 0) -> tuple[list[tuple[Owed, bool]], str | None]:
        """The visitor's messages and language; none for a newcomer. StorageUnavailable when they cannot be read."""
        if visitor.is_new:
            return [], None
        async with self.database.read() as connection:
            found = await outbox.page_messages(connection, channel=CHANNEL, recipient=visitor.id, after=after)
            return found, await people.language_of(connection, Address(CHANNEL, visitor.id))

    def _shown(self, messages: Sequence[tuple[Owed, bool]], visitor: Visitor) -> dict[str, Any]:
        """What the templates need; what is shown for the first time is noted as opened, or goes if it is shown only once."""
        now = self.clock()
        for owed, opened in messages:
            if not opened:
                self.desk.note(Sent(owed.id) if owed.message.once else Opened(owed.id, now))
        labels = {payload: label for owed, _ in messages for label, payload in owed.message.buttons}
        current = max((place for place, (owed, _) in enumerate(messages) if owed.message.heard_id), default=0)
        views = [
            {
                "id": owed.id,
                "text": owed.message.text,
                "heard": labels.get(owed.message.heard or "", owed.message.heard),
                "heard_id": (owed.message.heard_id or "").partition(":")[2],
                "box": owed.message.box,
                "refused": owed.message.refused,
                "buttons": [{"label": label, "payload": payload} for label, payload in owed.message.buttons],
                "file": _file(owed, now),
                "current": place >= current,
                "starts": place == current,
                "newest": place == len(messages) - 1,
            }
            for place, (owed, _) in enumerate(messages)
        ]
        return {"messages": views, "csrf": form_proof(visitor, self.seals), "new_id": lambda: secrets.token_hex(16)}

    def _welcome(self, speech: Speech) -> str:
        return speech.tell(welcome_text(declared=self.setup.declared))

    async def _problem(self, request: Request, visitor: Visitor, status: int, what_to_do: Text) -> Response:
        """What could not be taken and what to do, in the reader's language."""
        self.desk.counters.refusals[CHANNEL, str(status)] += 1
        try:
            _, language = await self._kept(visitor, after=2**62)
        except StorageUnavailable:
            language = None
        speech = self.setup.speech(language or self.setup.languages[0], CHANNEL)
        title = speech.tell(t("This message was not taken"))
        response: Response = page("notice.html", speech, status=status, title=title, what_to_do=speech.tell(what_to_do))
        if status in (429, 503):
            response.headers["Retry-After"] = "2"
        if visitor.is_new:
            remember(visitor, request, response)
        return response


def _file(owed: Owed, now: datetime) -> dict[str, Any] | None:
    """The message's file as the page shows it: a picture with the text's first line in place of it for those who do not see
    it (the whole text stands beside it), or a link; nothing once it is no longer made."""
    order = owed.message.file
    if order is None or order.is_over(now):
        return None
    alt = without_isolates(owed.message.text.split("\n", maxsplit=1)[0])
    return {"url": f"/file/{owed.id}", "name": order.name, "picture": order.as_photo, "alt": alt}


async def _form(request: Request) -> dict[str, str] | None:
    """The first value of each field; None when the body is too large, or no form of ours could have sent it. It is read to
    its end all the same: a browser that is still sending would not read the answer."""
    body = b""
    async for part in request.stream():
        body += part[: _LARGEST + 1 - len(body)]
    if len(body) > _LARGEST or body.count(b"&") >= _MOST_FIELDS:
        return None
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def message_number(text: str | None) -> int:
    """A message's number as a page names it; 0 for anything else."""
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 19 else 0


def _content(form: dict[str, str]) -> Content | None:
    if form.get("press"):
        return Pressed(form["press"][:200])
    text = form.get("text", "").strip()
    return Typed(text) if text else None
