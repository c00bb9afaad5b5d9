"""Polling: the offset is our acknowledgement, so it moves only over what is stored."""

from __future__ import annotations

import asyncio

from bot.actions.desk import Desk
from handlers.telegram.channel import TelegramChannel, make_bot
from handlers.telegram.polling import Polling
from handlers.telegram.setup import Profile
from handlers.telegram.webhook import Intake
from tests.conftest import Serve
from tests.fakes.bot_api import TOKEN, BotApi
from tests.fakes.clock import Clock
from tests.fakes.outage import Outage
from tests.fakes.people import TelegramPerson


async def test_polling_fetches_again_what_could_not_be_stored(serve: Serve, bot_api: BotApi, clock: Clock) -> None:
    running = await serve(bot_api)  # it takes updates by its webhook; those that are fetched come here
    here, fatima = running.service, TelegramPerson(bot_api, running.settled)
    away, bot = Outage(here.settings.database_url, commits=1), make_bot(TOKEN, bot_api.url)
    desk = Desk(away, here.desktop, clock=clock, outlet=here.deliveries.hand_over)
    channel, profile = TelegramChannel(bot), Profile(bot, (), public_url="", secret="")
    profile.ready.set()
    polling = Polling(bot, Intake(desk, away, channel), profile)
    bot_api.updates.append(fatima.message(text="سلام").to_dict())
    work = [asyncio.create_task(desk.run()), asyncio.create_task(polling.run())]
    try:
        async with asyncio.timeout(10):
            while bot_api.updates:  # what is acknowledged is not kept by the platform
                await asyncio.sleep(0.01)
        assert away.commits == 0
        assert ["ومرحبا" in reply.text for reply in await fatima.reads()] == [True, False]
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await channel.close()
        await away.close()
