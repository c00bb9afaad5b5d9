"""Deliveries: writing the recipients down, who is next, who has them in hand, what became of each; and the lease by which a
process owns a channel's pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.rules.audience import Audience
from storage.announcements import address_of_people, in_audience
from storage.many import Columns, Many
from storage.tables import addresses, announcements, channel_leases, deliveries, people
from storage.tables.base import Row

LIVE = ("freezing", "sending")
"""The states in which an announcement's messages leave."""
_MANY = 30_000


@dataclass(frozen=True, slots=True)
class Hand:
    """A delivery in a sender's hands; `language` is the reader's as it is now."""

    announcement: int
    person: int
    recipient: str
    language: str
    attempts: int
    fence: int


@dataclass(frozen=True, slots=True)
class Delivered:
    hand: Hand
    at: datetime


@dataclass(frozen=True, slots=True)
class Postponed:
    """To be tried again from then on. `perhaps_sent`: nobody knows whether it arrived, so the next try may be a repeat."""

    hand: Hand
    until: datetime
    perhaps_sent: bool = False


@dataclass(frozen=True, slots=True)
class Unreached:
    """The recipient cannot be reached at this address any more."""

    hand: Hand
    at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    hand: Hand


Outcome: TypeAlias = Delivered | Postponed | Unreached | Refused


async def open_announcements(connection: AsyncConnection) -> Sequence[Row]:
    """Those with something left to do, the one due first first."""
    query = sa.select(announcements).where(announcements.c.told_at.is_(None))
    return (await connection.execute(query.order_by(announcements.c.due_at, announcements.c.id))).all()


async def freeze_chunk(connection: AsyncConnection, found: Row, *, limit: int) -> int:
    """Write down the recipients among the next people, so many, of an announcement that is held; how many people were
    looked at. Fewer than `limit`: these were the last, and it is only being sent from now on."""
    chunk = (
        sa.select(people.c.id)
        .where(people.c.id > found.frozen_to, people.c.id <= found.cutoff)
        .order_by(people.c.id)
        .limit(limit)
        .subquery()
    )
    looked = (await connection.execute(sa.select(sa.func.count(), sa.func.max(chunk.c.id)).select_from(chunk))).one()
    counted, last = looked
    facts: dict[str, object] = {"frozen_to": last if counted == limit else found.cutoff}
    if counted < limit:
        facts["state"] = "sending"
    if counted:
        among = sa.and_(people.c.id > found.frozen_to, people.c.id <= last)
        facts |= await _freeze(connection, found, among)
    await connection.execute(announcements.update().where(announcements.c.id == found.id).values(**facts))
    return int(counted)


async def _freeze(connection: AsyncConnection, found: Row, among: sa.ColumnElement[bool]) -> dict[str, object]:
    """The counters as they are with these people."""
    audience = in_audience(Audience.from_json(found.audience), category=found.category)
    wishes = people.c.announcements == "yes"
    columns = {
        "announcement_id": sa.literal(found.id, announcements.c.id.type),
        "person_id": people.c.id,
        "channel": addresses.c.channel,
        "recipient": addresses.c.external_id,
        "language": people.c.language,
        "state": sa.literal("waiting"),
        "due_at": sa.literal(found.due_at, deliveries.c.due_at.type),
    }
    reached = people.join(addresses, addresses.c.id == address_of_people())
    rows = sa.select(*columns.values()).select_from(reached).where(among, wishes, audience)
    written = await connection.execute(deliveries.insert().from_select(list(columns), rows))
    counts = sa.select(wishes, sa.func.count()).where(among, audience).group_by(wishes)
    by_wish = {bool(wish): count for wish, count in await connection.execute(counts)}
    return {
        "targeted": announcements.c.targeted + written.rowcount,
        "opted_out": announcements.c.opted_out + by_wish.get(False, 0),
        "unreachable": announcements.c.unreachable + by_wish.get(True, 0) - written.rowcount,
    }


async def hold_channel(
    connection: AsyncConnection, channel: str, *, owner: str, now: datetime, lease: timedelta
) -> int | None:
    """Take or renew the lease of a channel; its fence, which grows with each new owner. None: another has it."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    first = insert(channel_leases).values(channel=channel, owner=owner, until=now + lease, fence=1)
    mine = channel_leases.c.owner == owner
    held = first.on_conflict_do_update(
        index_elements=[channel_leases.c.channel],
        set_={"owner": owner, "until": now + lease, "fence": channel_leases.c.fence + sa.case((mine, 0), else_=1)},
        where=sa.or_(mine, channel_leases.c.until <= now),
    )
    fence: int | None = await connection.scalar(held.returning(channel_leases.c.fence))
    return fence


async def release_channel(connection: AsyncConnection, channel: str, *, owner: str, now: datetime) -> None:
    """Let another take it at once."""
    held = sa.and_(channel_leases.c.channel == channel, channel_leases.c.owner == owner)
    await connection.execute(channel_leases.update().where(held).values(until=now))


def _of(given: Columns) -> sa.ColumnElement[bool]:
    return sa.and_(deliveries.c.announcement_id == given["announcement"], deliveries.c.person_id == given["person"])


def _in_hand(given: Columns) -> sa.ColumnElement[bool]:
    """Still in the hands it was in, under the same lease of the channel: nobody has taken it over."""
    held = sa.and_(deliveries.c.leased_by == given["sender"], deliveries.c.fence == given["fence"])
    return sa.and_(_of(given), deliveries.c.state == "waiting", held)


_TAKE = Many(
    {
        "announcement": deliveries.c.announcement_id.type,
        "person": deliveries.c.person_id.type,
        "sender": deliveries.c.leased_by.type,
        "fence": deliveries.c.fence.type,
        "until": deliveries.c.due_at.type,
    },
    lambda given: (
        deliveries.update()
        .where(_of(given))
        .values(
            leased_by=given["sender"],
            fence=given["fence"],
            due_at=given["until"],
            attempts=sa.case((deliveries.c.attempts < _MANY, deliveries.c.attempts + 1), else_=_MANY),
            repeats=deliveries.c.repeats + sa.case((deliveries.c.leased_by.is_(None), 0), else_=1),
        )
    ),
)


def _next(since: datetime) -> sa.Select[*tuple[object, ...]]:
    """What is due of an announcement on a channel, with what says whether it may go: what the person wants now, whether the
    address is still theirs and works, and how many announcements they had since then."""
    others = deliveries.alias("others")
    had = (
        sa.select(sa.func.count())
        .where(others.c.person_id == deliveries.c.person_id, others.c.sent_at > since)
        .correlate(deliveries)
        .scalar_subquery()
    )
    there = sa.and_(
        addresses.c.channel == deliveries.c.channel,
        addresses.c.external_id == deliveries.c.recipient,
        addresses.c.person_id == deliveries.c.person_id,
        addresses.c.gone_at.is_(None),
    )
    return (
        sa.select(
            *(deliveries.c.announcement_id, deliveries.c.person_id, deliveries.c.recipient, deliveries.c.attempts),
            sa.func.coalesce(people.c.language, deliveries.c.language).label("language"),
            people.c.announcements.label("wish"),
            addresses.c.id.label("address"),
            had.label("had"),
        )
        .select_from(deliveries.outerjoin(people, people.c.id == deliveries.c.person_id).outerjoin(addresses, there))
        .where(deliveries.c.state == "waiting")
        .order_by(deliveries.c.due_at, deliveries.c.person_id)
        .with_for_update(skip_locked=True, of=deliveries)
    )


async def take_in_hand(
    connection: AsyncConnection,
    announcement: int,
    channel: str,
    *,
    sender: str,
    fence: int,
    now: datetime,
    lease: timedelta,
    since: datetime,
    cap: int,
    limit: int,
) -> tuple[list[Hand], int]:
    """The next deliveries of an announcement, in the order of persons, and how many rows were looked at.

    Whoever stopped announcements, was erased, or had `cap` announcements since then (0: no cap) is skipped in this same
    transaction; who is reached elsewhere now is written down anew. One that waits for another try is left until then. One in
    the hands of a sender whose time is over is taken over, and counted as perhaps sent before.
    """
    due = _next(since).where(
        deliveries.c.announcement_id == announcement, deliveries.c.channel == channel, deliveries.c.due_at <= now
    )
    rows = (await connection.execute(due.limit(limit))).all()
    unwanted = {row.person_id: reason for row in rows if (reason := _unwanted(row, cap)) is not None}
    moved = [row.person_id for row in rows if row.person_id not in unwanted and row.address is None]
    taken = [row for row in rows if row.person_id not in unwanted and row.address is not None]
    if unwanted:
        await _SKIP.run(connection, [{"announcement": announcement, "person": p, "why": w} for p, w in unwanted.items()])
    for person in moved:
        await _readdress(connection, announcement, person, now=now)
    if taken:
        given = {"announcement": announcement, "sender": sender, "fence": fence, "until": now + lease}
        await _TAKE.run(connection, [{**given, "person": row.person_id} for row in taken])
    hands = [Hand(announcement, row.person_id, row.recipient, row.language, row.attempts + 1, fence) for row in taken]
    return hands, len(rows)


def _unwanted(row: Row, cap: int) -> str | None:
    if row.wish is None:
        return "erased"
    if row.wish != "yes":
        return "opted_out"
    return "fatigue" if cap and row.had >= cap else None


_KEYS = {"announcement": deliveries.c.announcement_id.type, "person": deliveries.c.person_id.type}
_MINE = {"sender": deliveries.c.leased_by.type, "fence": deliveries.c.fence.type}


_SKIP = Many(
    {**_KEYS, "why": sa.String()},
    lambda given: (
        deliveries.update()
        .where(_of(given), deliveries.c.state == "waiting")
        .values(state="skipped", reason=given["why"], leased_by=None)
    ),
)
_SENT = Many(
    {**_KEYS, "at": deliveries.c.due_at.type},
    lambda given: (
        deliveries.update()
        .where(_of(given), deliveries.c.state != "sent")
        .values(state="sent", reason=None, leased_by=None, sent_at=given["at"])
    ),
)
_POSTPONED = Many(
    {**_KEYS, **_MINE, "until": deliveries.c.due_at.type, "perhaps": deliveries.c.repeats.type},
    lambda given: (
        deliveries.update()
        .where(_in_hand(given))
        .values(leased_by=None, due_at=given["until"], repeats=deliveries.c.repeats + given["perhaps"])
    ),
)
_FAILED = Many(
    {**_KEYS, **_MINE, "why": sa.String()},
    lambda given: deliveries.update().where(_in_hand(given)).values(state="failed", reason=given["why"], leased_by=None),
)
_GONE = Many(
    {"channel": addresses.c.channel.type, "recipient": addresses.c.external_id.type, "at": addresses.c.gone_at.type},
    lambda given: (
        addresses.update()
        .where(addresses.c.channel == given["channel"], addresses.c.external_id == given["recipient"])
        .where(addresses.c.gone_at.is_(None))
        .values(gone_at=given["at"])
    ),
)


async def mark(connection: AsyncConnection, outcomes: Sequence[Outcome], *, channel: str, sender: str) -> None:
    """Write down what became of deliveries. That a message left is a fact whoever tells it, and never taken back; anything
    else counts only for what is in the sender's hands still."""
    rows: dict[type[Outcome], list[dict[str, object]]] = {Delivered: [], Postponed: [], Refused: [], Unreached: []}
    for each in outcomes:
        row: dict[str, object] = {"announcement": each.hand.announcement, "person": each.hand.person, "sender": sender}
        row |= {"fence": each.hand.fence, "channel": channel, "recipient": each.hand.recipient}
        match each:
            case Postponed():
                row |= {"until": each.until, "perhaps": int(each.perhaps_sent)}
            case Delivered() | Unreached():
                row["at"] = each.at
            case Refused():
                row["why"] = "refused"
        rows[type(each)].append(row)
    for kind, statement in ((Delivered, _SENT), (Postponed, _POSTPONED), (Refused, _FAILED), (Unreached, _GONE)):
        if rows[kind]:
            await statement.run(connection, rows[kind])
    for each in outcomes:
        if isinstance(each, Unreached):
            await _readdress(connection, each.hand.announcement, each.hand.person, now=each.at)


async def _readdress(connection: AsyncConnection, announcement: int, person: int, *, now: datetime) -> None:
    """What waits for somebody whose address does not work goes to where the person is reached now; without such a place it
    has failed."""
    where = sa.and_(
        deliveries.c.announcement_id == announcement, deliveries.c.person_id == person, deliveries.c.state == "waiting"
    )
    found = await connection.execute(
        sa.select(addresses.c.channel, addresses.c.external_id.label("recipient"))
        .select_from(people.join(addresses, addresses.c.id == address_of_people()))
        .where(people.c.id == person)
    )
    other = found.one_or_none()
    facts = {**other._asdict(), "due_at": now} if other is not None else {"state": "failed", "reason": "gone"}
    await connection.execute(deliveries.update().where(where).values(**facts, leased_by=None))


async def skip_stopped(connection: AsyncConnection, announcement: int, *, now: datetime, limit: int) -> int:
    """What waits of an announcement that was stopped is skipped, so many rows at most; how many. What is in a sender's hands
    is left to it for as long as it may be."""
    waits = (
        sa.select(deliveries.c.person_id)
        .where(deliveries.c.announcement_id == announcement, deliveries.c.state == "waiting")
        .where(sa.or_(deliveries.c.leased_by.is_(None), deliveries.c.due_at <= now))
        .limit(limit)
    )
    skipped = await connection.execute(
        deliveries.update()
        .where(deliveries.c.announcement_id == announcement, deliveries.c.person_id.in_(waits))
        .where(deliveries.c.state == "waiting")
        .values(
            state="skipped",
            reason="stopped",
            repeats=deliveries.c.repeats + sa.case((deliveries.c.leased_by.is_(None), 0), else_=1),
            leased_by=None,
        )
    )
    return skipped.rowcount


async def is_due(connection: AsyncConnection, announcement: int, channel: str, *, now: datetime) -> bool:
    """Is there anything of it to take on this channel?"""
    due = sa.select(deliveries.c.person_id).where(
        deliveries.c.announcement_id == announcement,
        deliveries.c.channel == channel,
        deliveries.c.state == "waiting",
        deliveries.c.due_at <= now,
    )
    return bool(await connection.scalar(sa.select(due.exists())))


async def is_waiting(connection: AsyncConnection, announcement: int) -> bool:
    """Is anything of it not sent, failed or skipped yet?"""
    waits = sa.select(deliveries.c.person_id).where(
        deliveries.c.announcement_id == announcement, deliveries.c.state == "waiting"
    )
    return bool(await connection.scalar(sa.select(waits.exists())))


async def send_again(connection: AsyncConnection, announcement: int, *, now: datetime) -> int:
    """Let what failed wait anew, at the address where each person is reached now; how many. Whoever has none is left."""
    failed = sa.and_(deliveries.c.announcement_id == announcement, deliveries.c.state == "failed")
    place = (
        sa.select(addresses.c.channel, addresses.c.external_id, people.c.id.label("person"))
        .select_from(people.join(addresses, addresses.c.id == address_of_people()))
        .where(people.c.id.in_(sa.select(deliveries.c.person_id).where(failed)))
        .subquery()
    )
    again = await connection.execute(
        deliveries.update()
        .where(failed, deliveries.c.person_id == place.c.person)
        .values(
            channel=place.c.channel, recipient=place.c.external_id, state="waiting", reason=None, due_at=now, leased_by=None
        )
    )
    return again.rowcount


async def erase_deliveries(connection: AsyncConnection, person: int) -> None:
    """A person is erased: the rows stay as counts, without an address, and what has not left never will."""
    theirs = deliveries.c.person_id == person
    unsent = deliveries.update().where(theirs, deliveries.c.state == "waiting")
    await connection.execute(unsent.values(state="skipped", reason="erased", leased_by=None))
    await connection.execute(deliveries.update().where(theirs).values(recipient=""))
