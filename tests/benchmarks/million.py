"""A turn beside a million people: its time where so many have applied, over its time where a thousand have.

    python -m tests.benchmarks.million [--many 1000000] [--few 1000] [--rounds 3] [--seconds 8] [--engines postgresql,sqlite]

The people are written by SQL: each has an address, a conversation, a consent, and an association with a centre and an
application that was sent and compared. Two kinds of people then write, 64 at once and alone: some of those stored, all over
the index, ask for help; newcomers, whose numbers fall between those stored, go through the sign-up. Both databases are there
at the same time and take turns, and the middle of the rounds counts.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

import sqlalchemy as sa

from bot.flows import notice
from bot.flows.categories import CATEGORIES
from bot.flows.standing import Talk
from storage.conversations import encode_talk
from storage.engine import Database
from storage.migrations import migrate
from storage.reference import load_places
from storage.tables import metadata
from tests.benchmarks.load import FIRST_PERSON, SPREAD
from tests.benchmarks.measure import databases, say
from tests.benchmarks.turns import NIDAA, Script, measure

AIM = 1.2
AT_ONCE = 5000
"""A statement may take thirty seconds."""
_SCATTER = 7919
"""A prime: every so manieth person stored writes after the one before, until all have."""
HELP: Script = [("مساعدة", 1)]
_STRIDE = 2 * 61_803_399
"""Newcomers have odd numbers, those stored even ones."""
PLACES, CODE = 5000, 12
_NEXT_ID = "SELECT setval(pg_get_serial_sequence('{0}', 'id'), (SELECT max(id) FROM {0}))"

FILLED = {
    "people": "id, language, announcements, created_at SELECT n, 'ar', 'yes', :at",
    "addresses": "id, person_id, channel, external_id, created_at SELECT n, n, 'telegram', {number}, :at",
    "conversations": "person_id, address_id, talk, spoke_at SELECT n, n, :talk, :at",
    "consents": "id, person_id, purpose, notice, language, channel, given_at SELECT n, n, 'signup', :notice, 'ar', 'telegram', :at",
    "associations": "id, name, name_key, president, phone, email, email_key, created_at"
    " SELECT n, {name}, {name}, 'فاطمة العلوي', {phone}, {email}, {email}, :at",
    "centres": "id, association_id, name, category, city, city_code, created_at"
    " SELECT n, n, 'مركز الأمل', :category, 'الصويرة', {city}, :at",
    "signups": "id, person_id, association_id, status, reference, language, channel, category, signature, created_at,"
    " signed_at, sent_at, compared_at"
    " SELECT n, n, n, 'approved', {reference}, 'ar', 'telegram', :category, 'فاطمة العلوي', :at, :at, :at, :at",
}
"""What is written of person n, a statement a table."""


_NUMBERS = {
    "postgresql": ("", "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS numbers(n)"),
    "sqlite": (
        "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)",
        "numbers",
    ),
}
"""What stands before the SELECT, and what it selects from."""


def statements(dialect: str, gap: int) -> list[sa.TextClause]:
    """They take `first` and `last`, two persons; their numbers on the channel are `gap` apart."""
    values = {
        "number": f"CAST({FIRST_PERSON} + (n - 1) * {gap} AS varchar(80))",
        "name": "'جمعية الأمل للتنمية ' || n",
        "phone": "'+2126' || (10000000 + n)",
        "email": "'a' || n || '@example.org'",
        "reference": "'R' || n",
        "city": f"rtrim(substr(:codes, 1 + CAST(n % {PLACES} AS int) * {CODE}, {CODE}))",
    }
    before, numbers = _NUMBERS[dialect]
    made = []
    for table, what in FILLED.items():
        columns, selected = what.format(**values).split(" SELECT ", 1)
        made.append(sa.text(f"INSERT INTO {table} ({columns}) {before} SELECT {selected} FROM {numbers}"))
    return made


async def fill(url: str, how_many: int) -> None:
    """A migrated database with so many people in it, all of whom have applied."""
    database = Database(url)
    await migrate(database)
    now = datetime.now(UTC)
    given: dict[str, Any] = {"at": now, "talk": encode_talk(Talk(counter=14)), "notice": notice.VERSION}
    given |= {"codes": _codes(), "category": CATEGORIES[1].key}
    at = metadata.tables["people"].c.created_at.type
    for start in range(1, how_many + 1, AT_ONCE):
        numbers = {"first": start, "last": min(start + AT_ONCE - 1, how_many)}
        async with database.write() as connection:
            for statement in statements(database.engine.dialect.name, SPREAD // how_many):
                await connection.execute(statement.bindparams(sa.bindparam("at", type_=at)), given | numbers)
        if start == 1:  # else references are checked by plans that were made for empty tables
            async with database.write() as connection:
                await connection.execute(sa.text("ANALYZE"))
    async with database.write() as connection:
        if not database.is_sqlite:
            for table in FILLED:
                if "id" in metadata.tables[table].c:
                    await connection.execute(sa.text(_NEXT_ID.format(table)))
        await connection.execute(sa.text("ANALYZE"))
    await database.close()


def _codes() -> str:
    """Codes of communes in one string: the more people live there, the more often."""
    places = list(load_places().by_code.values())
    chosen = random.Random(1).choices(places, [place.population for place in places], k=PLACES)
    return "".join(place.code.ljust(CODE) for place in chosen)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engines", default="postgresql,sqlite")
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    chosen = parser.parse_args(arguments)
    for engine in chosen.engines.split(","):
        with databases(engine) as make:
            compare(engine, {count: make(engine, f"stored{count}") for count in (chosen.few, chosen.many)}, chosen)


def compare(engine: str, stored: dict[int, str], chosen: argparse.Namespace) -> None:
    for count, url in stored.items():
        began = time.perf_counter()
        asyncio.run(fill(url.replace("postgresql:", "postgresql+asyncpg:").replace("sqlite:", "sqlite+aiosqlite:"), count))
        say(f"{engine:10} {count} people stored in {time.perf_counter() - began:.0f} s")
    runs = itertools.count()
    for who, script in (("those stored", HELP), ("newcomers", NIDAA)):
        for people, pause in ((1, 0.02), (64, 0)):
            times: dict[int, list[float]] = {count: [] for count in stored}
            for run in itertools.islice(runs, chosen.rounds):
                for count, url in stored.items():
                    gap = SPREAD // count
                    way = (
                        {"offset": run * 101 * gap, "step": _SCATTER * gap}
                        if script is HELP
                        else {"offset": 2 * run + 1, "step": _STRIDE}
                    )
                    options = {"people": people, "pause": pause, "seconds": chosen.seconds, "warm": 2}
                    times[count].append(measure("nidaa", url, script=script, **options, **way).p50_ms)
            few, many = (median(each) for each in times.values())
            say(
                f"{engine:10} {who:12} {people:2} at once: p50 beside {chosen.few}={few:.2f} ms  beside {chosen.many}={many:.2f} ms"
                f"  ratio={many / few:.2f} (aim: {AIM:g})"
            )


if __name__ == "__main__":
    main()
