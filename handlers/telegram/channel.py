"""Messages → Bot API calls, and the platform's refusals → our error tree, by type and code, never by text.

The three calls of every conversation go as prepared JSON over aiogram's session; all others are aiogram's own methods.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.core.errors import (
    ChannelBusy,
    ChannelMisconfigured,
    ChannelUnreachable,
    DeliveryFailed,
    MessageRefused,
    RecipientGone,
)
from bot.core.messages import Message
from handlers.telegram.updates import CHANNEL

_CONNECTIONS = 256
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_NO_PREVIEW = {"is_disabled": True}
_encode = msgspec.json.Encoder().encode


class _Parameters(msgspec.Struct):
    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class _Answer(msgspec.Struct):
    ok: bool = False
    error_code: int = 0
    parameters: _Parameters | None = None


_answer = msgspec.json.Decoder(_Answer, strict=False)


def make_bot(token: str, api_url: str) -> Bot:
    """aiogram's bot over a session wide enough for everybody at once, on any Bot API server."""
    return Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api_url), limit=_CONNECTIONS))


class TelegramChannel:
    name = CHANNEL
    pushes = True

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def send(self, recipient: str, message: Message) -> None:
        call: dict[str, Any] = {"chat_id": int(recipient), "text": message.text, "link_preview_options": _NO_PREVIEW}
        markup = reply_markup(message)
        if markup is not None:
            call["reply_markup"] = markup
        await self._call("sendMessage", call)

    async def acknowledge(self, receipt: str) -> None:
        """Stop the button's clock. A press that is too old to be answered is nobody's loss."""
        try:
            await self._call("answerCallbackQuery", {"callback_query_id": receipt})
        except DeliveryFailed:
            return

    async def close(self) -> None:
        """Close the connections; unlike aiogram's own close, without a pause."""
        assert isinstance(self._bot.session, AiohttpSession)
        await (await self._bot.session.create_session()).close()

    async def _call(self, method: str, parameters: dict[str, Any]) -> None:
        assert isinstance(self._bot.session, AiohttpSession)
        session = await self._bot.session.create_session()
        url = self._bot.session.api.api_url(self._bot.token, method)
        try:
            async with session.post(
                url, data=_encode(parameters), headers={"Content-Type": "application/json"}, timeout=_TIMEOUT
            ) as response:
                status, body = response.status, await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise ChannelUnreachable(type(error).__name__) from None  # the original's text holds the address, with the token
        if status == 200:
            return
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
