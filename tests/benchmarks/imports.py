"""Loading a table of 10,000 rows: seconds, memory, and how long a conversation would wait meanwhile.

`python -m tests.benchmarks.imports [ROWS] [EXISTING]` makes the tables and the databases (EXISTING applications are there
already), runs the command line as an operator does, and prints a row a run. Memory is the peak of the command and of the
process that reads the file, whichever is higher. The wait is the longest that another writer had to stand before the
database; on PostgreSQL nobody waits.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Self

TARGET_SECONDS, TARGET_MB = 60, 256
SECRET = "a secret for the benchmark, long enough to be one"


def main(rows: int, existing: int) -> None:
    spawn = get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for job, given in ((make_tables, rows), (make_databases, existing)):
            process = spawn.Process(target=job, args=(place, given))
            process.start()
            process.join()
            assert process.exitcode == 0
        say(f"{rows} rows, {existing} applications there already, {os.cpu_count()} cores")
        say(f"{'engine':<12}{'file':<10}{'run':<8}{'seconds':>9}{'MB':>7}{'longest wait of others (s)':>29}")
        for name in ("liste.xlsx", "liste.ods", "liste.csv"):
            run("sqlite", place / name, place, "dry")
        run("sqlite", place / "liste.xlsx", place, "apply")
        run("sqlite", place / "liste.xlsx", place, "undo")
        binaries = _postgres()
        if binaries is not None:
            with binaries as server:
                process = spawn.Process(target=fill, args=(server.url("postgres"), existing))
                process.start()
                process.join()
                for kind in ("dry", "apply", "undo"):
                    run("postgresql", place / "liste.xlsx", place, kind, server.url("postgres"))


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- a benchmark's figures


def _postgres():  # type: ignore[no-untyped-def]  # noqa: ANN202 -- a context of the tests' own server
    from tests.fakes.postgres import running_server, server_binaries

    binaries = server_binaries()
    return running_server(binaries) if binaries is not None else None


def run(engine: str, file: Path, place: Path, kind: str, url: str = "") -> None:
    arguments = {
        "dry": ["import", "signups", str(file)],
        "apply": ["import", "signups", str(file), "--apply", "--codes", str(place / f"{engine}.csv")],
        "undo": ["import", "undo", "1"],
    }[kind]
    database = url or f"sqlite:///{place / 'nidaa.db'}"
    environment = {
        **os.environ,
        "NIDAA_DATABASE_URL": database,
        "NIDAA_DATA_DIR": str(place),
        "NIDAA_SECRET_KEY": SECRET,
        "PYTHONPATH": str(Path.cwd()),
    }
    with waiting(place / "nidaa.db" if engine == "sqlite" else None) as waited:
        before = time.monotonic()
        with (place / "said.txt").open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot", *arguments], cwd=place, stdout=said, stderr=said, env=environment
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - before
    assert process.returncode == 0, (place / "said.txt").read_text()[-2000:]
    memory = usage.ru_maxrss / 1024
    good = "" if seconds <= TARGET_SECONDS and memory <= TARGET_MB else "  ABOVE ITS TARGET"
    say(f"{engine:<12}{file.suffix:<10}{kind:<8}{seconds:>9.1f}{memory:>7.0f}{waited.longest:>29.2f}{good}")


class waiting:  # noqa: N801 -- a context
    """Somebody who wants to write all the time, as conversations do."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._wait)
        self.longest = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _wait(self) -> None:
        if self._file is None:
            return
        connection = sqlite3.connect(self._file, timeout=120, isolation_level=None)
        while not self._over.wait(0.02):
            before = time.monotonic()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            self.longest = max(self.longest, time.monotonic() - before)
        connection.close()


def make_tables(place: Path, rows: int) -> None:
    from tests.handlers.imports.tables import HEADER, csv_of, ods_of, xlsx_of

    table = [HEADER, *gathered(rows, seed=1)]
    (place / "liste.xlsx").write_bytes(xlsx_of(table))
    (place / "liste.ods").write_bytes(ods_of(table))
    (place / "liste.csv").write_bytes(csv_of(table, encoding="cp1256", sign=";"))


def gathered(rows: int, *, seed: int) -> list[tuple[str, ...]]:
    """Rows as a federation would send them: three in a hundred wrong, one in ten a further centre of the one before."""
    from storage.reference import load_places

    chance = random.Random(seed)
    places = [place for place in load_places().by_code.values() if len(load_places().find(place.name.ar).exact) == 1]
    large = sorted(places, key=lambda place: -place.population)[:30]
    words = ["الأمل", "النور", "الوفاء", "التضامن", "المستقبل", "الرحمة", "الكرامة", "السلام", "البسمة", "الإحسان"]
    categories = ["النساء ضحايا العنف", "الأشخاص المسنون", "الأطفال المتخلى عنهم", "دار الطالب"]
    made: list[tuple[str, ...]] = []
    for number in range(rows):
        city = chance.choice(large if chance.random() < 0.6 else places).name.ar
        phone = f"06{seed:02d}{number:06d}"
        association = f"جمعية {chance.choice(words)} {chance.choice(words)} {city} {number % 977}"
        if made and chance.random() < 0.1:
            association, phone, city = made[-1][0], made[-1][4], made[-1][6]
        email = f"contact{number}@example.org" if chance.random() < 0.7 else ""
        city = "مدينة لا توجد" if chance.random() < 0.03 else city
        centre = f"مركز {chance.choice(words)} {number}"
        made.append((association, centre, chance.choice(categories), "فاطمة العلوي", phone, email, city, ""))
    return made


def make_databases(place: Path, existing: int) -> None:
    fill(f"sqlite:///{place / 'nidaa.db'}", existing)


def fill(url: str, existing: int) -> None:
    """A migrated database with that many applications in it, none of them in the tables."""
    asyncio.run(_fill(url, existing))


async def _fill(url: str, existing: int) -> None:
    from datetime import UTC, datetime

    from bot.flows.imports import Prepared, read_row
    from bot.rules.imports import FIELDS
    from bot.settings import Settings
    from storage.engine import Database
    from storage.migrations import migrate
    from storage.signups import Application, add_prepared
    from tests.bot.core.setting import KNOWN

    database = Database(Settings(database_url=url, _env_file=None).database_url)
    await migrate(database)
    sample = [
        row.answers
        for number, cells in enumerate(gathered(min(existing, 2000), seed=2))
        if isinstance(row := read_row(number, dict(zip(FIELDS, cells, strict=True)), KNOWN), Prepared)
    ]
    async with database.write() as connection:
        for start in range(0, existing, 5000):
            numbers = range(start, min(start + 5000, existing))
            made = [
                Application(
                    association=f"{answers['association'].value} {number}",
                    centre=answers["centre"].value or "",
                    category=answers["category"].value or "",
                    category_other=None,
                    president="فاطمة العلوي",
                    phone=f"+2127{number:08d}",
                    phone_verified=False,
                    email=None,
                    city="",
                    city_code=answers["city"].value,
                    signature=None,
                    signer_role=None,
                )
                for number in numbers
                for answers in [sample[number % len(sample)]]
            ]
            gathered_ = [([each], secrets.token_hex(16)) for each in made]
            now = datetime.now(UTC)
            await add_prepared(connection, gathered_, source="phone", language="ar", import_id=None, now=now)
    await database.close()


if __name__ == "__main__":
    main(*(int(given) for given in (*sys.argv[1:], *("10000", "0")[len(sys.argv) - 1 :])))
