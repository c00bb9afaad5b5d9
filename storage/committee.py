"""The committee's queries: coordinators and invites."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Address
from bot.rules.permissions import Coordinator
from storage.ids import new_id
from storage.tables import addresses, coordinators, invites
from storage.tables.base import Row

_FACTS = (coordinators.c.id, coordinators.c.name, coordinators.c.role, coordinators.c.category, coordinators.c.active)


async def coordinator_of(connection: AsyncConnection, person: int) -> Coordinator | None:
    """The committee's member that this person is, held as is until the transaction ends; None for anybody else."""
    query = sa.select(*_FACTS).where(coordinators.c.person_id == person).with_for_update(read=True)
    row = (await connection.execute(query)).one_or_none()
    return Coordinator(*row) if row else None


async def coordinator_at(connection: AsyncConnection, address: Address) -> Coordinator | None:
    """The member who is reached at this address; None for anybody else."""
    query = (
        sa.select(*_FACTS)
        .join(addresses, addresses.c.person_id == coordinators.c.person_id)
        .where(addresses.c.channel == address.channel, addresses.c.external_id == address.id)
    )
    row = (await connection.execute(query)).one_or_none()
    return Coordinator(*row) if row else None


async def team(connection: AsyncConnection) -> list[Coordinator]:
    """Everybody, the suspended last, owners first."""
    rank = sa.case({"owner": 0, "coordinator": 1}, value=coordinators.c.role, else_=2)
    query = sa.select(*_FACTS).order_by(coordinators.c.active.desc(), rank, coordinators.c.name)
    return [Coordinator(*row) for row in await connection.execute(query)]


async def lock_owners(connection: AsyncConnection) -> list[int]:
    """Ids of the active owners who can be reached, held until the transaction ends: two of them must not remove each
    other at once."""
    query = (
        sa.select(coordinators.c.id)
        .where(coordinators.c.role == "owner", coordinators.c.active, coordinators.c.person_id.is_not(None))
        .order_by(coordinators.c.id)
        .with_for_update()
    )
    return list((await connection.execute(query)).scalars())


async def persons_in_scope(connection: AsyncConnection, *, category: str | None, roles: Sequence[str]) -> list[int]:
    """Persons of the active coordinators of these roles whose business a thing of this category is (None: everybody's)."""
    all_categories = coordinators.c.category.is_(None)
    mine = sa.or_(all_categories, coordinators.c.category == category) if category is not None else sa.true()
    query = sa.select(coordinators.c.person_id).where(
        coordinators.c.active, coordinators.c.person_id.is_not(None), coordinators.c.role.in_(roles), mine
    )
    return list((await connection.execute(query)).scalars())


async def owners_persons(connection: AsyncConnection, *, but: Sequence[int]) -> list[int]:
    """Persons of the active owners, but for these coordinators."""
    query = sa.select(coordinators.c.person_id).where(
        coordinators.c.active,
        coordinators.c.role == "owner",
        coordinators.c.person_id.is_not(None),
        coordinators.c.id.not_in(but),
    )
    return list((await connection.execute(query)).scalars())


async def add_invite(connection: AsyncConnection, **facts: Any) -> int:  # noqa: ANN401 -- the columns of the table
    """A new invite (digest, name, role, category, invited_by, expires_at); its id."""
    id_ = new_id()
    await connection.execute(invites.insert().values(id=id_, **facts))
    return id_


async def use_invite(connection: AsyncConnection, digest: str, *, now: datetime) -> Row | None:
    """The invite (id, name, role, category), used up by this call; None when there is none, it was used or has expired."""
    used = await connection.execute(
        invites.update()
        .where(invites.c.digest == digest, invites.c.used_at.is_(None), invites.c.expires_at > now)
        .values(used_at=now)
        .returning(invites.c.id, invites.c.name, invites.c.role, invites.c.category)
    )
    row: Row | None = used.one_or_none()
    return row


async def add_coordinator(
    connection: AsyncConnection, *, person: int, name: str, role: str, category: str | None, now: datetime
) -> int:
    """A new member; the id."""
    id_ = new_id()
    await connection.execute(
        coordinators.insert().values(id=id_, person_id=person, name=name, role=role, category=category, joined_at=now)
    )
    return id_


async def change_coordinator(connection: AsyncConnection, coordinator: int, **facts: Any) -> None:  # noqa: ANN401 -- columns
    """Set role, category or active."""
    await connection.execute(coordinators.update().where(coordinators.c.id == coordinator).values(**facts))


async def person_of(connection: AsyncConnection, coordinator: int) -> int | None:
    """The person that a member is; None once that person was erased."""
    found: int | None = await connection.scalar(sa.select(coordinators.c.person_id).where(coordinators.c.id == coordinator))
    return found
