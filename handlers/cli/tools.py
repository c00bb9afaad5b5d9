"""What commands are given, and how they speak: the operator's language, from the environment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from bot.actions.desk import Desk
from bot.actions.health import Health
from bot.core.bidi import without_isolates
from bot.core.errors import CommandRefused, SettingWrong, StorageUnavailable
from bot.core.known import Setup
from bot.core.seals import Seals
from bot.core.text import Ltr, Sayable, Speech, t
from bot.settings import Settings
from storage.engine import Database
from storage.erasures import Journal


@dataclass(frozen=True, slots=True)
class Tools:
    """Nothing is read or opened before it is asked for; what cannot be used raises SettingWrong.

    `probes` ask each channel that is switched on who we are there: its trouble, or None. `telegram_name` is our bot's,
    None where that channel is off or does not answer.
    """

    settings: Callable[[], Settings]
    database: Callable[[], Database]
    setup: Callable[[], Setup]
    seals: Callable[[], Seals]
    desk: Callable[[Database], Desk]
    health: Callable[[Database], Health]
    serve: Callable[[str | None], Coroutine[Any, Any, None]]
    probes: Callable[[], dict[str, Callable[[], Awaitable[str | None]]]]
    telegram_name: Callable[[], Awaitable[str | None]]
    journal: Callable[[], Journal]
    speech: Speech

    def tell(self, text: Sayable) -> str:
        """Told for a terminal, which isolates nothing."""
        return without_isolates(self.speech.tell(text))

    def say(self, text: Sayable) -> None:
        typer.echo(self.tell(text))

    def warn(self, text: Sayable) -> None:
        typer.echo(self.tell(text), err=True)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a command's work; what it refuses is told with what to do, and ends with a code other than 0."""
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(work)
        except SettingWrong as error:
            self._stop(t("{setting}: {why}")(setting=Ltr(error.name), why=error.why), code=2)
        except CommandRefused as error:
            self._stop(error.why, code=2)
        except StorageUnavailable:
            self._stop(t("The database cannot be reached. `nidaa check` says what to do."), code=1)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    def _stop(self, why: Sayable, *, code: int) -> None:
        self.warn(why)
        raise typer.Exit(code)


def operator_language() -> str:
    """`ar`, `fr` or `en`, as the environment asks."""
    wanted = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return wanted[:2] if wanted[:2] in ("ar", "fr") else "en"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: a turn spends most of its time in the loop."""
    try:
        import uvloop  # noqa: PLC0415 -- not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """What keeps a file from being written is told in words: CommandRefused. What the network below OSError does is not the
    file's."""
    try:
        yield
    except (TimeoutError, ConnectionError):
        raise
    except OSError:
        raise CommandRefused(NOT_WRITABLE(file=Ltr(str(file)))) from None


NOT_WRITABLE = t("The file {file} cannot be written. Choose a folder that exists and that you may write to.")
