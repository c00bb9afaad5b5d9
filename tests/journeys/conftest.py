"""Who takes part in the committee's journeys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.people import Person, TelegramPerson, WebPerson

Meet = Callable[..., TelegramPerson]


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture
def meet(running: Running, bot_api: BotApi) -> Meet:
    """Somebody new on Telegram."""
    return lambda **how: TelegramPerson(bot_api, running.settled, **how)


@pytest.fixture
async def visitor(running: Running) -> AsyncIterator[WebPerson]:
    """Somebody new on the web page."""
    somebody = WebPerson(running.url)
    yield somebody
    await somebody.closes()


@pytest.fixture(params=("telegram", "web"))
def khadija(request: pytest.FixtureRequest, meet: Meet, visitor: WebPerson) -> Person:
    """The coordinator, on each channel that is one's own."""
    return meet() if request.param == "telegram" else visitor
