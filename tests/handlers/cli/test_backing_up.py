"""`nidaa backup` and `nidaa restore` as an operator uses them: two files, two commands, one database into another."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage import inbox
from storage.engine import Database
from storage.tables import people, signups
from tests.bot.actions.updates import open_desk, update
from tests.fakes.clock import Clock
from tests.fakes.rows import fill, rows_of
from tests.handlers.cli.conftest import Nidaa
from tests.journeys.forms import FATIMA

SIGNED = (
    "سلام",
    "أوافق",
    *(FATIMA.association, FATIMA.centre, "2", FATIMA.president, FATIMA.phone, FATIMA.email),
    "الصويرة",
)


@pytest.fixture
async def talked(database: Database, clock: Clock) -> Database:
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", *SIGNED)
    return database


def at(folder: Path, name: str) -> dict[str, str]:
    return {"NIDAA_DATABASE_URL": f"sqlite:///{folder / name}"}


async def test_a_backup_is_restored_into_a_new_database(nidaa: Nidaa, talked: Database, tmp_path: Path) -> None:
    backup, new = str(tmp_path / "nidaa.zip"), at(tmp_path, "new.db")
    async with talked.read() as connection:
        kept = await rows_of(connection)
    count = sum(map(len, kept.values()))
    assert nidaa("backup", backup).stdout == f"Written: {backup} ({count})\n"
    assert (tmp_path / "nidaa.zip").stat().st_mode & 0o777 == 0o600
    assert nidaa("migrate", **new).returncode == 0
    (tmp_path / "erasures.jsonl").write_text("")
    done = nidaa("restore", backup, **new)
    taken = json.loads(zipfile.ZipFile(backup).read("manifest.json"))["taken_at"]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"Restored: {count} rows, as they were on {taken[:10]} {taken[11:16]} +0000.\n"
        "Erased again, as the erasure journal says: 0.\n"
    )
    other = Database(new["NIDAA_DATABASE_URL"].replace("sqlite:", "sqlite+aiosqlite:"))
    async with other.read() as connection:
        assert await rows_of(connection) == kept
    await other.close()


async def test_a_database_goes_from_sqlite_to_postgresql_with_two_commands(
    nidaa: Nidaa, database: Database, other: Database, tmp_path: Path
) -> None:
    async with database.write() as connection:
        await fill(connection)
        kept = await rows_of(connection)
    backup = str(tmp_path / "nidaa.zip")
    assert nidaa("backup", backup).returncode == 0
    url = other.url.render_as_string(hide_password=False)
    assert nidaa("restore", backup, NIDAA_DATABASE_URL=url).returncode == 0
    async with other.read() as connection:
        assert await rows_of(connection) == kept
    async with other.write() as connection:
        row = {"status": "draft", "language": "ar", "channel": "web", "created_at": kept["people"][0][3]}
        made = await connection.execute(signups.insert().values(**row).returning(signups.c.id))
        assert made.scalar_one() == max(signup[0] for signup in kept["signups"]) + 1


async def test_what_cannot_be_restored_is_refused_with_what_to_do(nidaa: Nidaa, talked: Database, tmp_path: Path) -> None:
    backup = str(tmp_path / "nidaa.zip")
    nidaa("backup", backup)
    (tmp_path / "not a backup.zip").write_bytes(b"PK")
    (tmp_path / "erasures.jsonl").write_text("")
    bare = at(tmp_path, "bare.db")
    refusals = [
        (("restore", backup), {}, "Cette base contient déjà des données"),
        (("restore", backup), bare, "Lancez nidaa migrate."),
        (("backup", str(tmp_path / "x.zip")), bare, "Lancez nidaa migrate."),
        (("restore", str(tmp_path / "not a backup.zip")), {}, "Ce fichier n’est pas une sauvegarde entière"),
        (("restore", str(tmp_path / "nowhere.zip")), {}, "ne peut pas être lu"),
        (("restore", backup, "--journal", str(tmp_path / "nowhere")), {}, "ne peut pas être lu"),
        (("backup", str(tmp_path / "nowhere" / "x.zip")), {}, "ne peut pas être écrit"),
    ]
    for command, where, told in refusals:
        done = nidaa(*command, LANG="fr_FR.UTF-8", **where)
        assert (done.returncode, done.stdout) == (2, ""), command
        assert told in done.stderr, command
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.zip").exists()


async def test_who_was_erased_stays_erased_whichever_journal_says_so(nidaa: Nidaa, talked: Database, tmp_path: Path) -> None:
    """Erased by a process of its own, through the parked message that asks for it."""
    backup, new = str(tmp_path / "nidaa.zip"), at(tmp_path, "new.db")
    nidaa("backup", backup)
    await _erase(nidaa, talked)
    assert nidaa("parked").stdout == "Nothing is parked.\n"
    async with talked.read() as connection:
        assert (await connection.execute(sa.select(people))).all() == []
    journal = tmp_path / "erasures.jsonl"
    assert len(journal.read_text().splitlines()) == 1

    nidaa("migrate", **new)
    assert "Erased again, as the erasure journal says: 1." in nidaa("restore", backup, **new).stdout
    journal.rename(tmp_path / "kept elsewhere")
    newer = at(tmp_path, "newer.db")
    nidaa("migrate", **newer)
    done = nidaa("restore", backup, "--journal", str(tmp_path / "kept elsewhere"), **newer)
    assert (done.stderr, "journal says: 1." in done.stdout) == ("", True)
    assert journal.read_text() == (tmp_path / "kept elsewhere").read_text()


async def _erase(nidaa: Nidaa, database: Database) -> None:
    """The person asks to be forgotten; what asks for it is taken by `nidaa parked --retry`."""
    for text in ("/erase", "نعم"):
        async with database.write() as connection:
            body = inbox.incoming_as_text(update("1", text))
            await inbox.park_update(connection, reference=text[:6], channel="telegram", cause="x", body=body, now=Clock()())
        assert "Taken again: 1." in nidaa("parked", "--retry").stdout


async def test_without_any_journal_the_operator_is_warned(nidaa: Nidaa, talked: Database, tmp_path: Path) -> None:
    backup, new = str(tmp_path / "nidaa.zip"), at(tmp_path, "new.db")
    nidaa("backup", backup)
    nidaa("migrate", **new)
    done = nidaa("restore", backup, **new)
    assert done.returncode == 0
    assert done.stderr.startswith(f"There is no erasure journal here ({tmp_path / 'erasures.jsonl'})")


async def test_a_journal_of_another_key_or_with_a_cut_line_is_noticed(
    nidaa: Nidaa, talked: Database, tmp_path: Path
) -> None:
    backup, new = str(tmp_path / "nidaa.zip"), at(tmp_path, "new.db")
    nidaa("backup", backup)
    nidaa("migrate", **new)
    journal = tmp_path / "erasures.jsonl"
    journal.write_text('{"person":"x","at":"2026-11-23T10:00:00Z","key":"another"}\n{"pers')
    refused = nidaa("restore", backup, **new)
    assert refused.returncode == 2
    assert "written with another secret key: 1." in refused.stderr
    journal.write_text('{"pers')
    done = nidaa("restore", backup, **new)
    assert done.returncode == 0
    assert "Lines of the erasure journal that cannot be read: 1." in done.stderr


async def test_a_backup_replaces_the_last_one_only_once_it_is_whole(
    environment: dict[str, str], nidaa: Nidaa, database: Database, tmp_path: Path
) -> None:
    async with database.write() as connection:
        for number in range(40):
            rows = [{"id": number * 1000 + i, "language": "ar", "created_at": Clock()()} for i in range(1000)]
            await connection.execute(people.insert(), rows)
    backup = tmp_path / "nidaa.zip"
    backup.write_text("the last one")
    assert _interrupted(environment, backup) == (130, [], False)
    assert backup.read_text() == "the last one"
    assert nidaa("backup", str(backup)).returncode == 0
    assert zipfile.ZipFile(backup).testzip() is None


async def test_progress_is_shown_on_a_terminal(environment: dict[str, str], talked: Database, tmp_path: Path) -> None:
    assert "100%" in _shown(environment, tmp_path / "nidaa.zip")


def _interrupted(environment: dict[str, str], backup: Path) -> tuple[int, list[Path], bool]:
    """A backup ended by Ctrl-C while it is written: its code, what is left beside the file, was a traceback shown?"""
    with _backing_up(environment, backup, stderr=subprocess.PIPE) as process:
        while not list(backup.parent.glob(f".{backup.name}.*")):
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    return process.returncode, list(backup.parent.glob(f".{backup.name}.*")), b"Traceback" in told


def _shown(environment: dict[str, str], backup: Path) -> str:
    """What a terminal shows besides the last line."""
    ours, theirs = pty.openpty()
    with _backing_up(environment, backup, stderr=theirs) as process:
        process.communicate(timeout=30)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    return shown


def _backing_up(environment: dict[str, str], backup: Path, *, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "backup", str(backup)],
        env={**environment, "PYTHONPATH": str(Path.cwd())},
        cwd=backup.parent,
        stdout=subprocess.PIPE,
        stderr=stderr,
    )
