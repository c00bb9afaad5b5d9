"""Messages → Bot API calls, and the platform's refusals → our error tree, by type and code, never by text.

The three calls of every conversation go as prepared JSON over aiogram's session; all others are aiogram's own methods. Those
that carry a file pass their refusals through the same tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError, TelegramNetworkError
from aiogram.methods import Response, SendDocument, SendPhoto, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import BotCommand, BotCommandScopeChat, BufferedInputFile
from aiohttp.payload import BytesPayload
from yarl import URL

from bot.core.bidi import shorten_to_units
from bot.core.errors import (
    ChannelBusy,
    ChannelMisconfigured,
    ChannelUnreachable,
    DeliveryFailed,
    MessageRefused,
    RecipientGone,
)
from bot.core.messages import Message, Order
from handlers.telegram.updates import CHANNEL

_CONNECTIONS = 256
_UPLOAD_SECONDS = 120
CAPTION_UNITS, PHOTO_BYTES, DOCUMENT_BYTES = 1024, 10_000_000, 50_000_000
"""The Bot API's limits on what carries a file: UTF-16 units, bytes. Checked November 2026."""
_PATIENCE = 10.0
"""Seconds for one call; less than the lease of a message."""
_MOST_UNITS = 4096
"""Of a message's text, in UTF-16 units; a longer one is refused. Checked November 2026."""
_NO_PREVIEW = {"is_disabled": True}
_encode = msgspec.json.Encoder().encode


class _Parameters(msgspec.Struct):
    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class _Answer(msgspec.Struct):
    error_code: int = 0
    parameters: _Parameters | None = None


log = structlog.get_logger()
_answer = msgspec.json.Decoder(_Answer, strict=False)


class WideSession(AiohttpSession):
    """aiogram's session, wide enough for everybody at once, keeping no cookies; and a short way through it for calls that
    are prepared JSON."""

    def __init__(self, *, api: TelegramAPIServer, patience: float) -> None:
        super().__init__(api=api, limit=_CONNECTIONS)
        self._patience = aiohttp.ClientTimeout(total=patience)

    async def create_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            connector = self._connector_type(**self._connector_init)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=self._patience
            )
            self._should_reset_connector = False
        return self._session

    async def post_json(self, url: URL, body: bytes) -> tuple[int, bytes]:
        """The status and body of the answer. ChannelUnreachable: there was none; nothing of the address is told."""
        session = self._session or await self.create_session()
        try:
            async with session.post(url, data=BytesPayload(body, content_type="application/json")) as response:
                return response.status, await response.read()
        except aiohttp.ClientConnectorError as error:
            raise ChannelUnreachable(type(error).__name__) from None  # as below
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise ChannelUnreachable(
                type(error).__name__, perhaps_taken=True
            ) from None  # the original's text holds the token

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """aiogram's reading of an answer. What carries a file is read as our own calls are: its refusals by our tree, and a
        message that aiogram's models do not know is a message sent all the same."""
        if not isinstance(method, SendPhoto | SendDocument):
            return super().check_response(bot, method, status_code, content)
        if status_code != 200:
            raise _failure(status_code, content.encode())
        return Response.model_construct(ok=True, result=None)


def make_bot(token: str, api_url: str, *, patience: float = _PATIENCE) -> Bot:
    """aiogram's bot on any Bot API server; a message that has no answer after that many seconds is tried again later."""
    return Bot(token, session=WideSession(api=TelegramAPIServer.from_base(api_url), patience=patience))


class TelegramChannel:
    name = CHANNEL
    pushes = True

    def __init__(self, bot: Bot) -> None:
        assert isinstance(bot.session, WideSession)
        self._bot = bot
        self._session = bot.session
        self._send_message = URL(bot.session.api.api_url(bot.token, "sendMessage"))
        self._answer_press = URL(bot.session.api.api_url(bot.token, "answerCallbackQuery"))

    async def send(self, recipient: str, message: Message, content: bytes | None = None) -> Message | None:
        if message.commands is not None:
            await self._show_commands(int(recipient), message.commands)
        if message.file is not None and content is not None:
            return await self._send_file(recipient, message, message.file, content)
        text = shorten_to_units(message.text, _MOST_UNITS)
        call: dict[str, Any] = {"chat_id": int(recipient), "text": text, "link_preview_options": _NO_PREVIEW}
        markup = reply_markup(message)
        if markup is not None:
            call["reply_markup"] = markup
        await self._call(self._send_message, call)
        return None

    async def _send_file(self, recipient: str, message: Message, order: Order, content: bytes) -> Message | None:
        """The text as the file's caption; one too long for that goes first, and the file with the buttons is given back."""
        if len(content) > (PHOTO_BYTES if order.as_photo else DOCUMENT_BYTES):
            raise MessageRefused("file too large")
        if len(message.text.encode("utf-16-le")) // 2 > CAPTION_UNITS:
            await self.send(recipient, Message(message.text))
            return replace(message, text="")
        file = BufferedInputFile(content, order.name)
        method = SendPhoto if order.as_photo else SendDocument
        call = {"chat_id": int(recipient), "photo" if order.as_photo else "document": file}
        words = {"caption": message.text or None, "reply_markup": reply_markup(message)}
        try:
            await self._bot(method.model_validate(call | words), request_timeout=_UPLOAD_SECONDS)
        except (TelegramNetworkError, OSError) as error:
            raise ChannelUnreachable(type(error.__cause__ or error).__name__) from None  # its text may hold the token
        return None

    async def _show_commands(self, chat: int, commands: Sequence[tuple[str, str]]) -> None:
        """The list of commands of this chat; empty: everybody's again. It is a convenience: what cannot be shown is
        left as it is, and the message still goes."""
        scope = BotCommandScopeChat(chat_id=chat)
        listed = [BotCommand(command=name, description=text) for name, text in commands]
        try:
            if listed:
                await self._bot.set_my_commands(listed, scope=scope)
            else:
                await self._bot.delete_my_commands(scope=scope)
        except (AiogramError, TimeoutError, OSError) as error:
            log.warning("commands_not_shown", channel=self.name, error=type(error).__name__)

    async def acknowledge(self, receipt: str) -> None:
        """Stop the button's clock. A press that is too old to be answered is nobody's loss."""
        try:
            await self._call(self._answer_press, {"callback_query_id": receipt})
        except DeliveryFailed:
            return

    async def close(self) -> None:
        """Close the connections; unlike aiogram's own close, without a pause."""
        await (await self._session.create_session()).close()

    async def _call(self, url: URL, parameters: dict[str, Any]) -> None:
        status, body = await self._session.post_json(url, _encode(parameters))
        if status != 200:
            raise _failure(status, body)


def _failure(status: int, body: bytes) -> DeliveryFailed:
    try:
        answer = _answer.decode(body)
    except msgspec.DecodeError:
        return ChannelUnreachable(str(status))
    parameters = answer.parameters or _Parameters()
    match answer.error_code or status:
        case 429:
            return ChannelBusy(timedelta(seconds=parameters.retry_after or 1))
        case 403:
            return RecipientGone("403")
        case 400 if parameters.migrate_to_chat_id is not None:
            return RecipientGone("moved")
        case 401 | 404:
            return ChannelMisconfigured(str(status))
        case code if 400 <= code < 500:
            return MessageRefused(str(code))
    return ChannelUnreachable(str(status))


def reply_markup(message: Message) -> dict[str, Any] | None:
    """One button a row: in Arabic the platform draws the first of a row on the left. The button for the number brings a
    keyboard, whose other keys type their labels."""
    if message.share_phone is not None:
        rows = [
            [{"text": message.share_phone, "request_contact": True}],
            *([{"text": label}] for label, _ in message.buttons),
        ]
        return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}
    if message.buttons:
        rows = [[{"text": label, "callback_data": payload}] for label, payload in message.buttons]
        return {"inline_keyboard": rows}
    return {"remove_keyboard": True} if message.drop_keyboard else None
