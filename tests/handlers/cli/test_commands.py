"""The command line as an operator uses it: a process of its own, files, exit codes, the operator's language."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from bot.core.seals import Seals
from storage import inbox
from storage.engine import Database
from storage.tables import conversations
from tests.bot.actions.updates import open_desk, update
from tests.bot.flows.chat import GOOD
from tests.fakes.bot_api import TOKEN, BotApi
from tests.fakes.clock import Clock
from tests.fakes.ports import free_port
from tests.handlers.cli.conftest import Nidaa

SECRET = "a secret for the tests, long enough to be one"
SEALS = Seals(hashlib.sha256(SECRET.encode()).digest())
SIGNED = (
    *("سلام", "أوافق"),
    *(GOOD[key] for key in ("association", "centre", "category", "president", "phone", "email", "city")),
    *("نعم", GOOD["president"], "نعم"),
)


async def test_the_export_holds_drafts_and_requests(nidaa: Nidaa, database: Database, clock: Clock, tmp_path: Path) -> None:
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", *SIGNED)
        await desk.dialogue("2", *SIGNED[:4])
    done = nidaa("export", "signups", "--format", "json", "--output", str(tmp_path / "out.json"))
    assert (done.returncode, done.stderr) == (0, "")
    signed, draft = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert signed == {
        "reference": "4726-3918",
        "status": "pending",
        "association": GOOD["association"],
        "president": GOOD["president"],
        "phone": "+212600000001",
        "email": GOOD["email"],
        "city": "الصويرة",
        "signature": GOOD["president"],
        "language": "ar",
        "channel": "telegram",
        "consent_at": "2026-11-23T10:00:00Z",
        "created_at": "2026-11-23T10:00:00Z",
        "centres": [
            {"name": GOOD["centre"], "category": "women_victims_violence", "city": "الصويرة", "city_code": "07.211.01.05"}
        ],
    }
    assert (draft["status"], draft["reference"], draft["centres"][0]["name"]) == ("draft", None, GOOD["centre"])
    assert (tmp_path / "out.json").stat().st_mode & 0o777 == 0o600


async def test_the_table_opens_right_in_a_spreadsheet(
    nidaa: Nidaa, database: Database, clock: Clock, tmp_path: Path
) -> None:
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", *SIGNED[:2], "=HYPERLINK(0)", *SIGNED[3:])
    assert nidaa("export", "signups", "--format", "csv", "--output", str(tmp_path / "out.csv")).returncode == 0
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        head, row = csv.reader(file)
    assert head[:8] == [
        *("الجمعية المسيرة", "المركز", "الفئة المستهدفة", "رئيس(ة) الجمعية"),
        *("رقم الهاتف", "البريد الإلكتروني", "المدينة", "التوقيع"),
    ]
    assert row[0] == "'=HYPERLINK(0)"
    assert row[2:5] == ["النساء ضحايا العنف", GOOD["president"], "06 00 00 00 01"]

    assert (
        nidaa("export", "signups", "--format", "csv", "--language", "fr", "--output", str(tmp_path / "fr.csv")).returncode
        == 0
    )
    assert "Femmes victimes de violence" in (tmp_path / "fr.csv").read_text(encoding="utf-8")


async def test_who_asked_for_a_call_is_in_a_file_too(nidaa: Nidaa, database: Database, clock: Clock, tmp_path: Path) -> None:
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", "سلام", "أوافق", "طلب مكالمة", "0600000001")
    assert nidaa("export", "help-requests", "--output", str(tmp_path / "calls.json")).returncode == 0
    (call,) = json.loads((tmp_path / "calls.json").read_text(encoding="utf-8"))
    assert (call["phone"], call["stuck_at"]) == ("+212600000001", "association")
    assert nidaa("export", "help-requests", "--format", "csv", "--output", str(tmp_path / "calls.csv")).returncode == 0
    assert "الجمعية المسيرة" in (tmp_path / "calls.csv").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_refused_in_words(nidaa: Nidaa, tmp_path: Path) -> None:
    done = nidaa("export", "signups", "--output", str(tmp_path / "nowhere" / "out.json"), LANG="fr_FR.UTF-8")
    assert done.returncode == 2
    assert "ne peut pas être écrit" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrate_is_safe_to_run_again(nidaa: Nidaa) -> None:
    assert [nidaa("migrate").returncode for _ in range(2)] == [0, 0]


def test_check_says_that_everything_is_in_order_and_shows_no_secret(nidaa: Nidaa) -> None:
    done = nidaa("check", NIDAA_DATABASE_URL="sqlite:///check.db")
    assert done.returncode == 2
    assert "Run nidaa migrate" in done.stdout
    nidaa("migrate", NIDAA_DATABASE_URL="sqlite:///check.db")
    done = nidaa("check", NIDAA_DATABASE_URL="sqlite:///check.db")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Everything is in order." in done.stdout
    assert "✓ Time-zone database: 2026f" in done.stdout
    assert "✓ Free on the disk of the data folder: " in done.stdout
    assert "long enough" not in done.stdout
    assert "Nobody is declared to be in charge" in done.stdout


def test_check_explains_what_is_wrong_in_the_operators_language(nidaa: Nidaa) -> None:
    url = "postgresql://nidaa:hidden@127.0.0.1:9/nidaa"
    done = nidaa("check", NIDAA_DATABASE_URL=url, NIDAA_TELEGRAM_TOKN="x", LANG="fr_MA.UTF-8")
    assert done.returncode == 2
    assert "La base de données ne répond pas." in done.stdout
    assert "NIDAA_TELEGRAM_TOKN n’est pas un réglage de cette version." in done.stdout
    assert "hidden" not in done.stdout
    assert "À corriger\u00a0: 2" in done.stderr


async def test_check_tells_what_is_owed_and_what_is_parked(nidaa: Nidaa, database: Database, clock: Clock) -> None:
    async with open_desk(database, clock, sender=None) as desk:
        await desk.dialogue("1", "سلام", "أوافق")
    async with database.write() as connection:
        await inbox.park_update(connection, reference="A1", channel="telegram", cause="x", body="x", now=clock())
    done = nidaa("check")
    assert re.search(r"✓ Owed on telegram: 3; the oldest message has waited \d+ seconds\.", done.stdout)
    assert "✓ Parked: 1. nidaa parked lists them." in done.stdout


def test_check_says_when_nobody_could_be_erased(nidaa: Nidaa, tmp_path: Path) -> None:
    assert "✓ The erasure journal can be written." in nidaa("check").stdout
    (tmp_path / "file").write_text("")
    done = nidaa("check", NIDAA_DATA_DIR=str(tmp_path / "file"))
    assert done.returncode == 2
    assert f"✗ The erasure journal {tmp_path / 'file' / 'erasures.jsonl'} cannot be written" in done.stdout


async def test_check_tries_the_channels(nidaa: Nidaa, bot_api: BotApi) -> None:
    good = await asyncio.to_thread(nidaa, "check", NIDAA_TELEGRAM_TOKEN=TOKEN, NIDAA_TELEGRAM_API_URL=bot_api.url)
    assert "Telegram answers." in good.stdout
    bad = await asyncio.to_thread(nidaa, "check", NIDAA_TELEGRAM_TOKEN=TOKEN[:-1] + "x", NIDAA_TELEGRAM_API_URL=bot_api.url)
    assert "Telegram does not answer (TelegramUnauthorizedError)" in bad.stdout
    assert bad.returncode == 2
    assert TOKEN[:-1] not in bad.stdout + bad.stderr


@pytest.mark.parametrize("command", [("serve",), ("migrate",), ("check",), ("export", "signups", "--output", "x")])
def test_a_wrong_setting_stops_every_command_and_is_named(nidaa: Nidaa, command: tuple[str, ...]) -> None:
    done = nidaa(*command, NIDAA_PORT="eighty", LANG="ar_MA.UTF-8")
    assert done.returncode == 2
    assert "NIDAA_PORT: المرجو كتابة رقم منفذ من 0 إلى 65535." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_and_a_host_that_is_not_ours_are_named(nidaa: Nidaa) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = nidaa("serve", NIDAA_PORT=str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "NIDAA_PORT: Another program listens on this port" in done.stderr
    assert "Traceback" not in done.stderr
    for host in ("192.0.2.1", "no such host"):
        done = nidaa("serve", NIDAA_HOST=host, NIDAA_PORT="0")
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert "NIDAA_HOST: Write an address of this machine" in done.stderr


async def test_parked_messages_are_listed_without_what_they_say_and_taken_again(
    nidaa: Nidaa, database: Database, clock: Clock
) -> None:
    assert nidaa("parked").stdout == "Nothing is parked.\n"
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", "سلام", "أوافق")
        async with database.write() as connection:
            await connection.execute(conversations.update().values(talk="{"))
        await desk.takes(update("1", "جمعية أمل"))
    listed = nidaa("parked").stdout
    assert "DecodeError at storage.conversations" in listed
    assert "أمل" not in listed
    async with database.write() as connection:
        await connection.execute(conversations.update().values(talk="{}"))
    assert "Taken again: 1. Still parked: 0." in nidaa("parked", "--retry").stdout


async def test_a_fault_of_ours_ends_a_command_without_quoting_anything(
    nidaa: Nidaa, database: Database, clock: Clock, tmp_path: Path
) -> None:
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", *SIGNED[:4])
    async with database.write() as connection:
        await connection.execute(conversations.update().values(talk='{"stack": "0600000001"}'))
    done = nidaa("export", "signups", "--output", str(tmp_path / "out.json"))
    assert done.returncode == 70
    assert '"error": "ValidationError"' in done.stderr
    assert '"storage.conversations:' in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.json").exists()


def test_a_served_process_prints_its_address_and_ends_well(environment: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "serve"],
        env={**environment, "PYTHONPATH": str(Path.cwd()), "NIDAA_PORT": str(port)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"nidaa: http://localhost:{port}\n"
        with urlopen(f"http://localhost:{port}/health", timeout=5) as answer:
            assert json.load(answer)["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=15)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert "aiogram" not in errors


@pytest.mark.parametrize("only", ["deliver", "tick"])
def test_a_part_that_serves_no_page_runs_and_ends_well(environment: dict[str, str], tmp_path: Path, only: str) -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--only", only],
        env={**environment, "PYTHONPATH": str(Path.cwd()), "NIDAA_PORT": str(port)},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert '"serving"' in process.stderr.readline()
        with pytest.raises(URLError):
            urlopen(f"http://localhost:{port}/health", timeout=1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_aiogram_is_not_loaded_without_telegram(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from pydantic import SecretStr
from bot.main import Service
from bot.settings import Settings

async def main():
    settings = Settings(
        _env_file=None, port=0, database_url="sqlite:///{tmp_path}/x.db", data_dir="{tmp_path}", secret_key=SecretStr("x" * 40)
    )
    service = Service(settings)
    await service.start()
    await service.stop()

asyncio.run(main())
sys.exit("aiogram" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False).returncode == 0


async def test_the_first_one_in_charge_gets_a_code_from_the_command_line(
    nidaa: Nidaa, database: Database, clock: Clock, bot_api: BotApi
) -> None:
    clock.now = datetime.now(UTC)
    asked = ("coordinators", "invite", "--role", "owner", "--name", "خديجة")
    channel = {"NIDAA_TELEGRAM_TOKEN": TOKEN, "NIDAA_TELEGRAM_API_URL": bot_api.url}
    done = await asyncio.to_thread(nidaa, *asked, **channel)
    assert (done.returncode, done.stderr) == (0, "")
    give, once, link, where, last = done.stdout.splitlines()
    assert last.startswith("code: I")
    code = last.removeprefix("code: ")
    assert give == f"Give this code to خديجة: {code}"
    assert once.startswith("It works once, until ")
    assert link.endswith(f"https://t.me/nidaa_test_bot?start={code.lower().replace('-', '')}")
    assert where.startswith("On the web page, they open http://localhost:8080, press “I have a code to continue”")
    async with open_desk(database, clock, seals=SEALS) as desk:
        (told,) = await desk.dialogue("1", f"/start {code}")
        assert told.startswith("أصبحتم عضوا في فريق التنسيق.")
        (used,) = await desk.dialogue("2", code)
        assert used.startswith("تعذر قبول هذا الرمز")
    assert nidaa("coordinators", "list").stdout == "خديجة: In charge of the team, all categories\n"
    assert nidaa("coordinators", "list", LANG="fr_MA.UTF-8").stdout == "خديجة\u00a0: Responsable, toutes les catégories\n"


def test_who_is_let_in_may_be_kept_to_one_category(nidaa: Nidaa) -> None:
    assert nidaa("coordinators", "list").stdout.startswith("Nobody is in the team yet.")
    asked = ("coordinators", "invite", "--role", "coordinator", "--name", "حسن", "--category", "older_persons")
    done = nidaa(*asked, LANG="ar_MA.UTF-8")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("code: I")
    trail = nidaa("audit").stdout
    assert " cli  invite  invite " in trail
    assert '"role":"coordinator","category":"older_persons"' in trail
    assert "حسن" not in trail


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--role", "coordinator", "--name", "حسن", "--category", "women"), "women is no category. They are: children_"),
        (("--role", "owner", "--name", "حسن", "--category", "older_persons"), "in charge of all categories"),
        (("--role", "viewer", "--name", "ح"), "Write a name of 3 to 60 characters"),
        (("--role", "boss", "--name", "حسن"), "'boss' is not one of 'owner', 'coordinator', 'viewer'"),
        (("--name", "حسن"), "Missing option '--role'"),
    ],
)
def test_an_invitation_that_cannot_be_made_says_why(nidaa: Nidaa, arguments: tuple[str, ...], said: str) -> None:
    done = nidaa("coordinators", "invite", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert nidaa("audit").stdout == "Nothing has been done yet.\n"
