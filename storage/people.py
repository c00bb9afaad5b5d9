"""People and their addresses, consents and codes."""

from __future__ import annotations

from collections.abc import Sequence
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


async def revive_address(connection: AsyncConnection, address: int) -> None:
    await connection.execute(addresses.update().where(addresses.c.id == address).values(gone_at=None))


async def set_language(connection: AsyncConnection, person: int, language: str) -> None:
    await connection.execute(people.update().where(people.c.id == person).values(language=language))


async def language_of(connection: AsyncConnection, address: Address) -> str | None:
    """None for an address we do not know."""
    return await connection.scalar(
        sa.select(people.c.language)
        .join(addresses)
        .where(addresses.c.channel == address.channel, addresses.c.external_id == address.id)
    )


async def set_announcements(connection: AsyncConnection, person: int, wish: str) -> None:
    await connection.execute(people.update().where(people.c.id == person).values(announcements=wish))


async def add_consent(
    connection: AsyncConnection, person: int, *, purpose: str, notice: str, language: str, channel: str, now: datetime
) -> None:
    await connection.execute(
        consents.insert().values(
            id=new_id(),
            person_id=person,
            purpose=purpose,
            notice=notice,
            language=language,
            channel=channel,
            given_at=now,
        )
    )


async def withdraw_consents(connection: AsyncConnection, person: int, purpose: str, *, now: datetime) -> None:
    """End what was agreed to for that purpose; what was already withdrawn keeps its time."""
    await connection.execute(
        consents.update()
        .where(consents.c.person_id == person, consents.c.purpose == purpose, consents.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )


async def consents_of(connection: AsyncConnection, person: int) -> Sequence[Row]:
    """(purpose, notice, channel, given_at, withdrawn_at), oldest first."""
    query = (
        sa.select(consents.c.purpose, consents.c.notice, consents.c.channel, consents.c.given_at, consents.c.withdrawn_at)
        .where(consents.c.person_id == person)
        .order_by(consents.c.id)
    )
    return (await connection.execute(query)).all()


async def keep_code(connection: AsyncConnection, person: int, *, kind: str, digest: str, expires_at: datetime) -> None:
    """Remember a code; the person's earlier unused ones of that kind no longer work."""
    await connection.execute(
        sa.delete(codes).where(codes.c.person_id == person, codes.c.kind == kind, codes.c.used_at.is_(None))
    )
    await connection.execute(
        codes.insert().values(id=new_id(), digest=digest, kind=kind, person_id=person, expires_at=expires_at)
    )


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


async def delete_person(connection: AsyncConnection, person: int) -> None:
    """The person with addresses, conversation, consents, codes and requests for help."""
    await connection.execute(sa.delete(people).where(people.c.id == person))
