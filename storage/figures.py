"""Figures: applications counted, each once. Each query takes the categories that its reader may see; None: all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.places import REGION_DIGITS
from storage.conversations import decode_talk
from storage.scope import draft_in_scope, draft_question, in_scope
from storage.tables import centres, conversations, signups
from storage.tables.base import Moment, Row

_earlier = centres.alias("earlier")
_FIRST_CENTRE = sa.and_(
    centres.c.association_id == signups.c.association_id,
    ~sa.select(sa.literal(1))
    .where(_earlier.c.association_id == centres.c.association_id, _earlier.c.id < centres.c.id)
    .exists(),
)
_DRAFTS = signups.join(conversations, conversations.c.person_id == signups.c.person_id)


@dataclass(frozen=True, slots=True)
class Stuck:
    """Somebody whose sign-up stopped. `association` and `question` are None where there is none (yet)."""

    person: int
    association: str | None
    question: str | None
    since: datetime


async def count_sent(connection: AsyncConnection, categories: frozenset[str] | None) -> Sequence[Row]:
    """(status, category, region, how_many) of what was ever sent; `region` is the census code of the first centre's region,
    None for a place no list knows."""
    region = sa.func.substr(centres.c.city_code, 1, REGION_DIGITS).label("region")
    query = (
        sa.select(signups.c.status, signups.c.category, region, sa.func.count().label("how_many"))
        .select_from(signups.outerjoin(centres, _FIRST_CENTRE))
        .where(signups.c.status != "draft", in_scope(categories))
        .group_by(region, signups.c.status, signups.c.category)  # first what no index has: all rows are read in their order
    )
    return list((await connection.execute(query)).all())


async def count_drafts(
    connection: AsyncConnection, categories: frozenset[str] | None, *, silent_since: datetime
) -> Sequence[Row]:
    """(question, how_many, stuck, since) of drafts by the question they are at: how many of them have been silent since
    then, and since when the one that has been silent longest."""
    engine = connection.dialect.name
    question = draft_question(engine=engine).label("question")
    stuck = sa.func.sum(sa.case((conversations.c.spoke_at <= silent_since, 1), else_=0)).label("stuck")
    query = (
        sa.select(
            question,
            sa.func.count().label("how_many"),
            stuck,
            sa.func.min(conversations.c.spoke_at, type_=Moment).label("since"),
        )
        .select_from(_DRAFTS)
        .where(signups.c.status == "draft", draft_in_scope(categories, engine=engine))
        .group_by(question)
    )
    return list((await connection.execute(query)).all())


async def count_signed(
    connection: AsyncConnection,
    categories: frozenset[str] | None,
    *,
    statuses: Sequence[str],
    days: Sequence[datetime],
) -> list[int]:
    """How many applications that now have one of these statuses were signed on each day; a day is told by its first
    instant, the earliest first, and the last one is open."""
    day = sa.case(*((signups.c.signed_at >= start, place) for place, start in reversed(list(enumerate(days)))))
    status = sa.func.coalesce(signups.c.status, "")  # no column of an index: reading all rows in their order is quicker
    query = (
        sa.select(day.label("day"), sa.func.count().label("how_many"))
        .where(status.in_(statuses), signups.c.signed_at >= days[0], in_scope(categories))
        .group_by(day)
    )
    counted = {row.day: row.how_many for row in await connection.execute(query)}
    return [counted.get(place, 0) for place in range(len(days))]


async def stuck_people(
    connection: AsyncConnection,
    categories: frozenset[str] | None,
    *,
    silent_since: datetime,
    limit: int,
    after: tuple[datetime, int] | None = None,
) -> list[Stuck]:
    """Whose sign-up stopped, those who stopped last first: they come back most easily. `after`: go on behind the one who
    stopped then, with that person's id."""
    engine = connection.dialect.name
    query = (
        sa.select(signups.c.person_id, conversations.c.talk, conversations.c.spoke_at)
        .select_from(_DRAFTS)
        .where(
            signups.c.status == "draft",
            conversations.c.spoke_at <= silent_since,
            draft_in_scope(categories, engine=engine),
        )
        .order_by(conversations.c.spoke_at.desc(), signups.c.person_id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(sa.tuple_(conversations.c.spoke_at, signups.c.person_id) < after)
    return [_stuck(*row) for row in await connection.execute(query)]


async def stuck_person(
    connection: AsyncConnection, person: int, categories: frozenset[str] | None, *, silent_since: datetime
) -> Stuck | None:
    """That person's sign-up, if it is stuck and of these categories."""
    query = (
        sa.select(signups.c.person_id, conversations.c.talk, conversations.c.spoke_at)
        .select_from(_DRAFTS)
        .where(
            signups.c.status == "draft",
            signups.c.person_id == person,
            conversations.c.spoke_at <= silent_since,
            draft_in_scope(categories, engine=connection.dialect.name),
        )
    )
    row = (await connection.execute(query)).one_or_none()
    return _stuck(*row) if row else None


def _stuck(person: int, talk: str, since: datetime) -> Stuck:
    state = decode_talk(talk).draft("signup")
    association = state.answers.get("association") if state else None
    return Stuck(person, association.value if association else None, state.question if state else None, since)
