"""Applications that may be the same one twice: finding what looks alike, and the pairs that somebody judges."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.ids import new_id
from storage.tables import associations, centres, coordinators, pairs, signups
from storage.tables.base import Row

OPEN = ("pending", "approved", "needs_correction")
"""What an application is while it can be one of a pair."""
_MOST_ALIKE, _MOST_NEAR = 50, 10_000


async def sharing(
    connection: AsyncConnection, *, but: int, key: str, phone: str | None, email_key: str | None
) -> Sequence[Row]:
    """Open applications, other than this association's, with its folded name, phone or e-mail: id, signed_at; of each kind
    at most 50, the oldest."""
    shared = [associations.c.name_key == key]
    shared += [associations.c.phone == phone] if phone else []
    shared += [associations.c.email_key == email_key] if email_key else []
    parts = [
        sa.select(_open_but(but).where(which).order_by(associations.c.id).limit(_MOST_ALIKE).subquery()) for which in shared
    ]
    return (await connection.execute(sa.union(*parts))).all()


async def communes_of(connection: AsyncConnection, association: int) -> Sequence[str]:
    """The codes of the communes where it has a centre."""
    query = sa.select(centres.c.city_code).where(centres.c.association_id == association, centres.c.city_code.is_not(None))
    return (await connection.execute(query.distinct())).scalars().all()


async def names_in(connection: AsyncConnection, city_code: str) -> Sequence[Row]:
    """Open applications with a centre in this commune: id, signed_at, association_id, name_key; at most 10,000."""
    there = sa.select(centres.c.association_id).where(centres.c.city_code == city_code)
    query = (
        sa.select(signups.c.id, signups.c.signed_at, associations.c.id.label("association_id"), associations.c.name_key)
        .select_from(associations.join(signups))
        .where(associations.c.id.in_(there), signups.c.status.in_(OPEN))
        .limit(_MOST_NEAR)
    )
    return (await connection.execute(query)).all()


def _open_but(association: int) -> sa.Select[Any]:
    return (
        sa.select(signups.c.id, signups.c.signed_at)
        .select_from(associations.join(signups))
        .where(associations.c.id != association, signups.c.status.in_(OPEN))
    )


async def to_compare(connection: AsyncConnection, *, limit: int) -> Sequence[int]:
    """Open applications that have not been compared since they were last sent, the oldest first."""
    query = (
        sa.select(signups.c.id)
        .where(signups.c.compared_at.is_(None), signups.c.signed_at.is_not(None), signups.c.status.in_(OPEN))
        .order_by(signups.c.id)
        .limit(limit)
    )
    return (await connection.execute(query)).scalars().all()


async def mark_compared(connection: AsyncConnection, signup: int, *, sent_at: datetime | None, now: datetime) -> bool:
    """Note that it was compared as it was sent then; False when it was sent again meanwhile, or somebody was faster."""
    marked = await connection.execute(
        signups.update()
        .where(
            signups.c.id == signup,
            signups.c.compared_at.is_(None),
            signups.c.sent_at.is_not_distinct_from(sent_at),
        )
        .values(compared_at=now)
    )
    return marked.rowcount == 1


async def compare_again(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """These have changed: what they look like is to be found anew."""
    await connection.execute(signups.update().where(signups.c.id.in_(ids)).values(compared_at=None))


async def drop_pairs(connection: AsyncConnection, signup: int, *, but: Collection[int]) -> None:
    """Delete the pairs of an application that nobody has judged, but for those with these others."""
    other = sa.case((pairs.c.first_id == signup, pairs.c.second_id), else_=pairs.c.first_id)
    mine = sa.or_(pairs.c.first_id == signup, pairs.c.second_id == signup)
    await connection.execute(pairs.delete().where(mine, pairs.c.verdict.is_(None), other.not_in(but)))


async def add_pairs(connection: AsyncConnection, found: Sequence[tuple[int, int]]) -> None:
    """Keep these (first, second); one that is kept stays as it is."""
    if found:
        rows = [{"id": new_id(), "first_id": first, "second_id": second} for first, second in found]
        await connection.execute(_ADD[connection.dialect.name], rows)


_ADD = {
    "sqlite": sqlite.insert(pairs).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(pairs).on_conflict_do_nothing(),
}


async def similar_names(connection: AsyncConnection, signup: int) -> list[str]:
    """Names of the associations that this application forms a pair with that nobody has judged; at most five."""
    other = sa.case((pairs.c.first_id == signup, pairs.c.second_id), else_=pairs.c.first_id)
    query = (
        sa.select(associations.c.name)
        .select_from(pairs.join(signups, signups.c.id == other).join(associations))
        .where(
            sa.or_(pairs.c.first_id == signup, pairs.c.second_id == signup),
            pairs.c.verdict.is_(None),
            signups.c.status.in_(OPEN),
        )
        .order_by(pairs.c.id)
        .limit(5)
    )
    return list((await connection.execute(query)).scalars())


async def next_pair(
    connection: AsyncConnection, *, category: str | None, after: int = 0, of: Sequence[int] = ()
) -> int | None:
    """The pair found first that nobody has judged, after that one; of those applications, where they are named. Both must
    be open and of this category (None: of any). None: there is none."""
    query = sa.select(pairs.c.id).where(pairs.c.verdict.is_(None), pairs.c.id > after).order_by(pairs.c.id).limit(1)
    for side in (pairs.c.first_id, pairs.c.second_id):  # one by one: SQLite would join with all applications at once
        fits = [signups.c.id == side, signups.c.status.in_(OPEN)]
        fits += [signups.c.category == category] if category is not None else []
        query = query.where(sa.select(sa.literal(1)).where(*fits).exists())
    if of:
        query = query.where(sa.or_(pairs.c.first_id.in_(of), pairs.c.second_id.in_(of)))
    found: int | None = await connection.scalar(query)
    return found


async def pair(connection: AsyncConnection, pair_id: int) -> Row | None:
    """One pair with the name (`by`) of who judged it; None when there is none."""
    query = (
        sa.select(pairs, coordinators.c.name.label("by"))
        .outerjoin(coordinators, coordinators.c.id == pairs.c.judged_by)
        .where(pairs.c.id == pair_id)
    )
    found: Row | None = (await connection.execute(query)).one_or_none()
    return found


async def judge_pair(
    connection: AsyncConnection, first: int, second: int, *, verdict: str | None, by: int | None, now: datetime
) -> None:
    """`verdict` None: it is to be judged again."""
    facts = {"verdict": verdict, "judged_by": by if verdict else None, "judged_at": now if verdict else None}
    await connection.execute(pairs.update().where(pairs.c.first_id == first, pairs.c.second_id == second).values(facts))
