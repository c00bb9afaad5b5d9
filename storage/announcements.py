"""Announcements as they are made, looked at and acted on; whom an audience reaches, and what became of each recipient.

Who is written to: people who agreed to announcements and can be reached. Freezing and sending are storage.deliveries'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.places import REGION_DIGITS
from bot.rules.audience import Audience, Part
from storage.committee import member_name
from storage.ids import new_id
from storage.tables import (
    addresses,
    announcements,
    centres,
    conversations,
    coordinators,
    deliveries,
    merges,
    people,
    signups,
)
from storage.tables.base import Row


@dataclass(frozen=True, slots=True)
class Reach:
    """How many an audience reaches now, by (channel, language); `opted_out` stopped announcements or never agreed to them,
    `unreachable` agreed and have no address that works."""

    by_channel_language: tuple[tuple[str, str, int], ...] = ()
    recipients: int = 0
    opted_out: int = 0
    unreachable: int = 0


@dataclass(frozen=True, slots=True)
class Sums:
    """What became of an announcement, a person each: `targeted` is always sent, waiting, failed and skipped together. Those
    left out beforehand are counted apart. `repeats`: perhaps sent twice, because its sender was cut off."""

    targeted: int = 0
    sent: int = 0
    waiting: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    opted_out: int = 0
    unreachable: int = 0
    repeats: int = 0


def in_audience(audience: Audience, *, category: str | None) -> sa.ColumnElement[bool]:
    """People of this audience; `category`: none but those with an application of it."""
    parts = audience.within(category).parts
    one_of = sa.or_(sa.false(), *(_in_part(part) for part in parts))
    return one_of if category is None else sa.and_(one_of, _in_part(Part("category", category)))


def _in_part(part: Part) -> sa.ColumnElement[bool]:
    match part.kind:
        case "all":  # members, and whoever else was asked and answered: not everybody who once said hello
            return sa.or_(people.c.announcements.in_(("yes", "no")), _applied(signups.c.signed_at.is_not(None)))
        case "language":
            return people.c.language == part.value
        case "category":
            return _applied(sa.and_(signups.c.category == part.value, signups.c.signed_at.is_not(None)))
        case "status":
            return sa.or_(_applied(signups.c.status == part.value), _joined(signups.c.status == part.value))
        case "region":
            return _with_centre(sa.func.substr(centres.c.city_code, 1, REGION_DIGITS) == part.value)
    return _with_centre(centres.c.city_code == part.value)


def _applied(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The person has such an application."""
    return sa.exists().where(signups.c.person_id == people.c.id, condition).correlate(people)


def _joined(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The person's application was joined to such a one: the second contact is spoken to as the first is."""
    own = signups.alias("own")
    seat = sa.and_(merges.c.second_id == own.c.id, merges.c.first_id == signups.c.id, merges.c.undone_at.is_(None))
    return sa.exists().where(own.c.person_id == people.c.id, own.c.status == "merged", seat, condition).correlate(people)


def _with_centre(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    lies_there = sa.and_(centres.c.association_id == signups.c.association_id, condition)
    there = sa.exists().where(lies_there).correlate(signups)
    signed = sa.and_(signups.c.signed_at.is_not(None), there)
    return sa.or_(_applied(signed), _joined(signed))


def address_of_people() -> sa.ScalarSelect[int]:
    """The address where a person is reached: the one used last, the newest other one if that is gone; null without one."""
    last = addresses.alias("last")
    used = (
        sa.select(last.c.id)
        .join(conversations, conversations.c.address_id == last.c.id)
        .where(conversations.c.person_id == people.c.id, last.c.person_id == people.c.id, last.c.gone_at.is_(None))
        .correlate(people)
        .scalar_subquery()
    )
    other = addresses.alias("other")
    newest = (
        sa.select(sa.func.max(other.c.id))
        .where(other.c.person_id == people.c.id, other.c.gone_at.is_(None))
        .correlate(people)
        .scalar_subquery()
    )
    return sa.select(sa.func.coalesce(used, newest)).correlate(people).scalar_subquery()


async def count_audience(connection: AsyncConnection, audience: Audience, *, category: str | None) -> Reach:
    """Whom an announcement to this audience would reach now, and whom not; `category`: what its author keeps to."""
    theirs = in_audience(audience, category=category)
    wishes = people.c.announcements == "yes"
    counted = sa.func.count()
    by = (
        sa.select(addresses.c.channel, people.c.language, counted)
        .select_from(people.outerjoin(addresses, addresses.c.id == address_of_people()))
        .where(wishes, theirs)
        .group_by(addresses.c.channel, people.c.language)
        .order_by(addresses.c.channel, people.c.language)
    )
    found = [(channel, language, count) for channel, language, count in await connection.execute(by)]
    reached = tuple((channel, language, count) for channel, language, count in found if channel is not None)
    opted_out = await connection.scalar(sa.select(counted).select_from(people).where(~wishes, theirs))
    unreachable = sum(count for channel, _, count in found if channel is None)
    return Reach(reached, sum(count for _, _, count in reached), opted_out or 0, unreachable)


async def add_announcement(connection: AsyncConnection, facts: Mapping[str, Any]) -> int:
    """A new one, to everybody who is known at this moment and no later; its id."""
    id_ = new_id()
    newest = sa.select(sa.func.coalesce(sa.func.max(people.c.id), 0)).scalar_subquery()
    await connection.execute(announcements.insert().values(id=id_, cutoff=newest, **facts))
    return id_


_SEEN = (announcements, member_name(coordinators).label("author"))


def _visible(category: str | None) -> sa.ColumnElement[bool]:
    return sa.true() if category is None else announcements.c.category == category


async def announcement(connection: AsyncConnection, id_: int, *, category: str | None) -> Row | None:
    """All columns, and `author`: the name of who made it (None: erased). `category`: what the reader keeps to; None when
    there is no such announcement, or it is not the reader's business."""
    query = (
        sa.select(*_SEEN)
        .outerjoin(coordinators, coordinators.c.id == announcements.c.created_by)
        .where(announcements.c.id == id_, _visible(category))
    )
    return (await connection.execute(query)).one_or_none()


async def recent_announcements(connection: AsyncConnection, *, category: str | None, limit: int) -> Sequence[Row]:
    """The newest first, each as `announcement` gives it."""
    query = (
        sa.select(*_SEEN)
        .outerjoin(coordinators, coordinators.c.id == announcements.c.created_by)
        .where(_visible(category))
        .order_by(announcements.c.id.desc())
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def hold_announcement(connection: AsyncConnection, id_: int) -> Row | None:
    """All columns, held until the transaction ends; None when there is no such announcement."""
    query = sa.select(announcements).where(announcements.c.id == id_).with_for_update()
    return (await connection.execute(query)).one_or_none()


async def change_announcement(connection: AsyncConnection, id_: int, **facts: Any) -> None:  # noqa: ANN401 -- columns
    """Set some columns; its version grows."""
    changed = announcements.update().where(announcements.c.id == id_)
    await connection.execute(changed.values(version=announcements.c.version + 1, **facts))


async def figures(connection: AsyncConnection, id_: int) -> Sums:
    """What became of it so far; read in one statement, so that it adds up at any moment."""
    theirs = deliveries.c.announcement_id == announcements.c.id
    query = (
        sa.select(
            announcements.c.opted_out,
            announcements.c.unreachable,
            deliveries.c.state,
            deliveries.c.reason,
            sa.func.count(deliveries.c.person_id).label("persons"),
            sa.func.coalesce(sa.func.sum(deliveries.c.repeats), 0).label("repeats"),
        )
        .select_from(announcements.outerjoin(deliveries, theirs))
        .where(announcements.c.id == id_)
        .group_by(announcements.c.id, deliveries.c.state, deliveries.c.reason)
    )
    rows = (await connection.execute(query)).all()
    if not rows:
        return Sums()
    states: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {"failed": Counter(), "skipped": Counter()}
    for row in rows:
        states[row.state] += row.persons
        if row.state in reasons:
            reasons[row.state][row.reason] += row.persons
    return Sums(
        targeted=states.total(),
        sent=states["sent"],
        waiting=states["waiting"],
        failed=dict(sorted(reasons["failed"].items())),
        skipped=dict(sorted(reasons["skipped"].items())),
        opted_out=rows[0].opted_out,
        unreachable=rows[0].unreachable,
        repeats=sum(row.repeats for row in rows),
    )
