"""`nidaa import` as an operator uses it: first what would happen, then the load, its codes, what to correct, the way back."""

from __future__ import annotations

import csv
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.engine import Database
from storage.tables import signups
from tests.bot.actions.updates import open_desk
from tests.fakes.clock import Clock
from tests.handlers.cli.conftest import Nidaa
from tests.handlers.cli.test_commands import SIGNED
from tests.handlers.imports.tables import FATIMA, HEADER, NAIMA, TABLE, csv_of, xlsx_of

WRONG = ("جمعية النور", "مركز النور", "مسنين", "إبراهيم أيت علي", "0600", "", "سيدي بوبكر", "")
SECOND_CENTRE = (FATIMA[0], "مركز ثان", *FATIMA[2:])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "liste.xlsx"
    file.write_bytes(xlsx_of((*TABLE, SECOND_CENTRE, FATIMA, WRONG)))
    return file


async def count(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(signups)) or 0)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("nidaa.db"))


def rows_of(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.reader(opened))


async def test_without_apply_everything_is_told_and_nothing_written(
    nidaa: Nidaa, database: Database, table: Path, tmp_path: Path
) -> None:
    done = nidaa("import", "signups", str(table))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Rows in the table: 5",
        "Would be taken: 2 associations, 3 centres.",
        "Left out because they are there already: 1",
        "Row 5: the same association as row 2.",
        (
            "These people have not agreed to anything yet: a sign-up that its president has not claimed 90 days after the import is"
            " deleted."
        ),
        "Refused: 1",
        "Row 6, Target category: “مسنين” is not certain. It may mean: Older persons. Write the one that is meant.",
        (
            "Row 6, Phone: Some digits are missing from this number. A Moroccan number has 10 digits and starts with 05, 06, 07 or"
            " 08. Write it in full."
        ),
        (
            "Row 6, City: “سيدي بوبكر” is not certain. It may mean: سيدي بوبكر (جرادة) / سيدي بوبكر (الرحامنة). Write the one that"
            " is meant."
        ),
        "To have them in a file, to correct and load again: --refused FILE",
        f"Nothing was written. To load the table: nidaa import signups {table} --apply",
    ]
    assert await count(database) == 0
    assert files(tmp_path) == ["liste.xlsx"]


@pytest.mark.parametrize(
    ("language", "said"),
    [("ar_MA.UTF-8", "السطر 6، رقم الهاتف: تنقص هذا الرقم"), ("fr_FR.UTF-8", "Ligne 6, Téléphone\u00a0: ")],
)
def test_the_operator_is_answered_in_the_operators_language(nidaa: Nidaa, table: Path, language: str, said: str) -> None:
    assert said in nidaa("import", "signups", str(table), LANG=language).stdout


async def test_a_load_writes_codes_and_the_rows_to_correct_which_can_be_loaded_again(
    nidaa: Nidaa, database: Database, table: Path, tmp_path: Path
) -> None:
    refused = tmp_path / "à corriger.csv"
    done = nidaa("import", "signups", str(table), "--apply", "--refused", str(refused), "--language", "fr")
    assert (done.returncode, done.stderr) == (0, "")
    codes = tmp_path / "liste-codes-1.csv"
    assert "Import 1: 2 associations, 3 centres." in done.stdout
    assert f"The presidents’ codes are in {codes}." in done.stdout
    assert "To take the import back: nidaa import undo 1" in done.stdout
    assert codes.stat().st_mode & 0o777 == 0o600
    head, fatima, naima = rows_of(codes)
    assert head == ["Association gestionnaire", "Président(e)", "Téléphone", "Code"]
    assert fatima[:3] == [FATIMA[0], FATIMA[3], "06 00 00 00 01"]
    assert naima[:3] == [NAIMA[0], NAIMA[3], "06 00 00 00 06"]
    assert all(re.fullmatch(r"P\d{5}-\d{5}", row[3]) for row in (fatima, naima))
    assert fatima[3] not in done.stdout

    head, wrong = rows_of(refused)
    assert (head, wrong[:8]) == ([*HEADER, "Motif"], list(WRONG))
    assert "Catégorie" in wrong[8]
    corrected = csv_of([head, [*wrong[:2], "Personnes âgées", wrong[3], "0600000002", "", "سيدي بوبكر (جرادة)", "", ""]])
    refused.write_bytes(corrected)
    again = nidaa("import", "signups", str(refused), "--apply")
    assert "Import 2: 1 association, 1 centre." in again.stdout
    assert await count(database) == 3


async def test_the_same_file_is_refused_until_it_is_wanted_again_or_undone(
    nidaa: Nidaa, database: Database, table: Path
) -> None:
    assert nidaa("import", "signups", str(table), "--apply").returncode == 0
    repeated = nidaa("import", "signups", str(table), "--apply")
    assert (repeated.returncode, await count(database)) == (2, 2)
    assert "as import 1. Undo that one first, or load it again with --again." in repeated.stderr
    nothing_new = nidaa("import", "signups", str(table), "--apply", "--again")
    assert "There is nothing in this file to take" in nothing_new.stderr
    doubled = nidaa("import", "signups", str(table), "--apply", "--again", "--with-duplicates")
    assert "Import 2: 3 associations, 4 centres." in doubled.stdout
    assert "Row 2: the same association as a sign-up of import 1." in doubled.stdout

    undone = nidaa("import", "undo", "2")
    assert undone.stdout == "Import 2 is undone. Sign-ups deleted: 3\n"
    assert await count(database) == 2
    assert nidaa("import", "undo", "2").stderr == "There is no import 2, or it was undone before.\n"


async def test_undoing_names_what_its_presidents_have_claimed(
    nidaa: Nidaa, database: Database, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_bytes(csv_of(TABLE))
    nidaa("import", "signups", "a.csv", "--apply", "--codes", "codes.csv")
    async with database.write() as connection:
        await connection.execute(signups.update().where(signups.c.id == 1).values(status="pending", reference="4726-3918"))
    undone = nidaa("import", "undo", "1")
    assert undone.stdout.splitlines() == [
        "Import 1 is undone. Sign-ups deleted: 1",
        "Claimed by their presidents, so they stay: 1",
        f"{FATIMA[0]} (4726-3918)",
    ]


async def test_our_own_table_of_sign_ups_loads_back(nidaa: Nidaa, database: Database, clock: Clock, tmp_path: Path) -> None:
    async with open_desk(database, clock) as desk:
        await desk.dialogue("1", *SIGNED)
    for language in ("ar", "fr"):
        assert nidaa("export", "signups", "--format", "csv", "--output", "out.csv", "--language", language).returncode == 0
        there = nidaa("import", "signups", "out.csv")
        assert "Row 2: the same association as request 4726-3918." in there.stdout
        taken = nidaa("import", "signups", "out.csv", "--with-duplicates")
        assert "Would be taken: 1 association, 1 centre." in taken.stdout
        assert "Refused: 0" in taken.stdout


def test_nothing_is_overwritten(nidaa: Nidaa, table: Path, tmp_path: Path) -> None:
    for option in ("--refused", "--codes"):
        done = nidaa("import", "signups", str(table), "--apply", option, str(table))
        assert (done.returncode, "is there already" in done.stderr) == (2, True)
    (tmp_path / "liste-codes-1.csv").write_text("the codes of another day")
    done = nidaa("import", "signups", str(table), "--apply")
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    assert (tmp_path / "liste-codes-1.csv").read_text() == "the codes of another day"


def test_the_codes_are_safe_when_the_refused_rows_were_to_go_to_the_same_file(
    nidaa: Nidaa, table: Path, tmp_path: Path
) -> None:
    done = nidaa("import", "signups", str(table), "--apply", "--codes", "a.csv", "--refused", "a.csv")
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    assert len(rows_of(tmp_path / "a.csv")) == 3


def test_the_command_that_would_load_is_told_as_it_must_be_typed(nidaa: Nidaa, tmp_path: Path) -> None:
    (tmp_path / "ma liste.csv").write_bytes(csv_of(TABLE))
    done = nidaa("import", "signups", "ma liste.csv", "--with-duplicates")
    assert done.stdout.endswith("nidaa import signups 'ma liste.csv' --with-duplicates --apply\n")


async def test_nothing_is_loaded_when_the_codes_cannot_be_written(
    nidaa: Nidaa, database: Database, table: Path, tmp_path: Path
) -> None:
    done = nidaa("import", "signups", str(table), "--apply", "--codes", str(tmp_path / "nowhere" / "codes.csv"))
    assert (done.returncode, "cannot be written" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr
    assert await count(database) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "is not a table"),
        (b"a,b,c\r\n1,2,3\r\n", "No column was found for: Managing association / Centre / Target category"),
        (csv_of([("Association", "Centre", "Tél", "GSM", "Ville"), FATIMA]), "Several columns may be “Phone”: Tél / GSM."),
        (csv_of([HEADER]), "There are no rows in this file."),
        (csv_of([HEADER, *([NAIMA] * 20_001)]), "There are more than 20000 rows."),
    ],
    ids=range(5),
)
def test_a_file_that_cannot_be_loaded_says_why(nidaa: Nidaa, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    done = nidaa("import", "signups", "a.csv", "--apply")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_says_so(nidaa: Nidaa) -> None:
    done = nidaa("import", "signups", "nothing.csv")
    assert (done.returncode, done.stderr) == (2, "There is no file nothing.csv. Check how its name is written.\n")


def test_a_bar_shows_the_progress_where_somebody_looks(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_of([HEADER, *([NAIMA] * 300)]))
    shown, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "import", "signups", "a.csv"],
        env={**environment, "PYTHONPATH": str(Path.cwd()), "TERM": "xterm"},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        told = b""
        while piece := _read(shown):
            told += piece
    os.close(shown)
    assert process.returncode == 0
    assert "100%" in told.decode()


def _read(shown: int) -> bytes:
    try:
        return os.read(shown, 1 << 16)
    except OSError:  # the other end of a terminal was closed
        return b""


async def test_no_name_and_no_number_reaches_the_log(nidaa: Nidaa, table: Path) -> None:
    done = nidaa("import", "signups", str(table), "--apply", NIDAA_DATABASE_URL="sqlite:///not-migrated.db")
    assert (done.returncode, FATIMA[0] in done.stderr, "600000001" in done.stderr) == (1, False, False)
