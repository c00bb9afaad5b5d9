"""What the platform is told at start: commands and profile in both languages, and how updates reach us."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import BotCommand, BotCommandScopeAllPrivateChats, MenuButtonCommands

from bot.core.pacing import retry_wait
from bot.core.text import Speech, t
from bot.flows.catalogue import MENU
from handlers.telegram.webhook import PATH

UPDATES = ["message", "callback_query"]
_WEBHOOK_CONNECTIONS = 100

NAME = t("Essaouira Call – social-care institutions")
SHORT = t("Join the initiative for a national body of social-care institutions: sign-up, news, meeting, charter.")
DESCRIPTION = t(
    "This bot is for presidents of associations that run social-care institutions in Morocco.\n\nHere you can:\n• sign up"
    " your association and its centres (8 questions, about 5 minutes);\n• receive announcements and reminders about the"
    " national meeting;\n• give your opinion on the draft charter.\n\nYour answers are saved after each question. Press"
    " “Start” to begin."
)

log = structlog.get_logger()


async def who_am_i(bot: Bot) -> str | None:
    """Does the platform know this token? Its trouble, or None."""
    try:
        await bot.me()
    except (AiogramError, OSError, TimeoutError) as error:
        return type(error).__name__
    finally:
        await bot.session.close()
    return None


async def name_of(bot: Bot) -> str | None:
    """The bot's user name; None when the platform does not tell it now."""
    try:
        return (await bot.me()).username
    except (AiogramError, OSError, TimeoutError):
        return None
    finally:
        await bot.session.close()


class Profile:
    """Tells the platform who we are, in the background and until it has heard; `ready` says that it has.

    `username` is the bot's, None until the platform has told it.
    """

    def __init__(self, bot: Bot, speeches: Sequence[Speech], *, public_url: str, secret: str) -> None:
        self._bot = bot
        self._speeches = speeches
        self._public_url = public_url
        self._secret = secret
        self.username: str | None = None
        self.ready = asyncio.Event()
        self.trouble: str | None = "starting"

    async def run(self) -> None:
        """Until done. The order matters: first how updates reach us, then what people see."""
        attempt = 0
        while not self.ready.is_set():
            attempt += 1
            wait = retry_wait(attempt).total_seconds()
            try:
                await self._tell()
            except TelegramRetryAfter as error:
                wait = error.retry_after
                self.trouble = "busy"
            except (AiogramError, OSError, TimeoutError) as error:
                self.trouble = type(error).__name__
            else:
                self.trouble = None
                self.ready.set()
                return
            log.warning("telegram_profile_postponed", cause=self.trouble, wait_seconds=wait, attempt=attempt)
            await asyncio.sleep(wait)

    async def _tell(self) -> None:
        self.username = (await self._bot.me()).username
        if self._public_url:
            await self._bot.set_webhook(
                f"{self._public_url}{PATH}",
                secret_token=self._secret,
                allowed_updates=UPDATES,
                max_connections=_WEBHOOK_CONNECTIONS,
            )
        else:
            await self._bot.delete_webhook()
        await self._bot.set_chat_menu_button(menu_button=MenuButtonCommands())
        for place, speech in enumerate(self._speeches):
            await self._introduce(speech, speech.language if place else None)

    async def _introduce(self, speech: Speech, language: str | None) -> None:
        """The texts of one language; None is what speakers of any other language see. Only what differs is sent: the
        platform allows few changes of a name a day."""
        commands = [
            BotCommand(command=command.name, description=speech.tell(command.describe))
            for command in MENU
            if command.describe is not None
        ]
        scope = BotCommandScopeAllPrivateChats()
        if await self._bot.get_my_commands(scope=scope, language_code=language) != commands:
            await self._bot.set_my_commands(commands, scope=scope, language_code=language)
        name, short, description = (speech.tell(text) for text in (NAME, SHORT, DESCRIPTION))
        if (await self._bot.get_my_name(language_code=language)).name != name:
            await self._bot.set_my_name(name, language_code=language)
        if (await self._bot.get_my_short_description(language_code=language)).short_description != short:
            await self._bot.set_my_short_description(short, language_code=language)
        if (await self._bot.get_my_description(language_code=language)).description != description:
            await self._bot.set_my_description(description, language_code=language)
