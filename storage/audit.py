"""The audit trail's queries: entries are added and read, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.committee import member_name
from storage.ids import new_id
from storage.tables import audit_entries, coordinators
from storage.tables.base import Row

Facts = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """Who (a coordinator's id, None: the command line, or somebody who is none) did what, from which channel, to what;
    `before` and `after` are facts that name nobody."""

    action: str
    channel: str
    actor: int | None = None
    subject: str | None = None
    subject_id: int | None = None
    before: Facts | None = None
    after: Facts | None = None


async def add_entries(connection: AsyncConnection, entries: Sequence[Entry], *, now: datetime) -> None:
    rows = [
        {
            "id": new_id(),
            "at": now,
            "actor_id": each.actor,
            "channel": each.channel,
            "action": each.action,
            "subject": each.subject,
            "subject_id": each.subject_id,
            "before": _json(each.before),
            "after": _json(each.after),
        }
        for each in entries
    ]
    if rows:
        await connection.execute(audit_entries.insert(), rows)


def _json(facts: Facts | None) -> str | None:
    return None if facts is None else msgspec.json.encode(facts).decode()


async def subjects_of(connection: AsyncConnection, action: str, subject_ids: Sequence[int], *, since: datetime) -> set[int]:
    """Which of these this was done to since then."""
    query = sa.select(audit_entries.c.subject_id).where(
        audit_entries.c.subject == "person",
        audit_entries.c.subject_id.in_(subject_ids),
        audit_entries.c.action == action,
        audit_entries.c.at > since,
    )
    return set((await connection.execute(query)).scalars())


async def newest_entries(connection: AsyncConnection, *, limit: int, before: int | None = None) -> Sequence[Row]:
    """The newest ones, or those older than that id, newest first: id, at, actor (the name), channel, action, subject,
    subject_id, whom (the name of the member it was done to), before, after (JSON). Names are None for who is not, or no
    longer, of the committee."""
    concerned = coordinators.alias()
    query = (
        sa.select(
            audit_entries.c.id,
            audit_entries.c.at,
            member_name(coordinators).label("actor"),
            audit_entries.c.channel,
            audit_entries.c.action,
            audit_entries.c.subject,
            audit_entries.c.subject_id,
            member_name(concerned).label("whom"),
            audit_entries.c.before,
            audit_entries.c.after,
        )
        .outerjoin(coordinators, coordinators.c.id == audit_entries.c.actor_id)
        .outerjoin(
            concerned, sa.and_(audit_entries.c.subject == "coordinator", concerned.c.id == audit_entries.c.subject_id)
        )
        .order_by(audit_entries.c.id.desc())
        .limit(limit)
    )
    older = query if before is None else query.where(audit_entries.c.id < before)
    return (await connection.execute(older)).all()


def facts_from(stored: str | None) -> dict[str, str | int | bool | None]:
    """`before` or `after` of a row."""
    return {} if stored is None else msgspec.json.decode(stored, type=dict[str, str | int | bool | None])
