"""Decisions on applications: the queue, what was decided, whom to tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import signups as stored
from storage.committee import member_name
from storage.ids import new_id
from storage.tables import coordinators, decisions, signups
from storage.tables.base import Row


def _in_scope(category: str | None) -> sa.ColumnElement[bool]:
    return sa.true() if category is None else signups.c.category == category


async def next_pending(connection: AsyncConnection, *, category: str | None, after: int) -> int | None:
    """The sign-up that waits longest for a decision, after that one; the first of all when none is after it. None: none
    waits. `category` None: of any."""
    waiting = sa.select(sa.func.min(signups.c.id)).where(signups.c.status == "pending", _in_scope(category))
    found: int | None = await connection.scalar(waiting.where(signups.c.id > after))
    return found if found is not None or not after else await connection.scalar(waiting)


async def count_pending(connection: AsyncConnection, *, category: str | None, most: int) -> int:
    """How many wait for a decision; not counted further than `most`."""
    some = sa.select(sa.literal(1)).where(signups.c.status == "pending", _in_scope(category)).limit(most)
    return await connection.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0


async def count_by_status(connection: AsyncConnection, *, category: str | None) -> dict[str, int]:
    query = (
        sa.select(signups.c.status, sa.func.count().label("n"))
        .where(_in_scope(category), signups.c.status.in_(("pending", "approved")))
        .group_by(signups.c.status)
    )
    return {row.status: row.n for row in await connection.execute(query)}


async def application(connection: AsyncConnection, signup: int, *, lock: bool) -> Row | None:
    """A sign-up that was sent, with its association and first centre; None when there is none. With `lock` it is held
    until the transaction ends: two decisions must not cross."""
    if lock:
        held = sa.select(signups.c.id).where(signups.c.id == signup, signups.c.status != "draft").with_for_update()
        if await connection.scalar(held) is None:
            return None
    return await stored.sent_signup(connection, signup)


async def last_decision(connection: AsyncConnection, signup: int) -> Row | None:
    """The newest decision that was not undone, with the name (`by`) of who took it; None when there is none."""
    query = (
        sa.select(decisions, member_name(coordinators).label("by"))
        .outerjoin(coordinators, coordinators.c.id == decisions.c.coordinator_id)
        .where(decisions.c.signup_id == signup, decisions.c.undone_at.is_(None))
        .order_by(decisions.c.id.desc())
        .limit(1)
    )
    found: Row | None = (await connection.execute(query)).one_or_none()
    return found


async def add_decision(connection: AsyncConnection, *, signup: int, status: str, **facts: Any) -> None:  # noqa: ANN401 -- columns
    """Keep a decision (coordinator_id, reason, remark, reopens, decided_at); the application has its status from now on.
    One that waits for no decision: LookupError, and nothing is kept."""
    changed = await connection.execute(
        signups.update().where(signups.c.id == signup, signups.c.status == "pending").values(status=status)
    )
    if changed.rowcount != 1:
        raise LookupError("the application waits for no decision")
    await connection.execute(decisions.insert().values(id=new_id(), signup_id=signup, status=status, **facts))


async def undo_decision(connection: AsyncConnection, signup: int, *, now: datetime) -> Row | None:
    """Take back the last decision if the person has not been told: its status and coordinator_id. None: there is none to
    take back."""
    undone = await connection.execute(
        decisions.update()
        .where(decisions.c.signup_id == signup, decisions.c.told_at.is_(None), decisions.c.undone_at.is_(None))
        .values(undone_at=now)
        .returning(decisions.c.status, decisions.c.coordinator_id)
    )
    taken_back: Row | None = undone.one_or_none()
    if taken_back is not None:
        await connection.execute(signups.update().where(signups.c.id == signup).values(status="pending"))
    return taken_back


async def untold(connection: AsyncConnection, ids: Sequence[int]) -> set[int]:
    """Those of these sign-ups with a decision that the person has not been told of."""
    query = sa.select(decisions.c.signup_id).where(
        decisions.c.signup_id.in_(ids), decisions.c.told_at.is_(None), decisions.c.undone_at.is_(None)
    )
    return set((await connection.execute(query)).scalars())


async def add_acceptance(connection: AsyncConnection, signup: int, *, by: int | None, now: datetime) -> None:
    """Keep that an application is accepted because another one of its association was. Its person is told of that
    otherwise; it cannot be undone like a decision."""
    facts = {"signup_id": signup, "coordinator_id": by, "status": "approved", "decided_at": now, "told_at": now}
    await connection.execute(decisions.insert().values(id=new_id(), **facts))


async def drop_acceptance(connection: AsyncConnection, signup: int, *, of: datetime, now: datetime) -> bool:
    """Take back what `add_acceptance` kept at that moment; False when it is not the last decision any more."""
    last = await last_decision(connection, signup)
    if last is None or last.status != "approved" or not last.decided_at == last.told_at == of:
        return False
    await connection.execute(decisions.update().where(decisions.c.id == last.id).values(undone_at=now))
    return True


async def take_decisions_to_tell(connection: AsyncConnection, *, decided_before: datetime, now: datetime) -> Sequence[Row]:
    """Decisions that can no longer be undone and whose person has not been told, with `person_id` (None: erased); marked
    as told by this call. What another process is telling is left to it."""
    due = (
        sa.select(decisions.c.id)
        .where(decisions.c.told_at.is_(None), decisions.c.undone_at.is_(None), decisions.c.decided_at <= decided_before)
        .order_by(decisions.c.decided_at)
        .limit(200)
        .with_for_update(skip_locked=True)
    )
    ids = (await connection.execute(due)).scalars().all()
    if not ids:
        return []
    await connection.execute(decisions.update().where(decisions.c.id.in_(ids)).values(told_at=now))
    query = (
        sa.select(decisions, signups.c.person_id, member_name(coordinators).label("by"))
        .join(signups, signups.c.id == decisions.c.signup_id)
        .outerjoin(coordinators, coordinators.c.id == decisions.c.coordinator_id)
        .where(decisions.c.id.in_(ids))
        .order_by(decisions.c.id)
    )
    return (await connection.execute(query)).all()
