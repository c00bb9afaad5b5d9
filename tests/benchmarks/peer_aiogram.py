"""A peer: the same eight questions with aiogram's FSM, an ORM session and a commit an answer.

As its documentation shows it: a Dispatcher with memory storage and states, the webhook over aiohttp.
`python -m tests.benchmarks.peer_aiogram URL PORT API_URL`, with a SQLAlchemy URL.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

from tests.benchmarks.peer_store import QUESTIONS, open_store, save

TOKEN = "123456789:" + "b" * 35


class Form(StatesGroup):
    association = State()
    centre = State()
    category = State()
    president = State()
    phone = State()
    email = State()
    city = State()
    signature = State()


STATES = [getattr(Form, key) for key, _ in QUESTIONS]


async def run(url: str, port: int, api_url: str) -> None:
    sessions = await open_store(url)
    dispatcher = Dispatcher()

    @dispatcher.message(CommandStart())
    async def start(message: Message, state: FSMContext) -> None:
        await state.set_state(STATES[0])
        await save(sessions, message.chat.id, "started", "")
        await message.answer(QUESTIONS[0][1])

    @dispatcher.message(StateFilter(*STATES))
    async def answer(message: Message, state: FSMContext) -> None:
        current = await state.get_state()
        place = next(index for index, each in enumerate(STATES) if each.state == current)
        await state.update_data({QUESTIONS[place][0]: message.text})
        await save(sessions, message.chat.id, QUESTIONS[place][0], message.text or "")
        if place + 1 == len(QUESTIONS):
            await state.clear()
            await message.answer("تم التوصل بطلبكم.")
            return
        await state.set_state(STATES[place + 1])
        await message.answer(QUESTIONS[place + 1][1])

    bot = Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(api_url), limit=256))
    application = web.Application()
    SimpleRequestHandler(dispatcher, bot, handle_in_background=True).register(application, "/telegram/webhook")
    setup_application(application, dispatcher, bot=bot)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
