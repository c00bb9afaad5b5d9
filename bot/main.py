"""The entry point, and the only place that builds things and connects them."""

from __future__ import annotations

import asyncio
import errno
import gc
import gettext
import hashlib
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from bot import logs
from bot.actions.broadcasts import Broadcasts
from bot.actions.deliveries import Deliveries
from bot.actions.desk import Desk
from bot.actions.desktop import Desktop
from bot.actions.health import Health
from bot.actions.workshop import Workshop
from bot.core import calendar
from bot.core.counters import Counters
from bot.core.errors import JournalUnavailable, SettingWrong, StorageUnavailable
from bot.core.folding import fold
from bot.core.known import Setup
from bot.core.messages import Channel
from bot.core.pacing import telegram_pace
from bot.core.seals import Seals
from bot.core.text import Speech, t
from bot.facts import TELEGRAM, WEB, facts_of
from bot.rules.sending import QuietHours
from bot.settings import Settings, load_settings, variable
from handlers.cli.commands import cli
from handlers.cli.tools import Tools, operator_language
from handlers.exports.orders import MAKERS
from storage.engine import Database
from storage.erasures import FILE, Journal
from storage.reference import load_places, load_words

if TYPE_CHECKING:
    from handlers.telegram.pulse import Pulse
    from handlers.telegram.webhook import Webhook

LOCALES = Path(__file__).parent.parent / "locales"
_CATALOGUES = {"ar": "ar_MA", "fr": "fr"}
_COLLECT_SELDOM = (20_000, 20, 20)
"""A turn makes many short-lived values and almost no cycles: looking for these every 700 values costs more than it frees."""
_DELIVER_IDLE = timedelta(seconds=0.25)

Clock = Callable[[], datetime]
log = structlog.get_logger()


def main() -> None:
    """The console script `nidaa`. A fault of ours is told by its kind and place: its words may quote what people wrote."""
    logs.configure()
    logs.take_over()
    language = operator_language()
    settings = lru_cache(maxsize=1)(load_settings)
    tools = Tools(
        settings=settings,
        database=lambda: Database(settings().database_url),
        setup=lambda: make_setup(settings()),
        seals=lambda: make_seals(settings()),
        desk=lambda database: _desk(database, settings()),
        health=lambda database: make_health(database, settings(), _utc_now),
        serve=lambda only: _serve(settings, only),
        probes=lambda: _probes(settings()),
        telegram_name=lambda: _telegram_name(settings()),
        journal=lambda: make_journal(settings()),
        speech=Speech(language, catalogue(language)),
    )
    try:
        cli(obj=tools)
    except Exception:  # Python's own traceback would end with the exception's message, which may quote a person or a secret
        log.exception("ended_by_a_fault")
        sys.exit(70)


async def _serve(settings: Callable[[], Settings], only: str | None) -> None:
    await Service(settings(), only=only).run()


class Service:
    """One process of nidaa: all parts, or with `only` one of web, deliver, tick."""

    def __init__(self, settings: Settings, *, only: str | None = None, clock: Clock | None = None) -> None:
        self.settings = settings
        self._only = only
        self._clock = clock or _utc_now
        self._tasks: list[asyncio.Task[None]] = []
        self._closing: list[Callable[[], Awaitable[object]]] = []
        self._stop = asyncio.Event()
        self.database = Database(settings.database_url)
        self._telegram_name: Callable[[], str | None] = lambda: None
        self.setup = make_setup(settings, telegram=lambda: self._telegram_name())  # noqa: PLW0108 -- found later
        self.seals = make_seals(settings)
        self.counters = Counters()
        self._channels: dict[str, Channel] = {}
        self._troubles: dict[str, Callable[[], str | None]] = {}
        self.workshop = Workshop(self.database, self.setup, MAKERS, clock=self._clock)
        sender = secrets.token_hex(8) if only is None else None
        self.deliveries = Deliveries(
            self.database,
            self._channels,
            sender=sender or secrets.token_hex(8),
            clock=self._clock,
            workshop=self.workshop,
            idle=_DELIVER_IDLE if only == "deliver" else timedelta(seconds=1),
            counters=self.counters,
            spoke=lambda *said: self.broadcasts.spoke(*said),  # noqa: PLW0108 -- made below
        )
        self.journal = make_journal(settings)
        self.desktop = Desktop(self.setup, self.seals, sender, journal=self.journal)
        self.broadcasts = Broadcasts(
            self.database,
            self._channels,
            self.desktop,
            sender=sender or secrets.token_hex(8),
            clock=self._clock,
            beat=_utc_now,
            paces={TELEGRAM: telegram_pace()},
            cap=settings.weekly_cap,
            counters=self.counters,
        )
        outlet = self.deliveries.hand_over
        self.desk = Desk(self.database, self.desktop, clock=self._clock, outlet=outlet, counters=self.counters)
        self.deliveries.desk = self.desk
        self.health = replace(
            make_health(self.database, settings, self._clock),
            channels=self._channel_troubles,
            longest_wait=lambda: self.desk.longest_wait,
        )

    async def run(self) -> None:
        """Serve until told to stop by a signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        try:
            port = await self.start()
            if port is not None:
                address = self.settings.public_url or self.settings.model_copy(update={"port": port}).address
                print(f"nidaa: {address}", flush=True)  # noqa: T201 -- what the operator waits for
            log.info("serving", only=self._only, channel=",".join(self._channels))
            await self._until_stopped()
        finally:
            await self.stop()

    async def start(self) -> int | None:
        """Start the parts; the port of the web, None without it. SettingWrong: a setting cannot be used."""
        with suppress(StorageUnavailable):  # the warnings say so
            await self.database.reach()
        await self._warn()
        self._spawn(self.desk.run())
        webhook = None
        if self.settings.telegram_token.get_secret_value() and self._only != "tick":
            webhook = self._start_telegram()
        if self._only in (None, "deliver"):
            self._spawn(self.deliveries.run())
            self._spawn(self.broadcasts.run())
            self._closing += (self.deliveries.close, self.broadcasts.close)
        if self._only in (None, "tick"):
            self._start_ticks()
        port = await self._start_web(webhook) if self._only in (None, "web") else None
        _spare_the_collector()
        return port

    async def stop(self) -> None:
        """Stop taking, finish what is under way, write down what became of it. Safe to call again."""
        while self._closing:
            await self._closing.pop()()
        while self._tasks:
            task = self._tasks.pop()
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
        await self.database.close()

    async def _warn(self) -> None:
        """Say loudly what will go wrong sooner or later. None of it keeps us from serving."""
        for cause in ((await self.health.report()).cause, *(warned.code for warned in self.health.warnings())):
            if cause is not None:
                log.error("health_warning", cause=cause)
        try:
            await self.journal.write(())
        except JournalUnavailable:
            log.error("health_warning", cause="erasure_journal_unavailable")

    async def _until_stopped(self) -> None:
        """Until a signal; a part that fails ends the process with its failure."""
        stopped = asyncio.create_task(self._stop.wait())
        running: set[asyncio.Task[Any]] = {stopped, *self._tasks}
        while not self._stop.is_set():
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        stopped.cancel()

    async def _start_web(self, webhook: Webhook | None) -> int:
        from handlers.web.app import make_app  # noqa: PLC0415 -- commands that serve nothing do not wait for it
        from handlers.web.channel import WebChannel  # noqa: PLC0415
        from handlers.web.chat import Chat  # noqa: PLC0415
        from handlers.web.files import Files  # noqa: PLC0415
        from handlers.web.health import HealthPage  # noqa: PLC0415
        from handlers.web.limits import Limiter  # noqa: PLC0415
        from handlers.web.metrics import Metrics  # noqa: PLC0415
        from handlers.web.server import WebServer  # noqa: PLC0415

        channel = WebChannel()
        self._channels[WEB] = channel
        chat = Chat(
            self.database,
            self.desk,
            channel,
            self.setup,
            self.seals,
            self._clock,
            by_visitor=Limiter(most=20, per_second=1),
            by_network=Limiter(most=200, per_second=10),
        )
        by_reader = Limiter(most=60, per_second=1)
        files = Files(self.database, self.workshop, self.setup, self._clock, by_reader)
        settings = self.settings
        metrics = Metrics(self.counters, self.health, settings.metrics_token, settings.is_public)
        server = WebServer(
            make_app(chat, files, HealthPage(self.health), metrics, webhook),
            host=settings.host,
            port=settings.port,
        )
        self._closing += (server.stop, channel.close)
        try:
            return await server.start()
        except OSError as error:
            raise _not_listening(error) from None

    def _start_telegram(self) -> Webhook | None:
        """The channel, its profile and its way in: the webhook where the platform can reach us, else polling."""
        from handlers.telegram.channel import TelegramChannel, make_bot  # noqa: PLC0415 -- aiogram is slow and large
        from handlers.telegram.polling import Polling  # noqa: PLC0415
        from handlers.telegram.pulse import drained  # noqa: PLC0415
        from handlers.telegram.setup import Profile  # noqa: PLC0415
        from handlers.telegram.webhook import Intake, Webhook  # noqa: PLC0415

        settings = self.settings
        bot = make_bot(settings.telegram_token.get_secret_value(), settings.telegram_api_url)
        channel = TelegramChannel(bot)
        self._channels[TELEGRAM] = channel
        self._closing.append(channel.close)
        secret = settings.telegram_secret.get_secret_value() or self.seals.digest("telegram webhook")
        speeches = [self.setup.speech(language, TELEGRAM) for language in settings.languages]
        profile = Profile(bot, speeches, public_url=settings.public_url, secret=secret)
        self._spawn(profile.run())
        self._telegram_name = lambda: profile.username
        self._troubles[TELEGRAM] = lambda: profile.trouble or self.deliveries.troubles.get(TELEGRAM)
        intake = Intake(self.desk, self.database, channel)
        if settings.public_url:
            if self._only in (None, "web"):
                self._spawn(self._pulse(profile.ready.wait, lambda: drained(bot)).run())
            return Webhook(intake, secret)
        if self._only in (None, "deliver"):
            polling = Polling(bot, intake, profile)
            self._spawn(polling.run())
            self._spawn(self._pulse(polling.caught_up.wait, polling.caught_up.wait).run())
            self._troubles[TELEGRAM] = lambda: profile.trouble or polling.trouble or self.deliveries.troubles.get(TELEGRAM)
        return None

    def _pulse(self, open_: Callable[[], Awaitable[object]], drained: Callable[[], Awaitable[object]]) -> Pulse:
        from handlers.telegram.pulse import Pulse  # noqa: PLC0415 -- as above

        return Pulse(self.database, self.desktop, self.deliveries, clock=self._clock, open=open_, drained=drained)

    def _start_ticks(self) -> None:
        from handlers.ticks.timetable import Ticking  # noqa: PLC0415 -- only where there are ticks

        ticking = Ticking(self.database, self.desktop, self._clock, self.counters)
        ticking.start()
        self._closing.append(ticking.stop)

    def _channel_troubles(self) -> dict[str, str | None]:
        return {name: self._troubles[name]() if name in self._troubles else None for name in self._channels}

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))


def _not_listening(error: OSError) -> SettingWrong:
    if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EPERM):
        why = t("Another program listens on this port, or this user may not. Choose another one, or end the other program.")
        return SettingWrong(variable("port"), why)
    return SettingWrong(variable("host"), Settings.REASONS["host"])


def _spare_the_collector() -> None:
    """What was loaded at the start stays for good: the collector need not look through it again and again, which would
    stop every conversation for a tenth of a second each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_SELDOM)


def make_setup(settings: Settings, *, telegram: Callable[[], str | None] = lambda: None) -> Setup:
    """What every turn of this process shares; `telegram` tells our bot's name there once it is known."""
    catalogues = {language: catalogue(language) for language in _CATALOGUES}

    @lru_cache(maxsize=2000)
    def spellings(source: str) -> frozenset[str]:
        return frozenset({fold(source), *(fold(each.gettext(source)) for each in catalogues.values())})

    zone, quiet = calendar.zone(settings.timezone), QuietHours.of(settings.quiet_hours)
    return Setup(
        words=load_words(),
        places=load_places(),
        speeches={
            (language, channel): Speech(language, catalogues[language], facts_of(settings, channel))
            for language in settings.languages
            for channel in (WEB, TELEGRAM)
        },
        spellings=spellings,
        zone=zone,
        languages=settings.languages,
        email_required=settings.email_required,
        declared=settings.is_declared,
        telegram=telegram,
        fit_hour=lambda now: quiet.until(now.astimezone(zone)),
    )


def make_seals(settings: Settings) -> Seals:
    return Seals(hashlib.sha256(settings.secret_key.get_secret_value().encode()).digest())


def make_journal(settings: Settings) -> Journal:
    return Journal(settings.data_dir / FILE)


def catalogue(language: str) -> gettext.NullTranslations:
    """The sentences of a language; of `en`, which is the source, there is no catalogue."""
    if language not in _CATALOGUES:
        return gettext.NullTranslations()
    return gettext.translation("messages", LOCALES, [_CATALOGUES[language]])


def _desk(database: Database, settings: Settings) -> Desk:
    """A desk that sends nothing itself: what it owes is left to the serving processes."""
    desktop = Desktop(make_setup(settings), make_seals(settings), sender=None, journal=make_journal(settings))
    return Desk(database, desktop, clock=_utc_now, outlet=lambda _: None)


async def _telegram_name(settings: Settings) -> str | None:
    if not settings.telegram_token.get_secret_value():
        return None
    from handlers.telegram.channel import make_bot  # noqa: PLC0415 -- aiogram is slow and large
    from handlers.telegram.setup import name_of  # noqa: PLC0415

    return await name_of(make_bot(settings.telegram_token.get_secret_value(), settings.telegram_api_url))


def make_health(database: Database, settings: Settings, clock: Clock) -> Health:
    """Health as any process can tell it: without channels of its own, without a desk."""
    zone = calendar.zone(settings.timezone)
    return Health(database, folder=settings.data_dir, zone=zone, clock=clock, pushing=(TELEGRAM,))


def _probes(settings: Settings) -> dict[str, Callable[[], Awaitable[str | None]]]:
    if not settings.telegram_token.get_secret_value():
        return {}

    async def telegram() -> str | None:
        from handlers.telegram.channel import make_bot  # noqa: PLC0415 -- aiogram is slow and large
        from handlers.telegram.setup import who_am_i  # noqa: PLC0415

        return await who_am_i(make_bot(settings.telegram_token.get_secret_value(), settings.telegram_api_url))

    return {"Telegram": telegram}


def _utc_now() -> datetime:
    return datetime.now(UTC)
