"""A commit whose answer is lost: it may have been done. The sender is told to come again, and what is owed is still sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.fakes.bot_api import BotApi
from tests.faults.checker import faults_at_the_end
from tests.faults.crowd import TURNS, Crowd
from tests.faults.product import Product, Starter
from tests.faults.proxy import running_proxy


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_replies_are_sent_once_when_the_answers_to_their_commits_are_lost(
    database_url: str, bot_api: BotApi, tmp_path: Path, starter: Starter
) -> None:
    url = make_url(database_url)
    async with running_proxy(url.port or 0) as proxy:
        behind = url.set(drivername="postgresql", port=proxy.port).render_as_string(hide_password=False)
        product, crowd = Product.on(behind, tmp_path, bot_api, starter), Crowd(bot_api, at_once=1)
        await product.start()
        person = crowd.newcomer()
        for place, turn in enumerate(TURNS):
            if place % 3 == 0:
                proxy.marked = str(bot_api._next_update + 1).encode()
            async with asyncio.timeout(30):
                await crowd.speaks(person, turn)
                await crowd.hears(person, turn)
        statuses = [each.status for each in crowd.answered]
        assert statuses == [503, 200, 200, 200] * 4
        assert await faults_at_the_end(database_url, product, crowd) == []
