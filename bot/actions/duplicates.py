"""Applications that look alike: found, shown to the committee as pairs, judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.job import Job
from bot.actions.signups import answers_of
from bot.flows.effects import JudgePair
from bot.flows.pairs import Centre, Pair, Side
from bot.rules.duplicates import nearly_same
from storage import decisions, duplicates, signups
from storage.audit import Entry
from storage.conversations import Spoken
from storage.engine import Database
from storage.tables.base import Row

_MOST_PAIRS = 10
"""How many an application is paired with at most, the oldest ones: many copies of one would make a pair of any two."""
_AT_ONCE = 100


Communes = dict[str, Sequence[Row]]
"""The names of the open applications of communes that were read already, by code."""


async def compare(connection: AsyncConnection, row: Row, *, now: datetime) -> None:
    """Find what looks like this application (a row of storage.signups), unless that was done since it was last sent."""
    if row.compared_at is None and row.status in duplicates.OPEN:
        await _keep(connection, row, await _alike(connection, row, {}), now=now)


async def compare_in_part(connection: AsyncConnection, row: Row) -> None:
    """As `compare`, but for names that are nearly the same, which take long to find among thousands of a commune: these
    are left to `find_duplicates`."""
    if row.compared_at is None and row.status in duplicates.OPEN:
        found = await _sharing(connection, row)
        await duplicates.add_pairs(connection, _pairs(row, found))


async def _sharing(connection: AsyncConnection, row: Row) -> dict[int, datetime]:
    """When each open application with the same folded name, phone or e-mail was signed."""
    sharing = await duplicates.sharing(
        connection, but=row.association_id, key=row.name_key, phone=row.phone, email_key=row.email_key
    )
    return {each.id: each.signed_at for each in sharing}


async def _alike(connection: AsyncConnection, row: Row, communes: Communes) -> dict[int, datetime]:
    """When each open application that looks like this one was signed: one that shares something with it, or has a name
    nearly the same in one commune."""
    found = await _sharing(connection, row)
    if len(found) >= _MOST_PAIRS:
        return found
    for code in await duplicates.communes_of(connection, row.association_id):
        if code not in communes:
            communes[code] = await duplicates.names_in(connection, code)
        there = communes[code]
        near = (there[place] for place in nearly_same(row.name_key, [each.name_key for each in there]))
        found.update((each.id, each.signed_at) for each in near if each.association_id != row.association_id)
    return found


async def _keep(connection: AsyncConnection, row: Row, found: Mapping[int, datetime], *, now: datetime) -> bool:
    if not await duplicates.mark_compared(connection, row.id, sent_at=row.sent_at, now=now):
        return False
    await duplicates.drop_pairs(connection, row.id, but=set(found))
    await duplicates.add_pairs(connection, _pairs(row, found))
    return True


def _pairs(row: Row, found: Mapping[int, datetime]) -> list[tuple[int, int]]:
    """(first, second) of this application with each of those, the oldest ones: the first is the one signed first."""
    oldest = sorted(found, key=lambda other: (found[other], other))[:_MOST_PAIRS]
    return [(row.id, other) if (row.signed_at, row.id) < (found[other], other) else (other, row.id) for other in oldest]


async def find_duplicates(database: Database, now: datetime) -> int:
    """Compare applications that nobody's card has asked about yet; how many. Looked up outside of any transaction that
    writes: nobody waits for it."""
    communes: Communes = {}
    async with database.read() as connection:
        ids = await duplicates.to_compare(connection, limit=_AT_ONCE)
        rows = [await signups.sent_signup(connection, id_) for id_ in ids]
        found = [(row, await _alike(connection, row, communes)) for row in rows if row is not None]
    if not found:
        return 0
    async with database.write() as connection:
        return sum([await _keep(connection, row, alike, now=now) for row, alike in found])


async def load_pair(connection: AsyncConnection, pair_id: int, *, category: str | None, lock: bool) -> Pair | None:
    """A pair of open applications of this category (None: of any), or one that was judged; None when it is none. With
    `lock` both applications are held until the transaction ends: two judgements must not cross."""
    row = await duplicates.pair(connection, pair_id)
    if row is not None and lock:
        await signups.lock_status(connection, (row.first_id, row.second_id))
        row = await duplicates.pair(connection, pair_id)
    if row is None:
        return None
    ids = (row.first_id, row.second_id)
    rows = await signups.sent_with_centres(connection, ids)
    untold = await decisions.untold(connection, ids)
    sides = {id_: side_from(list(of_one), untold) for id_, of_one in groupby(rows, key=lambda each: each.id)}
    if any(category not in (None, each.category) for each in rows) or len(sides) != len(ids):
        return None
    first, second = (sides[id_] for id_ in ids)
    if row.verdict is None and not {first.status, second.status} <= set(duplicates.OPEN):
        return None
    return Pair(row.id, first, second, row.verdict, row.by, row.judged_at)


def side_from(rows: Sequence[Row], untold: set[int]) -> Side:
    """From the rows of one application, a row a centre."""
    first = rows[0]
    return Side(
        id=first.id,
        status=first.status,
        since=first.signed_at,
        answers=answers_of(first),
        centres=tuple(
            Centre(row.centre_id, row.centre, row.centre_category, row.category_other, row.city, row.city_code)
            for row in rows
            if row.centre_id is not None
        ),
        untold=first.id in untold,
    )


async def next_pair(
    connection: AsyncConnection, *, category: str | None, after: int | None = None, of: Sequence[int] = ()
) -> Pair | None:
    """The pair to judge next: after that one, first those that share an application with it; the first of all when none
    is after it. `of`: only those of these applications."""
    found = None
    if after is not None and (row := await duplicates.pair(connection, after)) is not None:
        either = (row.first_id, row.second_id)
        found = await duplicates.next_pair(connection, category=category, after=after, of=either)
        found = found or await duplicates.next_pair(connection, category=category, after=after)
    found = found or await duplicates.next_pair(connection, category=category, of=of)
    if found is None:
        return None
    pair = await load_pair(connection, found, category=category, lock=False)
    first = await duplicates.next_pair(connection, category=category)
    more = first != found or await duplicates.next_pair(connection, category=category, after=found) is not None
    return replace(pair, more=more) if pair else None


async def judge(job: Job, judged: Sequence[tuple[Spoken, JudgePair]]) -> None:
    for spoken, each in judged:
        row = await duplicates.pair(job.connection, each.pair)
        if row is None:
            continue
        first, second = row.first_id, row.second_id
        await duplicates.judge_pair(job.connection, first, second, verdict=each.verdict, by=each.by, now=job.now)
        facts = {"before": {"verdict": row.verdict}, "after": {"verdict": each.verdict, "second": second}}
        action = "judge_pair" if each.verdict else "reconsider_pair"
        job.note(Entry(action, spoken.channel, each.by, "signup", first, **facts))
