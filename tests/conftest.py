"""Databases, services and people for the tests. Fakes only for the world outside: Telegram and the clock."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from bot import logs
from bot.main import Service
from bot.settings import Settings
from storage.engine import Database
from storage.migrations import migrate
from storage.tables import outbox
from tests.fakes.bot_api import TOKEN, BotApi, running_bot_api
from tests.fakes.clock import Clock
from tests.fakes.people import Person, TelegramPerson, WebPerson
from tests.fakes.ports import free_port
from tests.fakes.postgres import Server, running_server, server_binaries

ENGINES = ("sqlite", "postgresql")
_numbers = count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the long forms of the faults: make faults")


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """As in production: what may not be logged is not logged in a test either."""
    logs.configure()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged meanwhile, as lines of JSON."""
    lines = io.StringIO()
    logs.configure(lines)
    yield lines
    logs.configure()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL with a migrated template database."""
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed here")
    with running_server(binaries) as server:
        server.run_sql("CREATE DATABASE template_nidaa")
        asyncio.run(_migrated(server.url("template_nidaa")))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "nidaa.db"
    asyncio.run(_migrated(f"sqlite+aiosqlite:///{file}"))
    return file


async def _migrated(url: str) -> None:
    database = Database(Settings(database_url=url, _env_file=None).database_url)
    await migrate(database)
    await database.close()


@contextmanager
def _new_database(request: pytest.FixtureRequest, engine: str, folder: Path) -> Iterator[str]:
    """The address of a migrated, empty database."""
    name = f"test_{next(_numbers)}"
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / f"{name}.db")
        yield f"sqlite+aiosqlite:///{folder / name}.db"
        return
    server: Server = request.getfixturevalue("postgres")
    server.run_sql(f"CREATE DATABASE {name} TEMPLATE template_nidaa")
    yield server.url(name).replace("postgresql://", "postgresql+asyncpg://")
    server.run_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of its own for each test, on each engine."""
    with _new_database(request, request.param, tmp_path) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
def twin_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """One more, on the same engine."""
    with _new_database(request, make_url(database_url).get_backend_name(), tmp_path) as url:
        yield url


@pytest.fixture
async def twin(twin_url: str) -> AsyncIterator[Database]:
    made = Database(twin_url)
    yield made
    await made.close()


@pytest.fixture(params=ENGINES, ids=["to_sqlite", "to_postgresql"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """One more, on each engine again."""
    with _new_database(request, request.param, tmp_path) as url:
        yield url


@pytest.fixture
async def other(other_url: str) -> AsyncIterator[Database]:
    made = Database(other_url)
    yield made
    await made.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def bot_api() -> AsyncIterator[BotApi]:
    async with running_bot_api() as api:
        yield api
        assert api.wrong == []


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The web chat alone, with somebody in charge."""
    return Settings(
        _env_file=None,
        data_dir=tmp_path,
        database_url=database_url,
        port=0,
        secret_key=SecretStr("a secret for the tests, long enough to be one"),
        controller_name="الجمعية المنسقة",
        contact_email="contact@example.org",
        contact_phone="+212524000001",
    )


Serve = Callable[..., Awaitable["Running"]]


class Running:
    """A service that is up, and how to reach it."""

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self.url = f"http://127.0.0.1:{port}"

    async def settled(self, recipient: str) -> None:
        """Returns once nothing is due to this recipient but what was parked."""
        owed = sa.select(sa.func.count()).where(
            outbox.c.recipient == recipient,
            outbox.c.channel != "web",
            outbox.c.parked.is_(None),
            outbox.c.due_at <= self.service._clock(),
        )
        for _ in range(500):
            async with self.service.database.read() as connection:
                if await connection.scalar(owed) == 0:
                    return
            await asyncio.sleep(0.01)
        raise AssertionError("messages are still owed")

    async def rows(self, query: sa.Select[Any]) -> list[Any]:
        async with self.service.database.read() as connection:
            return list((await connection.execute(query)).all())


@pytest.fixture
async def serve(settings: Settings, clock: Clock) -> AsyncIterator[Serve]:
    """Start a service; with `api`, on Telegram too; `ticking` uses the real clock. All are stopped at the end."""
    started: list[Service] = []

    async def start(api: BotApi | None = None, *, ticking: bool = False, wait: bool = True, **changes: Any) -> Running:
        if api is not None:
            port = free_port()
            changes = {
                "port": port,
                "public_url": f"http://127.0.0.1:{port}",
                "telegram_token": SecretStr(TOKEN),
                "telegram_api_url": api.url,
                **changes,
            }
        service = Service(settings.model_copy(update=changes), clock=None if ticking else clock)
        started.append(service)
        port_found = await service.start()
        if api is not None and wait:
            await _until(lambda: ("description", "fr") in api.profile)
        return Running(service, port_found or 0)

    yield start
    for service in reversed(started):
        await service.stop()


async def _until(true: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture(params=("telegram", "web"))
async def person(request: pytest.FixtureRequest, serve: Serve, bot_api: BotApi) -> AsyncIterator[Person]:
    """Somebody who has never written: on Telegram, on the web."""
    running = await serve(bot_api)
    if request.param == "telegram":
        yield TelegramPerson(bot_api, running.settled)
        return
    somebody = WebPerson(running.url)
    yield somebody
    await somebody.closes()
