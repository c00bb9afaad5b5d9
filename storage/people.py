"""People and their addresses, consents and codes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Address
from bot.flows.standing import Talk
from storage.conversations import Spoken, encode_talk
from storage.ids import new_id
from storage.tables import addresses, codes, consents, conversations, people
from storage.tables.base import Row


async def add_people(
    connection: AsyncConnection, newcomers: Sequence[tuple[Address, str]], *, now: datetime
) -> list[Spoken]:
    """New persons, one an address, each with its language. An address somebody else just added: IntegrityError."""
    spoken = [
        Spoken(new_id(), new_id(), address.channel, address.id, language, "unasked", gone=False, owes=False, talk=Talk())
        for address, language in newcomers
    ]
    await connection.execute(
        people.insert(), [{"id": each.person, "language": each.language, "created_at": now} for each in spoken]
    )
    await connection.execute(
        addresses.insert(),
        [
            {
                "id": each.address,
                "person_id": each.person,
                "channel": each.channel,
                "external_id": each.external_id,
                "created_at": now,
            }
            for each in spoken
        ],
    )
    await connection.execute(
        conversations.insert(),
        [
            {"person_id": each.person, "address_id": each.address, "talk": encode_talk(each.talk), "spoke_at": now}
            for each in spoken
        ],
    )
    return spoken


@dataclass(frozen=True, slots=True)
class Reach:
    """How a person is written to."""

    person: int
    language: str
    channel: str
    external_id: str


async def reach(connection: AsyncConnection, persons: Sequence[int]) -> list[Reach]:
    """Where each of these is reached: at the address used last, at the newest other one if that is gone. Those without
    an address are left out."""
    last = addresses.c.id == conversations.c.address_id
    query = (
        sa.select(people.c.id, people.c.language, addresses.c.channel, addresses.c.external_id)
        .select_from(
            people.join(addresses, addresses.c.person_id == people.c.id).outerjoin(
                conversations, conversations.c.person_id == people.c.id
            )
        )
        .where(people.c.id.in_(persons), addresses.c.gone_at.is_(None))
        .order_by(people.c.id, sa.case((last, 0), else_=1), addresses.c.id.desc())
    )
    found: dict[int, Reach] = {}
    for row in await connection.execute(query):
        found.setdefault(row.id, Reach(*row))
    return list(found.values())


async def revive_address(connection: AsyncConnection, address: int) -> None:
    await connection.execute(addresses.update().where(addresses.c.id == address).values(gone_at=None))


_SET_LANGUAGE = people.update().where(people.c.id == sa.bindparam("person")).values(language=sa.bindparam("new"))
_SET_WISH = people.update().where(people.c.id == sa.bindparam("person")).values(announcements=sa.bindparam("new"))
_WITHDRAW = (
    consents.update()
    .where(
        consents.c.person_id == sa.bindparam("person"),
        consents.c.purpose == sa.bindparam("what"),
        consents.c.withdrawn_at.is_(None),
    )
    .values(withdrawn_at=sa.bindparam("at"))
)
_FORGET_CODES = codes.delete().where(
    codes.c.person_id == sa.bindparam("person"), codes.c.kind == sa.bindparam("what"), codes.c.used_at.is_(None)
)


async def set_languages(connection: AsyncConnection, wanted: Sequence[tuple[int, str]]) -> None:
    """(person, language) each."""
    await connection.execute(_SET_LANGUAGE, [{"person": person, "new": language} for person, language in wanted])


async def language_of(connection: AsyncConnection, address: Address) -> str | None:
    """None for an address we do not know."""
    return await connection.scalar(
        sa.select(people.c.language)
        .join(addresses)
        .where(addresses.c.channel == address.channel, addresses.c.external_id == address.id)
    )


async def wishes_of(connection: AsyncConnection, persons: Sequence[int]) -> dict[int, str]:
    """What each of these wants of announcements: `unasked`, `yes` or `no`."""
    query = sa.select(people.c.id, people.c.announcements).where(people.c.id.in_(persons))
    return {row.id: row.announcements for row in await connection.execute(query)}


async def set_announcements(connection: AsyncConnection, wishes: Sequence[tuple[int, str]]) -> None:
    """(person, `yes` or `no`) each."""
    await connection.execute(_SET_WISH, [{"person": person, "new": wish} for person, wish in wishes])


async def add_consents(
    connection: AsyncConnection, given: Sequence[tuple[int, str, str, str, str]], *, now: datetime
) -> None:
    """(person, purpose, version of the notice, language, channel) each."""
    names = ("person_id", "purpose", "notice", "language", "channel")
    rows = [{"id": new_id(), "given_at": now, **dict(zip(names, each, strict=True))} for each in given]
    await connection.execute(consents.insert(), rows)


async def withdraw_consents(connection: AsyncConnection, whose: Sequence[tuple[int, str]], *, now: datetime) -> None:
    """End what each (person, purpose) agreed to; what was already withdrawn keeps its time."""
    rows = [{"person": person, "what": purpose, "at": now} for person, purpose in whose]
    await connection.execute(_WITHDRAW, rows)


async def consents_of(connection: AsyncConnection, person: int) -> Sequence[Row]:
    """(purpose, notice, channel, given_at, withdrawn_at), oldest first."""
    query = (
        sa.select(consents.c.purpose, consents.c.notice, consents.c.channel, consents.c.given_at, consents.c.withdrawn_at)
        .where(consents.c.person_id == person)
        .order_by(consents.c.id)
    )
    return (await connection.execute(query)).all()


async def keep_codes(connection: AsyncConnection, kept: Sequence[tuple[int, str, str, datetime]]) -> None:
    """(person, kind, digest, expiry) each; a person's earlier unused ones of that kind no longer work."""
    await connection.execute(_FORGET_CODES, [{"person": person, "what": kind} for person, kind, _, _ in kept])
    names = ("person_id", "kind", "digest", "expires_at")
    rows = [{"id": new_id(), **dict(zip(names, each, strict=True))} for each in kept]
    await connection.execute(codes.insert(), rows)


async def use_code(connection: AsyncConnection, digest: str, *, kind: str, now: datetime) -> int | None:
    """Whose code it is, used up by this call; None when there is none, it was used or has expired."""
    used = await connection.execute(
        codes.update()
        .where(codes.c.digest == digest, codes.c.kind == kind, codes.c.used_at.is_(None), codes.c.expires_at > now)
        .values(used_at=now)
        .returning(codes.c.person_id)
    )
    owner = used.scalar_one_or_none()
    return None if owner is None else int(owner)


async def move_address(connection: AsyncConnection, address: int, *, to: int, leaving: int) -> None:
    """Let an address reach another person; the one it leaves goes, unless it is reached elsewhere too."""
    await connection.execute(addresses.update().where(addresses.c.id == address).values(person_id=to))
    elsewhere = sa.select(addresses.c.id).where(addresses.c.person_id == leaving).exists()
    await connection.execute(sa.delete(people).where(people.c.id == leaving, ~elsewhere))


async def addresses_of(connection: AsyncConnection, person: int) -> list[tuple[str, str]]:
    """(channel, the channel's id) of everywhere the person is reached."""
    query = sa.select(addresses.c.channel, addresses.c.external_id).where(addresses.c.person_id == person)
    return [(channel, external_id) for channel, external_id in await connection.execute(query)]


async def everybody(connection: AsyncConnection) -> AsyncIterator[int]:
    """The ids of all people, a few at a time."""
    async with connection.stream_scalars(sa.select(people.c.id), execution_options={"yield_per": 1000}) as ids:
        async for person in ids:
            yield person


async def delete_person(connection: AsyncConnection, person: int) -> None:
    """The person with addresses, conversation, consents, codes and requests for help."""
    await connection.execute(sa.delete(people).where(people.c.id == person))
