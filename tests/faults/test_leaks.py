"""Leaks: names, numbers, addresses, words and secrets are planted in everything that people, platforms and databases say, and
looked for in every log line, error, answer to a stranger and address."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import sqlalchemy as sa
from aiohttp import ClientSession, web
from pydantic import SecretStr

from storage.engine import Database
from storage.tables import conversations
from tests.bot.actions.updates import open_desk
from tests.conftest import Running, Serve
from tests.fakes.bot_api import TOKEN, BotApi, error
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson, WebPerson
from tests.fakes.ports import free_port
from tests.journeys.forms import Form, answers_up_to

PLANTED = Form(
    "جمعية الزرعة المخفية",
    "مركز الزرعة المخفية",
    "2",
    "زبيدة المزروعة",
    "0600112233",
    "planted@example.org",
    "الصويرة",
    "زبيدة المزروعة",
)
QUESTION = "سؤال مزروع لا يقرؤه أحد"
SECRET = "planted secret key that nobody may see anywhere"
HOOK_SECRET = "planted-webhook-secret"
PERSON = 611_223_344
SEEN_NOWHERE = (
    *("الزرعة", "زبيدة", "مزروع", "planted", "example.org", "Planted", QUESTION),
    *("0600112233", "600112233", "6 00 11 22 33", "06 00 11 22 33", str(PERSON)),
    *(TOKEN, TOKEN.partition(":")[2], TOKEN.partition(":")[0], SECRET, HOOK_SECRET),
)


def leaks(text: str) -> list[str]:
    return [each for each in SEEN_NOWHERE if each in text]


class Watched:
    """A service with everything planted in it, and all it says to those who may not know."""

    def __init__(self, running: Running, api: BotApi) -> None:
        self.running = running
        self.api = api
        self.person = TelegramPerson(api, running.settled, id=PERSON)
        self.told: list[str] = []

    async def asks(self, method: str, path: str, **how: Any) -> None:
        """What a stranger reads, and where a stranger is sent."""
        url = self.running.url + path
        async with ClientSession() as client, client.request(method, url, allow_redirects=False, **how) as response:
            self.told += [await response.text(), *response.headers.values()]


@pytest.fixture
async def watched(serve: Serve, bot_api: BotApi) -> Watched:
    secrets = {"secret_key": SecretStr(SECRET), "telegram_secret": SecretStr(HOOK_SECRET)}
    return Watched(await serve(bot_api, **secrets), bot_api)


@pytest.fixture
def quiet(logged: io.StringIO, capfd: pytest.CaptureFixture[str]) -> Iterator[io.StringIO]:
    """Nothing planted is in the log or on either output at the end."""
    yield logged
    gc.collect()
    out, err = capfd.readouterr()
    assert leaks(logged.getvalue() + out + err) == []


async def test_nothing_is_said_of_people_in_the_course_of_a_sign_up(quiet: io.StringIO, watched: Watched) -> None:
    await answers_up_to(watched.person, PLANTED, "end")
    for said in ("نعم", "/contact", QUESTION, "طلب مكالمة", "تعديل", "/mydata_copy"):
        await watched.person.says(said)
    on_web = WebPerson(watched.running.url)
    await answers_up_to(on_web, PLANTED, "end")
    assert on_web.client is not None
    for path in (
        "/",
        "/health",
        "/fr",
        f"/{PLANTED.email}",
        f"/static/{TOKEN}",
        "/events",
        "/telegram/webhook",
        f"/?q={TOKEN}",
    ):
        await watched.asks("GET", path)
        await watched.asks("POST", path, data={"text": PLANTED.president, "page": SECRET})
    assert leaks("".join(watched.told)) == []
    await on_web.closes()


async def test_nothing_is_said_of_people_when_their_turns_fail(
    quiet: io.StringIO, watched: Watched, bot_api: BotApi
) -> None:
    database = watched.running.service.database
    await answers_up_to(watched.person, PLANTED, "sign")
    await refuses_signatures(database.is_sqlite, watched.running)
    (fault,) = await watched.person.says(PLANTED.signature)
    assert fault.text.startswith("حال خلل تقني")
    async with database.write() as connection:
        await connection.execute(conversations.update().values(talk=f'{{"stack": "{PLANTED.president}"}}'))
    await watched.person.says(PLANTED.association)
    for body in (f'{{"{PLANTED.president}": {{', f'{{"update_id": "{PLANTED.phone}"}}', f"{TOKEN}\udcff"):
        assert await bot_api.deliver_raw(body.encode(errors="surrogateescape")) == 200
    await watched.asks("GET", "/health")
    assert leaks("".join(watched.told)) == []
    assert "turn_parked" in quiet.getvalue()


async def refuses_signatures(sqlite: bool, running: Running) -> None:
    """From now on the database refuses what is signed, and its error quotes the row."""
    rules = (
        f"CREATE TRIGGER refuse BEFORE UPDATE ON signups BEGIN SELECT RAISE(ABORT, '{PLANTED.president} {PLANTED.phone}'); END",
        f"ALTER TABLE associations ADD CONSTRAINT refuse CHECK (president <> '{PLANTED.president}')",
    )
    async with running.service.database.write() as connection:
        await connection.execute(sa.text(rules[0] if sqlite else rules[1]))


async def test_nothing_is_said_when_the_platform_quotes_the_token_and_the_message(
    quiet: io.StringIO, watched: Watched, bot_api: BotApi, clock: Clock
) -> None:
    said = f"Bad Request: https://api.example.org/bot{TOKEN}/sendMessage {PLANTED.president} {PLANTED.phone}"
    for status in (400, 401, 403, 404, 409, 413, 429, 500, 502):
        bot_api.refuse(status, said, parameters={"retry_after": 1} if status == 429 else None)
        assert await bot_api.deliver(watched.person.message(text=PLANTED.association)) == 200
        await asyncio.sleep(0.05)
        clock.advance(minutes=5)
        await watched.person.reads()
    await watched.asks("GET", "/health")

    async def cut(request: web.Request, *_: object) -> web.Response | None:
        assert request.transport is not None
        request.transport.abort()
        return web.Response(status=500)

    async def page(*_: object) -> web.Response | None:
        return web.Response(status=502, text=f"<h1>{said}</h1>", content_type="text/html")

    async def wrong(*_: object) -> web.Response | None:
        return web.json_response({"ok": "yes", "result": [said], "parameters": said}, status=200)

    for weather in (cut, page, wrong):
        bot_api.weather = weather
        assert await bot_api.deliver(watched.person.message(text=PLANTED.association)) == 200
        await asyncio.sleep(0.05)
        await watched.asks("GET", "/health")
        bot_api.weather = None
        clock.advance(minutes=5)
    await watched.person.reads()
    assert leaks("".join(watched.told)) == []
    for event in ("message_refused", "channel_misconfigured"):
        assert event in quiet.getvalue()


async def test_nothing_is_said_of_an_exception_that_nobody_caught(quiet: io.StringIO) -> None:
    async def fails() -> None:
        raise ValueError(f"{PLANTED.president} {PLANTED.phone} {TOKEN}")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0.01)
    del task
    gc.collect()
    asyncio.get_running_loop().call_exception_handler({"message": f"never {TOKEN}", "who": PLANTED.president})
    assert '"ValueError"' in quiet.getvalue()


class Process:
    """A process of its own, with everything planted in its settings, and what it printed."""

    def __init__(self, folder: Path, url: str, api_url: str) -> None:
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("NIDAA_", "LC_", "LANG"))}
        self.folder = folder
        self.environment = {
            **bare,
            "NIDAA_DATA_DIR": str(folder),
            "NIDAA_DATABASE_URL": url,
            "NIDAA_SECRET_KEY": SECRET,
            "NIDAA_TELEGRAM_TOKEN": TOKEN,
            "NIDAA_TELEGRAM_SECRET": HOOK_SECRET,
            "NIDAA_TELEGRAM_API_URL": api_url,
            "NIDAA_PORT": str(free_port()),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path.cwd()),
        }

    async def runs(self, *arguments: str, **changes: str) -> tuple[int, str]:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "bot", *arguments],
            env={**self.environment, **changes},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    def serves(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def process(tmp_path: Path, sqlite_template: Path, bot_api: BotApi) -> Process:
    (tmp_path / "nidaa.db").write_bytes(sqlite_template.read_bytes())
    return Process(tmp_path, f"sqlite:///{tmp_path / 'nidaa.db'}", bot_api.url)


async def test_a_served_process_lives_through_a_platform_that_answers_nonsense_and_says_nothing(
    process: Process, bot_api: BotApi
) -> None:
    async def nonsense(_: web.Request, method: str, __: object) -> web.Response | None:
        if len(bot_api.sent(method)) % 2:
            return web.Response(status=502, text=f"<h1>{TOKEN} {PLANTED.president}</h1>", content_type="text/html")
        return error(400, f"Bad Request: {TOKEN} {PLANTED.president}")

    bot_api.weather = nonsense
    with process.serves() as served:
        address = f"http://127.0.0.1:{process.environment['NIDAA_PORT']}"
        async with asyncio.timeout(90):
            while len(bot_api.sent("getMe")) < 3:
                assert served.poll() is None
                await asyncio.sleep(0.05)
        health = await asyncio.to_thread(lambda: urlopen(f"{address}/health", timeout=5).read().decode())
        for path in (f"/{TOKEN}", "/say"):
            with suppress(HTTPError):
                await asyncio.to_thread(urlopen, Request(address + path, data=PLANTED.phone.encode()), timeout=5)
        served.send_signal(signal.SIGTERM)
        printed, _ = await asyncio.to_thread(served.communicate, timeout=20)
    assert served.returncode == 0
    assert leaks(printed + health) == []
    assert "telegram_profile_postponed" in printed


async def test_a_process_that_ends_by_a_fault_says_where_and_nothing_more(process: Process, clock: Clock) -> None:
    database = Database(f"sqlite+aiosqlite:///{process.folder / 'nidaa.db'}")
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", "سلام", "أوافق", PLANTED.association)
    async with database.write() as connection:
        await connection.execute(conversations.update().values(talk=f'{{"stack": "{PLANTED.president}'))
    await database.close()
    code, printed = await process.runs("export", "signups", "--output", "x.json")
    assert code == 70
    assert "Traceback" not in printed
    assert '"error": "DecodeError", "trace": ["' in printed
    assert leaks(printed) == []


async def test_a_port_that_is_taken_is_named_in_words(process: Process) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(process.environment["NIDAA_PORT"])))
        taken.listen()
        code, printed = await process.runs("serve", LANG="fr_MA.UTF-8", NIDAA_TELEGRAM_TOKEN="")
    assert code == 2
    assert "NIDAA_PORT\u00a0: Un autre programme écoute" in printed
    assert "Traceback" not in printed
    assert leaks(printed) == []


async def test_the_command_line_shows_no_secret_whatever_the_platform_answers(process: Process, bot_api: BotApi) -> None:
    async def page(*_: object) -> web.Response | None:
        return web.Response(status=200, text=f"<h1>{TOKEN} {PLANTED.president}</h1>", content_type="text/html")

    bot_api.weather = page
    hidden = bot_api.url.replace("http://", "http://user:planted@")
    code, printed = await process.runs("check", NIDAA_TELEGRAM_API_URL=hidden)
    assert code == 2
    assert "Telegram does not answer (ClientDecodeError)" in printed
    assert leaks(printed) == []
    password = {"NIDAA_DATABASE_URL": "postgresql://nidaa:planted@127.0.0.1:9/nidaa", "NIDAA_TELEGRAM_TOKEN": ""}
    for arguments in (("check",), ("migrate",), ("parked",)):
        code, printed = await process.runs(*arguments, **password)
        assert code != 0
        assert leaks(printed) == []
