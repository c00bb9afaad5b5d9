"""Invented people who talk to the product: on Telegram through the fake Bot API, on the web page as a browser without
script. A dialogue in a test is the same on both."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import count
from typing import Any, Protocol

import telegram
from aiohttp import ClientSession, CookieJar

from bot.core.bidi import without_isolates
from tests.fakes.bot_api import BotApi

_ids = count(500_001)
_SENT_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person reads: isolates are taken out, as a test compares words."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    raw: str = ""
    keyboard: tuple[str, ...] = ()
    keyboard_gone: bool = False
    file: str = ""
    """Where its file is: what `takes` wants to be told; empty without one."""

    @property
    def labels(self) -> list[str]:
        """The buttons as people read them, without their numbers."""
        return [re.sub(r"^\d+\. ", "", without_isolates(label)) for label, _ in self.buttons]


class Person(Protocol):
    channel: str

    async def says(self, text: str) -> list[Reply]: ...

    async def presses(self, label: str) -> list[Reply]: ...

    async def takes(self, reply: Reply) -> Taken:
        """The file of a reply."""
        ...

    async def reads(self) -> list[Reply]: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A file as it came: `shown` is True for a picture seen in the conversation."""

    name: str
    content: bytes
    shown: bool


@dataclass(slots=True)
class TelegramPerson:
    """`settled` returns once nothing is owed to a chat any more."""

    api: BotApi
    settled: Callable[[str], Awaitable[None]]
    id: int = field(default_factory=lambda: next(_ids))
    language_code: str = "ar"
    channel: str = "telegram"
    seen: int = 0
    last: list[Reply] = field(default_factory=list)

    @property
    def user(self) -> telegram.User:
        return telegram.User(self.id, "Invented", is_bot=False, language_code=self.language_code)

    async def says(self, text: str) -> list[Reply]:
        return await self._send(self.message(text=text))

    async def presses(self, label: str) -> list[Reply]:
        return await self.presses_data(self.payload(label))

    async def presses_data(self, data: str) -> list[Reply]:
        return await self._send(self.press(data))

    async def attaches(self, kind: str) -> list[Reply]:
        return await self._send(self.message(**_ATTACHMENTS[kind]))

    async def shares_phone(self, number: str = "+212600000001", *, owner: int | None = None) -> list[Reply]:
        contact = telegram.Contact(number, "Invented", user_id=owner or self.id)
        return await self._send(self.message(contact=contact))

    async def takes(self, reply: Reply) -> Taken:
        kind, _, number = reply.file.partition(":")
        upload = self.api.uploads[self.id, int(number)]
        return Taken(upload.name, upload.content, shown=kind == "photo")

    def message(self, **what: Any) -> telegram.Update:
        chat = telegram.Chat(self.id, "private", first_name="Invented")
        message = telegram.Message(self.api.new_message_id(), _SENT_AT, chat, from_user=self.user, **what)
        return telegram.Update(self.api.new_update_id(), message=message)

    def press(self, data: str) -> telegram.Update:
        chat = telegram.Chat(self.id, "private", first_name="Invented")
        message = telegram.Message(self.api.new_message_id(), _SENT_AT, chat, text="…")
        query = telegram.CallbackQuery(secrets.token_hex(8), self.user, "chat", message=message, data=data)
        return telegram.Update(self.api.new_update_id(), callback_query=query)

    def payload(self, label: str) -> str:
        """The payload of the newest button that reads like this."""
        for reply in reversed(self.last):
            for place, shown in enumerate(reply.labels):
                if shown == label:
                    return reply.buttons[place][1]
        raise AssertionError(f"no button {label!r} in {[reply.labels for reply in self.last]}")

    async def _send(self, update: telegram.Update) -> list[Reply]:
        status = await self.api.deliver(update)
        assert status == 200, status
        return await self.reads()

    async def reads(self) -> list[Reply]:
        """What came since the last look."""
        await self.settled(str(self.id))
        fresh = self.api.accepted[self.id][self.seen :]
        self.seen += len(fresh)
        replies = [_from_telegram(message) for message in fresh]
        self.last = replies or self.last
        return replies


_ATTACHMENTS: dict[str, dict[str, Any]] = {
    "voice": {"voice": telegram.Voice("file", "unique", 3)},
    "sticker": {"sticker": telegram.Sticker("file", "unique", 512, 512, False, False, "regular")},
    "photo": {"photo": (telegram.PhotoSize("file", "unique", 90, 90),)},
    "file": {"document": telegram.Document("file", "unique")},
    "location": {"location": telegram.Location(-9.77, 31.51)},
    "dice": {"dice": telegram.Dice(3, "🎲")},
}


def _from_telegram(message: telegram.Message) -> Reply:
    markup: Any = message.reply_markup
    buttons: Sequence[tuple[str, str]] = ()
    keyboard: Sequence[str] = ()
    if isinstance(markup, telegram.InlineKeyboardMarkup):
        buttons = [(button.text, str(button.callback_data)) for row in markup.inline_keyboard for button in row]
    if isinstance(markup, telegram.ReplyKeyboardMarkup):
        keyboard = [key.text for row in markup.keyboard for key in row]
    told = message.text or message.caption or ""
    kind = "photo" if message.photo else "document" if message.document else ""
    return Reply(
        text=without_isolates(told),
        buttons=tuple(buttons),
        raw=told,
        file=f"{kind}:{message.message_id}" if kind else "",
        keyboard=tuple(keyboard),
        keyboard_gone=isinstance(markup, telegram.ReplyKeyboardRemove),
    )


@dataclass(slots=True)
class WebPerson:
    """A browser that runs no script: it opens the page, fills forms, follows redirects, keeps its cookie."""

    url: str
    channel: str = "web"
    language: str = ""
    client: ClientSession | None = None
    page: Page | None = None
    seen: set[str] = field(default_factory=set)

    async def opens(self, path: str | None = None) -> Page:
        if self.client is None:
            self.client = ClientSession(cookie_jar=CookieJar(unsafe=True))
        async with self.client.get(f"{self.url}{path or '/' + self.language}") as response:
            assert response.status == 200, response.status
            self.page = Page.of(await response.text())
        return self.page

    async def says(self, text: str) -> list[Reply]:
        if self.page is None or not self.page.replies:
            return await self._starts(text)
        return await self._submits("say", {"text": text})

    async def presses(self, label: str) -> list[Reply]:
        assert self.page is not None
        for reply in reversed(self.page.replies):
            for place, shown in enumerate(reply.labels):
                if shown == label:
                    return await self._submits("choices", {"press": reply.buttons[place][1]})
        raise AssertionError(f"no button {label!r} in {[reply.labels for reply in self.page.replies]}")

    async def takes(self, reply: Reply) -> Taken:
        assert self.client is not None
        async with self.client.get(f"{self.url}{reply.file}") as response:
            assert response.status == 200, response.status
            disposition = response.content_disposition
            assert disposition is not None
            return Taken(disposition.filename or "", await response.read(), shown=disposition.type == "inline")

    async def reads(self) -> list[Reply]:
        """What is new on the page since the last look."""
        return self._fresh(await self.opens())

    async def closes(self) -> None:
        if self.client is not None:
            await self.client.close()

    async def posts(self, fields: dict[str, str], **headers: str) -> tuple[int, str]:
        """A POST as it is given; the status and the body, redirects not followed."""
        assert self.client is not None
        async with self.client.post(f"{self.url}/say", data=fields, headers=headers, allow_redirects=False) as response:
            return response.status, await response.text()

    async def _starts(self, text: str) -> list[Reply]:
        page = self.page or await self.opens()
        code = text if re.fullmatch(r"[a-zA-Z]\d{5}-?\d{5}", text) else None
        fields = page.forms["code" if code else "start"]
        return await self._submits("start", {"text": code or "/start"}, fields)

    async def _submits(self, form: str, fields: dict[str, str], hidden: dict[str, str] | None = None) -> list[Reply]:
        assert self.client is not None
        assert self.page is not None
        sent = {**(hidden or self.page.forms[form]), **fields}
        async with self.client.post(f"{self.url}/say", data=sent) as response:
            assert response.status == 200, (response.status, await response.text())
            self.page = Page.of(await response.text())
        return self._fresh(self.page)

    def _fresh(self, page: Page) -> list[Reply]:
        fresh = [reply for number, reply in zip(page.numbers, page.replies, strict=True) if number not in self.seen]
        self.seen.update(page.numbers)
        return fresh


@dataclass(slots=True)
class Page:
    """What the page says: the bot's messages in order with their numbers, and the hidden fields of each form."""

    html: str
    language: str = ""
    direction: str = ""
    replies: list[Reply] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    forms: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, html: str) -> Page:
        reader = _PageReader()
        reader.feed(html)
        page = reader.page
        page.html = html
        return page


class _PageReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page("")
        self._article: str | None = None
        self._text: list[str] = []
        self._buttons: list[tuple[str, str]] = []
        self._button: str | None = None
        self._form = ""
        self._hidden = False
        self._file = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.page.language, self.page.direction = had["lang"], had["dir"]
        elif tag == "article":
            self._article, self._text, self._buttons, self._file = had["class"], [], [], ""
            self.page.numbers += [had["id"]] if had["class"] == "bot" else []
        elif tag == "form":
            self._form = had.get("id") or had.get("class") or "code"
            self.page.forms[self._form] = {}
        elif tag == "input" and had.get("type") == "hidden":
            self.page.forms[self._form][had["name"]] = had["value"]
        elif tag == "button" and had.get("name") == "press":
            self._button = had["value"]
            self._buttons.append(("", had["value"]))
        elif tag == "a" and had.get("class") in ("picture", "file"):
            self._file, self._hidden = had["href"], True
        elif tag == "span" and had.get("class") == "who":
            self._hidden = True
        elif tag == "br":
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "article" and self._article == "bot":
            self.page.replies.append(Reply(self._told(), tuple(self._buttons), file=self._file))
        elif tag == "article":
            self.page.heard.append(self._told())
        if tag == "article":
            self._article = None
        elif tag == "p" and self._article:
            self._text.append("\n\n")
        elif tag == "button":
            self._button = None
        elif tag in ("span", "a"):
            self._hidden = False

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self._buttons[-1] = (self._buttons[-1][0] + data.strip(), self._button)
        elif self._article and not self._hidden:
            self._text.append(re.sub(r"[ \t\n]+", " ", data))

    def _told(self) -> str:
        lines = (line.strip() for line in "".join(self._text).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


async def gather(*steps: Awaitable[Any]) -> list[Any]:
    """All at once."""
    return list(await asyncio.gather(*steps))
