"""One contract for every way out: real channels, each over its own world, and the fake that stands for them in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
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
from bot.core.messages import Channel, Message
from handlers.telegram.channel import TelegramChannel, make_bot
from handlers.web.channel import WebChannel
from tests.bot.actions.test_deliveries import Wire
from tests.fakes.bot_api import TOKEN, BotApi

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


@pytest.mark.parametrize(
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
async def test_a_refusal_becomes_the_error_that_says_what_to_do(
    telegram: TelegramChannel, bot_api: BotApi, status: int, parameters: Any, error: type[DeliveryFailed]
) -> None:
    bot_api.refuse(status, "whatever it says", parameters=parameters)
    with pytest.raises(error) as caught:
        await telegram.send("500001", MESSAGES[0])
    if isinstance(caught.value, ChannelBusy):
        assert caught.value.retry_after.total_seconds() == (3600 if parameters else 1)


async def test_a_platform_that_is_not_there_is_unreachable_and_the_token_stays_unsaid() -> None:
    channel = TelegramChannel(make_bot(TOKEN, "http://127.0.0.1:9"))
    with pytest.raises(ChannelUnreachable) as caught:
        await channel.send("500001", MESSAGES[0])
    assert TOKEN not in repr(caught.value)
    assert caught.value.__cause__ is None
    await channel.close()


async def test_a_button_a_row_and_the_number_button_first(telegram: TelegramChannel, bot_api: BotApi) -> None:
    await telegram.send("500001", MESSAGES[1])
    assert [len(row) for row in bot_api.calls[-1].params["reply_markup"]["inline_keyboard"]] == [1, 1]
    await telegram.send("500001", MESSAGES[2])
    keys = bot_api.calls[-1].params["reply_markup"]["keyboard"]
    assert keys == [[{"text": "مشاركة رقمي", "request_contact": True}], [{"text": "رجوع"}]]
