"""The outbox: messages we owe people, in the order we owe them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Message
from storage.ids import new_id
from storage.many import Many
from storage.tables import addresses, outbox

CONVERSATION, COMMITTEE, ANNOUNCEMENTS = 0, 1, 2
"""The lanes: replies and service messages; what the committee is shown unasked; announcements that wait on a page. The
smaller the number, the sooner."""
COUNTED = 10_000
"""How far what is owed is counted: a look must cost the same after a day's outage."""

_decoder = msgspec.json.Decoder(Message)


@dataclass(frozen=True, slots=True)
class Owed:
    """A message owed. `leased`: the process that wrote or leased it is to send it now."""

    id: int
    channel: str
    recipient: str
    message: Message
    leased: bool
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Sent:
    id: int


@dataclass(frozen=True, slots=True)
class Later:
    """Not sent: try again at that time. `until` None: as soon as it is its turn. Counts only while nobody has leased the
    message again: `attempts` is what it was when it was in our hands."""

    id: int
    attempts: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Left:
    """A part was sent; `message` is what is still owed under this id."""

    id: int
    message: Message


@dataclass(frozen=True, slots=True)
class Parked:
    id: int
    cause: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The recipient cannot be reached any more: nothing is tried again at this address until it writes."""

    id: int
    channel: str
    recipient: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    id: int
    at: datetime


Settlement: TypeAlias = Sent | Later | Left | Parked | Gone | Opened

_SENT = Many({"id": outbox.c.id.type}, lambda given: outbox.delete().where(outbox.c.id == given["id"]))
_LATER = (
    outbox.update()
    .where(outbox.c.id == sa.bindparam("owed"), outbox.c.attempts == sa.bindparam("tried"))
    .values(leased_by=None, leased_until=sa.bindparam("until"))
)
_OPENED = (
    outbox.update()
    .where(outbox.c.id == sa.bindparam("owed"), outbox.c.opened_at.is_(None))
    .values(opened_at=sa.bindparam("at"))
)
_OWED_COLUMNS = {
    name: outbox.c[name].type
    for name in (
        *("id", "channel", "recipient", "lane", "due_at", "message"),
        *("attempts", "leased_by", "leased_until"),
    )
}
_OWE = Many(
    _OWED_COLUMNS,
    lambda given: outbox.insert().from_select(list(_OWED_COLUMNS), sa.select(*(given[n] for n in _OWED_COLUMNS))),
)


def owed(channel: str, recipient: str, message: Message, *, leased: bool) -> Owed:
    return Owed(new_id(), channel, recipient, message, leased)


async def owe(
    connection: AsyncConnection,
    messages: Sequence[Owed],
    *,
    now: datetime,
    sender: str | None,
    lease: timedelta,
    due: datetime | None = None,
    lane: int = CONVERSATION,
) -> None:
    """Write what is owed; what is `leased` is in the sender's hands from the start, the rest is due, now or at `due`."""
    rows = [
        {
            "id": each.id,
            "channel": each.channel,
            "recipient": each.recipient,
            "lane": lane,
            "due_at": due or now,
            "message": _stored(each.message),
            "attempts": 1 if each.leased else 0,
            "leased_by": sender if each.leased else None,
            "leased_until": now + lease if each.leased else None,
        }
        for each in messages
    ]
    await _OWE.run(connection, rows)


def _stored(message: Message) -> str:
    return msgspec.json.encode(message).decode()


def _due() -> sa.Select[int]:
    """Ids of due messages, at most one per recipient: the first of its lane that is unsent."""
    earlier = outbox.alias("earlier")
    behind = (
        sa.select(sa.literal(1))
        .where(
            earlier.c.channel == outbox.c.channel,
            earlier.c.recipient == outbox.c.recipient,
            earlier.c.lane == outbox.c.lane,
            earlier.c.opened_at.is_(None),
            earlier.c.parked.is_(None),
            sa.tuple_(earlier.c.due_at, earlier.c.id) < sa.tuple_(outbox.c.due_at, outbox.c.id),
        )
        .exists()
    )
    now = sa.bindparam("now", type_=outbox.c.due_at.type)
    return (
        sa.select(outbox.c.id)
        .where(
            outbox.c.channel == sa.bindparam("channel"),
            outbox.c.opened_at.is_(None),
            outbox.c.parked.is_(None),
            outbox.c.due_at <= now,
            sa.or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now),
            sa.or_(outbox.c.leased_by.is_(None), outbox.c.leased_by != sa.bindparam("sender")),
            ~behind,
        )
        .order_by(outbox.c.lane, outbox.c.due_at, outbox.c.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(skip_locked=True)
    )


_DUE = _due()
_MANY = 30_000
_ONE_MORE = sa.case((outbox.c.attempts < _MANY, outbox.c.attempts + 1), else_=_MANY // 2)
"""A channel that stays away for months must not overflow the column; a number that changes is enough."""


async def lease_due_messages(
    connection: AsyncConnection, *, channel: str, now: datetime, lease: timedelta, sender: str, limit: int
) -> list[Owed]:
    """Lease the oldest due messages of a channel, at most one per recipient.

    A message waits while one of its lane that was due earlier to the same recipient is unsent; one due later holds
    nothing back. Rows leased by another worker are skipped; a lease of another worker that ran out is taken over: a retry
    is a longer lease. What is in this sender's own hands it never takes over: only a jump of the clock could make it seem
    late. Parked rows hold nothing back.
    """
    asked = {"channel": channel, "now": now, "sender": sender, "most": limit}
    ids = (await connection.execute(_DUE, asked)).scalars().all()
    if not ids:
        return []
    taken = await connection.execute(
        outbox.update()
        .where(outbox.c.id.in_(ids))
        .values(leased_by=sender, leased_until=now + lease, attempts=_ONE_MORE)
        .returning(outbox.c.id, outbox.c.channel, outbox.c.recipient, outbox.c.message, outbox.c.attempts)
    )
    found = [
        Owed(id_, chan, recipient, _decoder.decode(message), leased=True, attempts=attempts)
        for id_, chan, recipient, message, attempts in taken
    ]
    return sorted(found, key=lambda each: ids.index(each.id))


async def extend_lease(connection: AsyncConnection, id_: int, *, sender: str, until: datetime) -> bool:
    """Keep a leased message in its sender's hands until then; False when another has taken it over."""
    kept = await connection.execute(
        outbox.update().where(outbox.c.id == id_, outbox.c.leased_by == sender).values(leased_until=until)
    )
    return kept.rowcount == 1


async def settle(connection: AsyncConnection, settlements: Iterable[Settlement]) -> None:
    """Write down what became of messages."""
    by_kind: dict[type[Settlement], list[Settlement]] = {}
    for each in settlements:
        by_kind.setdefault(type(each), []).append(each)
    for each in by_kind.pop(Left, ()):
        assert isinstance(each, Left)
        await connection.execute(outbox.update().where(outbox.c.id == each.id).values(message=_stored(each.message)))
    for each in by_kind.pop(Parked, ()):
        assert isinstance(each, Parked)
        await connection.execute(outbox.update().where(outbox.c.id == each.id).values(parked=each.cause, leased_by=None))
    for each in by_kind.pop(Gone, ()):
        assert isinstance(each, Gone)
        await _settle_gone(connection, each)
    if rows := by_kind.get(Sent):
        await _SENT.run(connection, [{"id": each.id} for each in rows])
    if rows := by_kind.get(Later):
        await connection.execute(
            _LATER, [{"owed": e.id, "tried": e.attempts, "until": e.until} for e in rows if isinstance(e, Later)]
        )
    if rows := by_kind.get(Opened):
        await connection.execute(_OPENED, [{"owed": e.id, "at": e.at} for e in rows if isinstance(e, Opened)])


async def _settle_gone(connection: AsyncConnection, gone: Gone) -> None:
    """What was owed to an address that is gone is owed to the person's newest other one; without one it stays, parked."""
    there = sa.and_(addresses.c.channel == gone.channel, addresses.c.external_id == gone.recipient)
    await connection.execute(addresses.update().where(there).values(gone_at=gone.at))
    theirs = sa.select(addresses.c.person_id).where(there).scalar_subquery()
    other = await connection.execute(
        sa.select(addresses.c.channel, addresses.c.external_id.label("recipient"))
        .where(addresses.c.person_id == theirs, addresses.c.gone_at.is_(None))
        .order_by(addresses.c.id.desc())
        .limit(1)
    )
    found = other.one_or_none()
    where = {**found._asdict(), "leased_until": None} if found is not None else {"parked": "gone"}
    await connection.execute(
        outbox.update()
        .where(
            outbox.c.channel == gone.channel,
            outbox.c.recipient == gone.recipient,
            outbox.c.opened_at.is_(None),
            outbox.c.parked.is_(None),
        )
        .values(**where, leased_by=None)
    )


async def backlog(connection: AsyncConnection, channels: Sequence[str]) -> list[tuple[str, int, datetime | None]]:
    """(channel, how many messages are owed there, since when the oldest is due) each; counted up to `COUNTED` a channel."""
    found = await connection.execute(sa.union_all(*map(_owed_on, channels)))
    return [(channel, count, oldest) for channel, count, oldest in found.all()]


def _owed_on(channel: str) -> sa.Select[str, int, datetime]:
    first = (
        sa.select(outbox.c.due_at)
        .where(outbox.c.channel == channel, outbox.c.opened_at.is_(None), outbox.c.parked.is_(None))
        .order_by(outbox.c.lane, outbox.c.due_at, outbox.c.id)
        .limit(COUNTED)
        .subquery()
    )
    return sa.select(sa.literal(channel), sa.func.count(), sa.func.min(first.c.due_at)).select_from(first)


async def page_messages(
    connection: AsyncConnection, *, channel: str, recipient: str, after: int = 0, limit: int = 60
) -> list[tuple[Owed, bool]]:
    """The newest messages kept for a page, oldest first, each with whether it was seen before."""
    query = (
        sa.select(outbox.c.id, outbox.c.message, outbox.c.opened_at)
        .where(outbox.c.channel == channel, outbox.c.recipient == recipient, outbox.c.id > after)
        .order_by(outbox.c.id.desc())
        .limit(limit)
    )
    rows = (await connection.execute(query)).all()
    return [
        (Owed(id_, channel, recipient, _decoder.decode(message), leased=False), opened is not None)
        for id_, message, opened in reversed(rows)
    ]


async def page_message(connection: AsyncConnection, id_: int, *, channel: str, recipient: str) -> Message | None:
    """One message of this recipient's page; None when there is none (any more)."""
    stored = await connection.scalar(
        sa.select(outbox.c.message).where(outbox.c.id == id_, outbox.c.channel == channel, outbox.c.recipient == recipient)
    )
    return None if stored is None else _decoder.decode(stored)


async def forget_messages(connection: AsyncConnection, *, opened_before: datetime) -> int:
    """Delete what was read on a page, or parked, before that time; how many."""
    result = await connection.execute(
        sa.delete(outbox).where(
            sa.or_(
                outbox.c.opened_at < opened_before,
                sa.and_(outbox.c.parked.is_not(None), outbox.c.due_at < opened_before),
            )
        )
    )
    return result.rowcount


async def erase_messages(
    connection: AsyncConnection,
    addresses_: Iterable[tuple[str, str]],
    *,
    keep: Sequence[int] = (),
    lane: int | None = None,
) -> None:
    """Delete what is kept for or owed to these (channel, recipient), but for the rows to keep; `lane` None: of any lane."""
    of_lane = sa.true() if lane is None else outbox.c.lane == lane
    for channel, recipient in addresses_:
        theirs = sa.and_(outbox.c.channel == channel, outbox.c.recipient == recipient, of_lane)
        await connection.execute(sa.delete(outbox).where(theirs, outbox.c.id.not_in(keep)))
