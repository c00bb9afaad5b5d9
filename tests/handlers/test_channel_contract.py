"""One contract for every way out: real channels, each over its own world, and the fake that stands for them in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.core.errors import (
    ChannelBusy,
    ChannelMisconfigured,
    ChannelUnreachable,
    DeliveryFailed,
    MessageRefused,
    RecipientGone,
)
from bot.core.messages import Channel, Message, Order
from handlers.telegram.channel import CAPTION_UNITS, DOCUMENT_BYTES, PHOTO_BYTES, TelegramChannel, make_bot
from handlers.web.channel import WebChannel
from tests.bot.actions.test_deliveries import Wire
from tests.fakes.bot_api import TOKEN, BotApi, Refusal, Upload

PICTURE = Order("picture", "مؤشرات.png", "image/png", "ar", as_photo=True)
TABLE = Order("members-table", "nidaa-2026-11-23.csv", "text/csv", "ar")
BUTTONS = (("رجوع", "signup:1:back:x"),)
CARRYING = [
    Message("نعم", file=PICTURE),
    Message("نعم", BUTTONS, file=TABLE),
    Message("", file=TABLE),
    Message("نعم", drop_keyboard=True, file=TABLE),
    Message("نعم", share_phone="مشاركة رقمي", buttons=BUTTONS, file=PICTURE),
    Message("*_<b>{phone}[]()~`>#+-=|.!\\ \u2068x\u2069", file=PICTURE),
    Message("𝒜" * 2048, BUTTONS, file=PICTURE),
]
MESSAGES = [
    Message("نعم"),
    Message("نعم", buttons=(("رجوع", "signup:1:back:x"), ("Retour", "signup:1:back:x"))),
    Message("نعم", share_phone="مشاركة رقمي", buttons=(("رجوع", "signup:1:back:x"),)),
    Message("نعم", drop_keyboard=True),
    Message("*_<b>{phone}[]()~`>#+-=|.!\\ \u2068x\u2069", refused=True, box="tel"),
    Message("ع" * 4096),
]


@pytest.fixture(params=["telegram", "web", "fake"])
async def channel(request: pytest.FixtureRequest, bot_api: BotApi) -> AsyncIterator[Channel]:
    if request.param == "web":
        yield WebChannel()
    elif request.param == "fake":
        yield Wire()
    else:
        telegram = TelegramChannel(make_bot(TOKEN, bot_api.url))
        yield telegram
        await telegram.close()


@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
async def test_any_message_can_be_sent(channel: Channel, message: Message) -> None:
    assert channel.name in ("telegram", "web")
    assert isinstance(channel.pushes, bool)
    await channel.send("500001", message)


@pytest.mark.parametrize("content", [b"%PNG", None], ids=["made", "not made"])
@pytest.mark.parametrize("message", CARRYING, ids=range(len(CARRYING)))
async def test_any_message_that_carries_a_file_can_be_sent(
    channel: Channel, message: Message, content: bytes | None
) -> None:
    left = await channel.send("500001", message if content else replace(message, text=message.text or "نعم"), content)
    if left is not None:
        assert (left.file, left.buttons) == (message.file, message.buttons)
        assert await channel.send("500001", left, content) is None


async def test_text_arrives_as_it_is_and_never_as_markup(channel: Channel, bot_api: BotApi) -> None:
    await channel.send("500001", MESSAGES[4])
    for message in bot_api.accepted[500_001]:
        assert message.text == MESSAGES[4].text
        assert "parse_mode" not in bot_api.calls[-1].params


@pytest.fixture
async def telegram(bot_api: BotApi) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(make_bot(TOKEN, bot_api.url))
    yield channel
    await channel.close()


REFUSALS = pytest.mark.parametrize(
    ("status", "parameters", "error"),
    [
        (429, {"retry_after": 3600}, ChannelBusy),
        (429, None, ChannelBusy),
        (403, None, RecipientGone),
        (400, {"migrate_to_chat_id": -100}, RecipientGone),
        (400, None, MessageRefused),
        (413, None, MessageRefused),
        (401, None, ChannelMisconfigured),
        (404, None, ChannelMisconfigured),
        (500, None, ChannelUnreachable),
        (502, None, ChannelUnreachable),
    ],
)


@REFUSALS
async def test_a_refusal_becomes_the_error_that_says_what_to_do(
    telegram: TelegramChannel, bot_api: BotApi, status: int, parameters: Any, error: type[DeliveryFailed]
) -> None:
    bot_api.refuse(status, "whatever it says", parameters=parameters)
    with pytest.raises(error) as caught:
        await telegram.send("500001", MESSAGES[0])
    if isinstance(caught.value, ChannelBusy):
        assert caught.value.retry_after.total_seconds() == (3600 if parameters else 1)


@REFUSALS
async def test_a_file_that_is_refused_is_told_by_the_same_errors(
    telegram: TelegramChannel, bot_api: BotApi, status: int, parameters: Any, error: type[DeliveryFailed]
) -> None:
    for message, method in zip(CARRYING[:2], ("sendPhoto", "sendDocument"), strict=True):
        bot_api.refuse(status, "whatever it says", parameters=parameters, method=method)
        with pytest.raises(error) as caught:
            await telegram.send("500001", message, b"%PNG")
        if isinstance(caught.value, ChannelBusy):
            assert caught.value.retry_after.total_seconds() == (3600 if parameters else 1)


async def test_a_photo_and_a_document_arrive_with_text_buttons_and_name(telegram: TelegramChannel, bot_api: BotApi) -> None:
    for message in CARRYING[:2]:
        assert await telegram.send("500001", message, message.text.encode()) is None
    photo, document = bot_api.accepted[500_001]
    assert (photo.caption, document.caption) == ("نعم", "نعم")
    assert bool(photo.photo)
    assert document.document is not None
    assert document.reply_markup is not None
    assert document.reply_markup.inline_keyboard[0][0].text == "رجوع"
    assert list(bot_api.uploads.values()) == [Upload(PICTURE.name, "نعم".encode()), Upload(TABLE.name, "نعم".encode())]
    assert all("parse_mode" not in call.params for call in bot_api.calls)


async def test_a_text_too_long_for_a_caption_goes_first(telegram: TelegramChannel, bot_api: BotApi) -> None:
    fits = Message("𝒜" * (CAPTION_UNITS // 2), BUTTONS, file=PICTURE)
    assert await telegram.send("500001", fits, b"%PNG") is None
    long = replace(fits, text=fits.text + "ا")
    left = await telegram.send("500001", long, b"%PNG")
    assert left == replace(long, text="")
    assert await telegram.send("500001", left, b"%PNG") is None
    assert [(call.method, "reply_markup" in call.params) for call in bot_api.calls] == [
        ("sendPhoto", True),
        ("sendMessage", False),
        ("sendPhoto", True),
    ]


@pytest.mark.parametrize(("message", "most"), [(CARRYING[0], PHOTO_BYTES), (CARRYING[1], DOCUMENT_BYTES)])
async def test_a_file_that_the_platform_would_not_take_is_not_sent(
    telegram: TelegramChannel, bot_api: BotApi, message: Message, most: int
) -> None:
    with pytest.raises(MessageRefused, match="file too large"):
        await telegram.send("500001", message, b"x" * (most + 1))
    assert bot_api.calls == []
    await telegram.send("500001", message, b"x" * most)
    assert len(bot_api.accepted[500_001]) == 1


async def test_a_file_that_was_taken_has_arrived_whatever_the_answer_says_of_it(
    telegram: TelegramChannel, bot_api: BotApi
) -> None:
    bot_api.refusals.append(Refusal(200, {"ok": True, "result": {"of": "next year"}}, method="sendPhoto"))
    assert await telegram.send("500001", CARRYING[0], b"%PNG") is None


async def test_a_platform_that_is_not_there_is_unreachable_and_the_token_stays_unsaid() -> None:
    channel = TelegramChannel(make_bot(TOKEN, "http://127.0.0.1:9"))
    for message, content in ((MESSAGES[0], None), (CARRYING[0], b"%PNG")):
        with pytest.raises(ChannelUnreachable) as caught:
            await channel.send("500001", message, content)
        assert caught.value.cause == "ClientConnectorError"
        assert TOKEN not in repr(caught.value)
        assert caught.value.__cause__ is None
    await channel.close()


async def test_a_button_a_row_and_the_number_button_first(telegram: TelegramChannel, bot_api: BotApi) -> None:
    await telegram.send("500001", MESSAGES[1])
    assert [len(row) for row in bot_api.calls[-1].params["reply_markup"]["inline_keyboard"]] == [1, 1]
    await telegram.send("500001", MESSAGES[2])
    keys = bot_api.calls[-1].params["reply_markup"]["keyboard"]
    assert keys == [[{"text": "مشاركة رقمي", "request_contact": True}], [{"text": "رجوع"}]]
