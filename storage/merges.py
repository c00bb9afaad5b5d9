"""Applications of one association that were joined: what moved, what is kept for the undo, who is still to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.ids import new_id
from storage.tables import associations, centres, coordinators, merges, signups
from storage.tables.base import Row

COLUMNS = {
    "association": ("name", "name_key"),
    "president": ("president",),
    "phone": ("phone", "phone_verified"),
    "email": ("email", "email_key"),
}
"""The columns of `associations` that hold a field that may be chosen; the first one tells whether it has changed."""

Kept = Mapping[str, tuple[Any, Any]]
"""Both values of a column, the first application's and the second's."""


@dataclass(frozen=True, slots=True)
class Moved:
    """`ids`: (old, new) of the centres that went from the second association to the first. `disputed`: the first one's
    centre that both have, with two categories."""

    ids: tuple[tuple[int, int], ...] = ()
    disputed: int | None = None


async def add_merge(connection: AsyncConnection, *, moved: Moved, kept: Kept, **facts: Any) -> None:  # noqa: ANN401 -- columns
    """Keep what was done (first_id, second_id, coordinator_id, merged_at, first_status, second_status, taken)."""
    row = {"id": new_id(), "centres": _json(moved), "kept": _json(kept), **facts}
    await connection.execute(merges.insert().values(row))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def moved_in(row: Row) -> Moved:
    return msgspec.json.decode(row.centres, type=Moved)


def kept_in(row: Row) -> Kept:
    """Empty once it was deleted."""
    return msgspec.json.decode(row.kept, type=dict[str, tuple[Any, Any]]) if row.kept is not None else {}


async def merge_of(connection: AsyncConnection, second: int) -> Row | None:
    """The merge that stands of this application, with the name (`by`) of who made it; None when it is not joined to
    another."""
    found: Row | None = (await connection.execute(_standing().where(merges.c.second_id == second))).one_or_none()
    return found


async def merges_into(connection: AsyncConnection, first: int) -> list[Row]:
    """The merges that stand of others into this application, the oldest first."""
    return list((await connection.execute(_standing().where(merges.c.first_id == first).order_by(merges.c.id))).all())


def _standing() -> sa.Select[Any]:
    return (
        sa.select(merges, coordinators.c.name.label("by"))
        .outerjoin(coordinators, coordinators.c.id == merges.c.coordinator_id)
        .where(merges.c.undone_at.is_(None))
    )


async def merge_after(connection: AsyncConnection, merge: int, first: int) -> int | None:
    """The second application of a later merge that stands and changed the same seat, or took it into another one; None:
    this merge is the last one."""
    query = (
        sa.select(merges.c.second_id)
        .where(
            merges.c.id > merge,
            merges.c.undone_at.is_(None),
            sa.or_(merges.c.first_id == first, merges.c.second_id == first),
        )
        .order_by(merges.c.id.desc())
        .limit(1)
    )
    found: int | None = await connection.scalar(query)
    return found


async def undoable_merges(
    connection: AsyncConnection, *, category: str | None, since: datetime, limit: int
) -> Sequence[Row]:
    """Merges made since then whose values are still kept, the newest first, with the association's name and that of who
    made it (`by`); both applications of this category (None: of any)."""
    first, second = signups.alias("first"), signups.alias("second")
    query = (
        sa.select(merges, coordinators.c.name.label("by"), associations.c.name.label("association"))
        .select_from(
            merges.join(first, first.c.id == merges.c.first_id)
            .join(second, second.c.id == merges.c.second_id)
            .join(associations, associations.c.id == first.c.association_id)
            .outerjoin(coordinators, coordinators.c.id == merges.c.coordinator_id)
        )
        .where(merges.c.undone_at.is_(None), merges.c.kept.is_not(None), merges.c.merged_at > since)
        .order_by(merges.c.id.desc())
        .limit(limit)
    )
    if category is not None:
        query = query.where(first.c.category == category, second.c.category == category)
    return (await connection.execute(query)).all()


async def close_merge(connection: AsyncConnection, merge: int, *, now: datetime) -> None:
    """It stands no longer, and nothing of it is kept."""
    await connection.execute(merges.update().where(merges.c.id == merge).values(undone_at=now, kept=None))


async def forget_kept(connection: AsyncConnection, merge: int) -> None:
    await connection.execute(merges.update().where(merges.c.id == merge).values(kept=None))


async def forget_old_kept(connection: AsyncConnection, *, before: datetime) -> int:
    """Delete the values kept of merges made before; how many merges."""
    old = merges.update().where(merges.c.kept.is_not(None), merges.c.merged_at <= before)
    return (await connection.execute(old.values(kept=None))).rowcount


async def forget_kept_of(connection: AsyncConnection, signup: int) -> None:
    """Delete the values kept of every merge that this application was part of."""
    part = sa.or_(merges.c.first_id == signup, merges.c.second_id == signup)
    await connection.execute(merges.update().where(part).values(kept=None))


async def point_merges(connection: AsyncConnection, *, seat: int, to: int) -> None:
    """What was joined to one application is joined to another from now on."""
    await connection.execute(
        merges.update().where(merges.c.first_id == seat, merges.c.undone_at.is_(None)).values(first_id=to)
    )


async def take_merges_to_tell(connection: AsyncConnection, *, merged_before: datetime, now: datetime) -> Sequence[Row]:
    """Merges that stand and whose persons have not been told, marked as told by this call. What another process is telling
    is left to it."""
    due = (
        sa.select(merges.c.id)
        .where(merges.c.told_at.is_(None), merges.c.undone_at.is_(None), merges.c.merged_at <= merged_before)
        .order_by(merges.c.merged_at)
        .limit(200)
        .with_for_update(skip_locked=True)
    )
    ids = (await connection.execute(due)).scalars().all()
    if not ids:
        return []
    await connection.execute(merges.update().where(merges.c.id.in_(ids)).values(told_at=now))
    return (await connection.execute(sa.select(merges).where(merges.c.id.in_(ids)).order_by(merges.c.id))).all()


async def association_columns(connection: AsyncConnection, association: int) -> dict[str, Any]:
    """What `COLUMNS` names, as it is now; held until the transaction ends."""
    names = [column for columns in COLUMNS.values() for column in columns]
    query = sa.select(*(associations.c[name] for name in names)).where(associations.c.id == association).with_for_update()
    return dict(zip(names, (await connection.execute(query)).one(), strict=True))


async def change_association(connection: AsyncConnection, association: int, columns: Mapping[str, Any]) -> None:
    if columns:
        await connection.execute(associations.update().where(associations.c.id == association).values(dict(columns)))


async def move_centres(connection: AsyncConnection, ids: Sequence[int], *, to: int) -> tuple[tuple[int, int], ...]:
    """Let these centres belong to another association, after those it has: the order of ids says which centre is the
    first, so each gets a new one. (old, new) each."""
    moves = tuple((id_, new_id()) for id_ in ids)
    for old, new in moves:
        await connection.execute(centres.update().where(centres.c.id == old).values(id=new, association_id=to))
    return moves


async def return_centres(connection: AsyncConnection, moves: Sequence[tuple[int, int]], *, to: int) -> None:
    """Undo `move_centres`; a centre that is gone stays gone."""
    for old, new in moves:
        await connection.execute(centres.update().where(centres.c.id == new).values(id=old, association_id=to))


async def category_of(connection: AsyncConnection, centre: int) -> tuple[str, str | None] | None:
    """(category, the words for another one) of a centre; None when there is none."""
    query = sa.select(centres.c.category, centres.c.category_other).where(centres.c.id == centre)
    found = (await connection.execute(query)).one_or_none()
    return tuple(found) if found else None


async def set_category(connection: AsyncConnection, centre: int, category: str, other: str | None) -> None:
    """An application whose first centre this is has the category too."""
    await connection.execute(centres.update().where(centres.c.id == centre).values(category=category, category_other=other))
    first = (
        sa.select(sa.func.min(centres.c.id)).where(centres.c.association_id == signups.c.association_id).scalar_subquery()
    )
    owner = sa.select(centres.c.association_id).where(centres.c.id == centre).scalar_subquery()
    await connection.execute(
        signups.update().where(signups.c.association_id == owner, first == centre).values(category=category)
    )


async def take_category(connection: AsyncConnection, signup: int) -> None:
    """Give an application the category of its first centre."""
    first = (
        sa.select(centres.c.category)
        .where(centres.c.association_id == signups.c.association_id)
        .order_by(centres.c.id)
        .limit(1)
        .scalar_subquery()
    )
    await connection.execute(signups.update().where(signups.c.id == signup).values(category=first))


async def set_status(connection: AsyncConnection, signup: int, status: str, *, was: str) -> None:
    """LookupError: it is no longer what it was, and nothing is changed."""
    changed = await connection.execute(
        signups.update().where(signups.c.id == signup, signups.c.status == was).values(status=status)
    )
    if changed.rowcount != 1:
        raise LookupError(f"the application is no longer {was}")
