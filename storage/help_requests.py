"""Requests for a human."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.committee import member_name
from storage.ids import new_id
from storage.tables import associations, conversations, coordinators, help_requests, people, signups
from storage.tables.base import Row


async def add_help_request(
    connection: AsyncConnection,
    person: int,
    *,
    phone: str | None,
    text: str | None,
    stuck_at: str | None,
    category: str | None,
    now: datetime,
) -> Row:
    """Keep one; its id and `category`: the one given, else that of the person's latest application."""
    latest = (
        sa.select(signups.c.category)
        .where(signups.c.person_id == person, signups.c.category.is_not(None))
        .order_by(signups.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    added = await connection.execute(
        help_requests.insert()
        .values(
            id=new_id(),
            person_id=person,
            phone=phone,
            text=text,
            stuck_at=stuck_at,
            asked_at=now,
            category=category or latest,
        )
        .returning(help_requests.c.id, help_requests.c.category)
    )
    return added.one()


def _open_in_scope(category: str | None) -> sa.ColumnElement[bool]:
    """What has no category is everybody's business."""
    if category is None:
        return help_requests.c.closed_at.is_(None)
    mine = sa.or_(help_requests.c.category.is_(None), help_requests.c.category == category)
    return sa.and_(help_requests.c.closed_at.is_(None), mine)


async def next_open(connection: AsyncConnection, *, category: str | None, after: int) -> int | None:
    """The request that waits longest, after that one; the first of all when none is after it; None: none waits."""
    waiting = sa.select(sa.func.min(help_requests.c.id)).where(_open_in_scope(category))
    found: int | None = await connection.scalar(waiting.where(help_requests.c.id > after))
    return found if found is not None or not after else await connection.scalar(waiting)


async def count_open(connection: AsyncConnection, *, category: str | None) -> int:
    return (
        await connection.scalar(sa.select(sa.func.count()).select_from(help_requests).where(_open_in_scope(category))) or 0
    )


async def help_request(connection: AsyncConnection, request: int) -> Row | None:
    """One request with the person's conversation (`talk`), association and who claimed it (`by`, `by_active`), held until
    the transaction ends; None when there is none."""
    held = sa.select(help_requests.c.id).where(help_requests.c.id == request).with_for_update()
    if await connection.scalar(held) is None:
        return None
    association = (
        sa.select(associations.c.name)
        .select_from(signups.join(associations))
        .where(signups.c.person_id == help_requests.c.person_id)
        .order_by(signups.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        sa.select(
            help_requests,
            member_name(coordinators).label("by"),
            coordinators.c.active.label("by_active"),
            conversations.c.talk,
            association.label("association"),
        )
        .outerjoin(coordinators, coordinators.c.id == help_requests.c.claimed_by)
        .outerjoin(conversations, conversations.c.person_id == help_requests.c.person_id)
        .where(help_requests.c.id == request)
    )
    return (await connection.execute(query)).one()


async def requests_of(connection: AsyncConnection, person: int) -> Sequence[Row]:
    """(asked_at, phone, text, answer) of what this person asked, oldest first."""
    query = (
        sa.select(help_requests.c.asked_at, help_requests.c.phone, help_requests.c.text, help_requests.c.answer)
        .where(help_requests.c.person_id == person)
        .order_by(help_requests.c.id)
    )
    return (await connection.execute(query)).all()


async def who_asked_from(connection: AsyncConnection, phone: str) -> int | None:
    """The person who last asked to be called at this number; None: nobody did."""
    query = (
        sa.select(help_requests.c.person_id)
        .where(help_requests.c.phone == phone)
        .order_by(help_requests.c.id.desc())
        .limit(1)
    )
    found: int | None = await connection.scalar(query)
    return found


async def change_help_request(connection: AsyncConnection, request: int, **facts: Any) -> None:  # noqa: ANN401 -- columns
    """Set status, claimed_by, claimed_at, answer, closed_at or reminded_at."""
    await connection.execute(help_requests.update().where(help_requests.c.id == request).values(**facts))


async def take_unanswered(connection: AsyncConnection, *, asked_before: datetime, now: datetime) -> Sequence[int]:
    """Requests nobody has answered for that long, oldest first, marked as reminded of by this call; each once. What another
    process is marking is left to it."""
    late = (
        sa.select(help_requests.c.id)
        .where(
            help_requests.c.closed_at.is_(None),
            help_requests.c.reminded_at.is_(None),
            help_requests.c.asked_at <= asked_before,
        )
        .order_by(help_requests.c.id)
        .limit(200)
        .with_for_update(skip_locked=True)
    )
    ids = (await connection.execute(late)).scalars().all()
    if ids:
        await connection.execute(help_requests.update().where(help_requests.c.id.in_(ids)).values(reminded_at=now))
    return ids


async def all_help_requests(connection: AsyncConnection) -> Sequence[Row]:
    """(asked_at, phone, text, stuck_at, language), oldest first."""
    query = (
        sa.select(
            help_requests.c.asked_at,
            help_requests.c.phone,
            help_requests.c.text,
            help_requests.c.stuck_at,
            people.c.language,
        )
        .join(people)
        .order_by(help_requests.c.id)
    )
    return (await connection.execute(query)).all()
