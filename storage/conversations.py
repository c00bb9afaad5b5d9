"""The queries of a turn: who wrote, where they are, and where they are after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.flows.standing import Talk
from storage.many import Many
from storage.tables import addresses, conversations, outbox, people
from storage.tables.base import Row

_decoder = msgspec.json.Decoder(Talk)


@dataclass(slots=True)
class Spoken:
    """A person who wrote, by the address used. `owes`: messages of ours to this address are still unsent and not in the
    hands of the asking process."""

    person: int
    address: int
    channel: str
    external_id: str
    language: str
    announcements: str
    gone: bool
    owes: bool
    talk: Talk


def _load(any_of: sa.ColumnElement[bool], locked: bool) -> sa.Select[Any]:
    owed = (
        sa.select(sa.literal(1))
        .where(
            outbox.c.channel == addresses.c.channel,
            outbox.c.recipient == addresses.c.external_id,
            outbox.c.opened_at.is_(None),
            outbox.c.parked.is_(None),
            sa.or_(outbox.c.leased_by.is_(None), outbox.c.leased_by != sa.bindparam("sender", type_=sa.String)),
        )
        .exists()
    )
    query = (
        sa.select(
            people.c.id,
            addresses.c.id,
            addresses.c.channel,
            addresses.c.external_id,
            people.c.language,
            people.c.announcements,
            addresses.c.gone_at,
            owed,
            conversations.c.talk,
        )
        .select_from(addresses.join(people).join(conversations, conversations.c.person_id == people.c.id))
        .where(any_of)
        .order_by(people.c.id)
    )
    return query.with_for_update(of=conversations) if locked else query


_WROTE = {
    "postgresql": _load(
        sa.and_(
            addresses.c.channel == sa.bindparam("channel", type_=sa.String),
            addresses.c.external_id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.String))),
        ),
        locked=True,
    ),
    "sqlite": _load(
        sa.and_(
            addresses.c.channel == sa.bindparam("channel", type_=sa.String),
            addresses.c.external_id.in_(
                sa.select(sa.func.json_each(sa.bindparam("ids", type_=sa.JSON)).table_valued("value").c.value)
            ),
        ),
        locked=False,
    ),
}

_LEFT_ASKED = {
    engine: _load(
        sa.and_(
            addresses.c.channel == sa.bindparam("channel", type_=sa.String),
            addresses.c.gone_at.is_(None),
            conversations.c.address_id == addresses.c.id,
            conversations.c.flow.is_not(None),
            conversations.c.spoke_at.between(sa.bindparam("first"), sa.bindparam("last")),
        ),
        locked=engine == "postgresql",
    )
    for engine in ("postgresql", "sqlite")
}

_SAVE = Many(
    {column.name: column.type for column in conversations.c},
    lambda given: (
        conversations.update()
        .where(conversations.c.person_id == given["person_id"])
        .values({name: value for name, value in given.items() if name != "person_id"})
    ),
)


async def load_spoken(
    connection: AsyncConnection, channel: str, external_ids: Iterable[str], *, sender: str | None
) -> list[Spoken]:
    """Those of a channel's addresses that we know, their conversations locked until the transaction ends, in the order
    of their persons (two processes must not wait for each other)."""
    found = await connection.execute(
        _WROTE[connection.dialect.name], {"channel": channel, "ids": sorted(external_ids), "sender": sender or ""}
    )
    return [_spoken(row) for row in found]


async def left_asked(connection: AsyncConnection, channel: str, *, first: datetime, last: datetime) -> list[Spoken]:
    """Whom an open question was put to on this channel, of those who spoke last at that time, and there: conversations
    locked as above. Whom anything is still owed is left out, they will read that; so is a conversation that cannot be
    read, which the person's next message parks."""
    asked = {"channel": channel, "first": first, "last": last, "sender": ""}
    spoken = []
    for row in await connection.execute(_LEFT_ASKED[connection.dialect.name], asked):
        with suppress(msgspec.DecodeError):
            spoken.append(_spoken(row))
    return [each for each in spoken if not each.owes]


def _spoken(row: Row) -> Spoken:
    person, address, channel, external, language, wish, gone, owes, talk = row
    return Spoken(person, address, channel, external, language, wish, gone is not None, bool(owes), _decoder.decode(talk))


async def save_conversations(connection: AsyncConnection, spoken: Sequence[Spoken], *, now: datetime) -> None:
    rows = [
        {
            "person_id": each.person,
            "address_id": each.address,
            "flow": each.talk.stack[0].flow if each.talk.stack else None,
            "version": each.talk.stack[0].version if each.talk.stack else None,
            "question": each.talk.stack[0].question if each.talk.stack else None,
            "talk": encode_talk(each.talk),
            "spoke_at": now,
        }
        for each in spoken
    ]
    await _SAVE.run(connection, rows)


def decode_talk(stored: str) -> Talk:
    return _decoder.decode(stored)


def encode_talk(talk: Talk) -> str:
    return msgspec.json.encode(talk).decode()
