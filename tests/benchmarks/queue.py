"""The committee's screens with many applications waiting: the queue's next card, a pair side by side, finding what looks alike.

    python -m tests.benchmarks.queue [--applications 100000] [--engines sqlite,postgresql]

Each figure is a whole turn at the desk, from the press to the commit, in milliseconds; `cpu` is our own process's share of
it. The first line is a turn that reads nothing: what the machine of the moment costs. The applications are spread over the
communes as people are, the largest one holds the most of them; one in twenty repeats another one's name, phone or e-mail.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.duplicates import find_duplicates
from bot.core.folding import fold
from bot.core.messages import Pressed
from bot.flows.categories import CATEGORIES
from bot.rules.references import reference
from storage.committee import add_coordinator
from storage.engine import Database
from storage.ids import new_id
from storage.migrations import migrate
from storage.signups import email_key
from storage.tables import addresses, associations, centres, signups
from tests.benchmarks.measure import fresh_database
from tests.bot.actions.updates import OpenDesk, open_desk, update
from tests.bot.core.setting import SETUP
from tests.fakes.clock import Clock
from tests.fakes.postgres import Server, running_server, server_binaries

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FIRST = [
    "الأمل",
    "النور",
    "الرحمة",
    "البركة",
    "السلام",
    "الوفاء",
    "الإحسان",
    "التضامن",
    "المستقبل",
    "الفجر",
    "الأفق",
    "العطاء",
    "النجاح",
    "الخير",
    "البسمة",
    "الكرامة",
]
SECOND = ["للتنمية", "للطفولة", "للمرأة", "للتربية", "للثقافة", "للرعاية", "للتكافل", "للإدماج", "للتمدرس", "للمسنين"]
THIRD = ["والتضامن", "والبيئة", "والصحة", "والتعاون", "والمواطنة", "والتكوين", "والعمل", "الاجتماعي", "والأسرة"]
AT_ONCE = 5000
NEXT_CARD, NEXT_PAIR = "الطلب الموالي", "الحالة الموالية"


def made(count: int, chance: random.Random) -> list[dict[str, Any]]:
    """What `count` applications say."""
    places = sorted(SETUP.places.by_code.values(), key=lambda place: -place.population)
    weights = [place.population for place in places]
    rows: list[dict[str, Any]] = []
    for number, place in enumerate(chance.choices(places, weights, k=count), 1):
        name = f"جمعية {chance.choice(FIRST)} {chance.choice(SECOND)} {chance.choice(THIRD)} {chance.choice(FIRST)} {number % 97}"
        row = {"name": name, "phone": f"+2126{number:08d}", "email": f"a{number}@example.org", "city": place.name.ar}
        if rows and chance.random() < 0.05:
            key = chance.choice(("name", "phone", "email"))
            row[key] = chance.choice(rows)[key]
        row |= {"city_code": place.code, "category": chance.choice(CATEGORIES).key, "number": number}
        row["status"] = chance.choices(("pending", "approved", "needs_correction", "refused"), (70, 24, 3, 3))[0]
        rows.append(row)
    return rows


async def fill(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        ids = [new_id() for _ in some]
        both = list(zip(some, ids, strict=True))
        await connection.execute(associations.insert(), [_association(row, id_) for row, id_ in both])
        await connection.execute(centres.insert(), [_centre(row, id_) for row, id_ in both])
        await connection.execute(signups.insert(), [_signup(row, id_) for row, id_ in both])


def _association(row: dict[str, Any], id_: int) -> dict[str, Any]:
    facts = {"id": id_, "name": row["name"], "name_key": fold(row["name"]), "president": "فاطمة العلوي", "created_at": NOW}
    return facts | {"phone": row["phone"], "email": row["email"], "email_key": email_key(row["email"])}


def _centre(row: dict[str, Any], id_: int) -> dict[str, Any]:
    facts = {"id": new_id(), "association_id": id_, "name": "مركز الأمل", "category": row["category"], "created_at": NOW}
    return facts | {"city": row["city"], "city_code": row["city_code"]}


def _signup(row: dict[str, Any], id_: int) -> dict[str, Any]:
    at = NOW - timedelta(days=90) + timedelta(seconds=row["number"])
    facts = {"id": row["number"], "association_id": id_, "status": row["status"], "reference": reference(row["number"])}
    facts |= {"language": "ar", "channel": "telegram", "category": row["category"], "signature": "فاطمة العلوي"}
    return facts | {"created_at": at, "signed_at": at, "sent_at": at}


Spent = list[tuple[float, float]]
"""Wall clock and CPU of each turn, in milliseconds."""


async def timed(act: Callable[[], Awaitable[Any]]) -> tuple[tuple[float, float], Any]:
    begun, cpu = time.perf_counter(), time.process_time()
    result = await act()
    return ((time.perf_counter() - begun) * 1000, (time.process_time() - cpu) * 1000), result


async def pressed_again_and_again(desk: OpenDesk, person: str, word: str, label: str, times: int) -> Spent:
    """How long each turn took that pressing the button of that label on the last answer is; where there is none any more, the
    word begins anew."""
    spent: Spent = []
    while len(spent) < times:
        (answer,) = await desk.takes(update(person, word))
        while len(spent) < times and (payload := dict(answer.owed[-1].message.buttons).get(label)):
            took, (answer,) = await timed(lambda payload=payload: desk.takes(update(person, Pressed(payload))))
            spent.append(took)
    return spent


async def said_again_and_again(desk: OpenDesk, person: str, word: str, times: int) -> Spent:
    return [(await timed(lambda: desk.takes(update(person, word))))[0] for _ in range(times)]


def told(engine: str, what: str, spent: Spent) -> None:
    wall, cpu = zip(*spent, strict=True)
    cuts = quantiles(wall, n=20)
    sys.stdout.write(
        f"{engine:10}  {what:40}  p50={cuts[9]:6.1f}  p95={cuts[18]:6.1f}  max={max(wall):6.1f}  cpu={median(cpu):5.1f}  n={len(spent)}\n"
    )
    sys.stdout.flush()


async def measure(engine: str, url: str, count: int) -> None:
    database, clock = Database(url), Clock()
    await migrate(database)
    async with database.write() as connection:
        await fill(connection, made(count, random.Random(1)))
    async with database.write() as connection:
        await connection.execute(sa.text("ANALYZE"))
    async with open_desk(database, clock) as desk:
        await desk.takes(update("1", "سلام"), update("2", "سلام"))
        await _let_in(database, "1", None)
        await _let_in(database, "2", CATEGORIES[1].key)
        told(engine, "a word of help", await said_again_and_again(desk, "1", "مساعدة", 200))
        for person, whose in (("1", "all categories"), ("2", "one category")):
            told(engine, f"next card, {whose}", await pressed_again_and_again(desk, person, "/pending", NEXT_CARD, 300))
        compared, rate = await _compared(database, clock)
        sys.stdout.write(f"{engine:10}  find_duplicates: {compared} applications compared, {rate:.0f} a second\n")
        for person, whose in (("1", "all categories"), ("2", "one category")):
            told(
                engine,
                f"next card, compared, {whose}",
                await pressed_again_and_again(desk, person, "/pending", NEXT_CARD, 300),
            )
        told(engine, "next pair, all categories", await pressed_again_and_again(desk, "1", "/duplicates", NEXT_PAIR, 300))
    await database.close()


async def _compared(database: Database, clock: Clock, seconds: float = 60) -> tuple[int, float]:
    """As many as the tick compares in that time, and how many a second; the others are marked as if they had been."""
    begun, compared = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds and (some := await find_duplicates(database, clock())):
        compared += some
    rate = compared / (time.perf_counter() - begun)
    async with database.write() as connection:
        await connection.execute(signups.update().where(signups.c.compared_at.is_(None)).values(compared_at=NOW))
    return compared, rate


async def _let_in(database: Database, external_id: str, category: str | None) -> None:
    async with database.write() as connection:
        person = await connection.scalar(sa.select(addresses.c.person_id).where(addresses.c.external_id == external_id))
        assert person is not None
        await add_coordinator(connection, person=person, name="خديجة", role="coordinator", category=category, now=NOW)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--applications", type=int, default=100_000)
    parser.add_argument("--engines", default="sqlite,postgresql")
    chosen = parser.parse_args(arguments)
    if "sqlite" in chosen.engines:
        with TemporaryDirectory() as folder:
            asyncio.run(measure("sqlite", f"sqlite+aiosqlite:///{Path(folder) / 'queue.db'}", chosen.applications))
    if "postgresql" in chosen.engines:
        binaries = server_binaries()
        assert binaries is not None
        with running_server(binaries) as server:
            asyncio.run(measure("postgresql", _url(server), chosen.applications))


def _url(server: Server) -> str:
    return fresh_database(server, "queue").replace("postgresql://", "postgresql+asyncpg://")


if __name__ == "__main__":
    main()
