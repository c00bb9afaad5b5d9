"""A peer: the same eight questions with python-telegram-bot's ConversationHandler, an ORM session and a commit an answer.

As its documentation shows it: an Application with a custom webhook over Starlette and uvicorn, states as integers.
`python -m tests.benchmarks.peer_ptb URL PORT API_URL`, with a SQLAlchemy URL.
"""

from __future__ import annotations

import sys

import uvicorn
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update
from telegram.ext import Application, CommandHandler, ContextTypes, ConversationHandler, MessageHandler, filters

from tests.benchmarks.peer_store import QUESTIONS, open_store, save

TOKEN = "123456789:" + "b" * 35


def main(url: str, port: int, api_url: str) -> None:
    sessions: list[async_sessionmaker[AsyncSession]] = []

    async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
        assert update.message is not None
        await save(sessions[0], update.message.chat_id, "started", "")
        await update.message.reply_text(QUESTIONS[0][1])
        return 0

    def asked(place: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
        async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
            assert update.message is not None
            assert context.user_data is not None
            context.user_data[QUESTIONS[place][0]] = update.message.text
            await save(sessions[0], update.message.chat_id, QUESTIONS[place][0], update.message.text or "")
            following = place + 1
            if following == len(QUESTIONS):
                await update.message.reply_text("تم التوصل بطلبكم.")
                return ConversationHandler.END
            await update.message.reply_text(QUESTIONS[following][1])
            return following

        return answer

    application = (
        Application.builder().token(TOKEN).base_url(f"{api_url}/bot").updater(None).connection_pool_size(256)
        .concurrent_updates(False).build()
    )  # fmt: skip
    states = {place: [MessageHandler(filters.TEXT & ~filters.COMMAND, asked(place))] for place in range(len(QUESTIONS))}
    application.add_handler(ConversationHandler([CommandHandler("start", start)], states, [CommandHandler("start", start)]))

    async def receive(request: Request) -> Response:
        await application.update_queue.put(Update.de_json(await request.json(), application.bot))
        return Response()

    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=[Route("/telegram/webhook", receive, methods=["POST"])]),
            host="127.0.0.1", port=port, log_config=None, access_log=False,
        )
    )  # fmt: skip

    async def run() -> None:
        sessions.append(await open_store(url))
        async with application:
            await application.start()
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await server.serve()
            await application.stop()

    import uvloop

    uvloop.run(run())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
