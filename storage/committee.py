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
from storage.tables import addresses, conversations, coordinators, invites
from storage.tables.base import Row

_INVITED = (invites.c.id, invites.c.name, invites.c.role, invites.c.category)
_FACTS = (coordinators.c.id, coordinators.c.name, coordinators.c.role, coordinators.c.category, coordinators.c.active)


def member_name(of: sa.FromClause) -> sa.ColumnElement[str | None]:
    """The name of one of the committee; None for somebody who was erased."""
    return sa.func.nullif(of.c.name, "")


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


async def talks_of_others(connection: AsyncConnection, coordinator: int, *, since: datetime) -> list[tuple[str, str]]:
    """(name, stored talk) of the other active members who have spoken since then."""
    query = (
        sa.select(coordinators.c.name, conversations.c.talk)
        .join(conversations, conversations.c.person_id == coordinators.c.person_id)
        .where(coordinators.c.active, coordinators.c.id != coordinator, conversations.c.spoke_at >= since)
        .order_by(coordinators.c.name)
    )
    return [(row.name, row.talk) for row in await connection.execute(query)]


async def team(connection: AsyncConnection) -> list[Coordinator]:
    """Everybody who was not erased, the suspended last, owners first."""
    rank = sa.case({"owner": 0, "coordinator": 1}, value=coordinators.c.role, else_=2)
    query = (
        sa.select(*_FACTS).where(coordinators.c.name != "").order_by(coordinators.c.active.desc(), rank, coordinators.c.name)
    )
    return [Coordinator(*row) for row in await connection.execute(query)]


async def members(connection: AsyncConnection, ids: Sequence[int]) -> list[Coordinator]:
    """Those of these ids, in the order of their ids."""
    query = sa.select(*_FACTS).where(coordinators.c.id.in_(ids)).order_by(coordinators.c.id)
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


def _good(digest: str, now: datetime) -> sa.ColumnElement[bool]:
    """Not used, not expired, and made by the command line or by somebody who is still in charge."""
    in_charge = sa.select(coordinators.c.id).where(coordinators.c.active, coordinators.c.role == "owner")
    return sa.and_(
        invites.c.digest == digest,
        invites.c.used_at.is_(None),
        invites.c.expires_at > now,
        sa.or_(invites.c.invited_by.is_(None), invites.c.invited_by.in_(in_charge)),
    )


async def invite_of(connection: AsyncConnection, digest: str, *, now: datetime) -> Row | None:
    """The invite (id, name, role, category) of a code that works, held until the transaction ends and not used up."""
    query = sa.select(*_INVITED).where(_good(digest, now)).with_for_update()
    row: Row | None = (await connection.execute(query)).one_or_none()
    return row


async def use_invite(connection: AsyncConnection, digest: str, *, now: datetime) -> Row | None:
    """The invite (id, name, role, category), used up by this call; None when there is none that works. The name does not
    stay with it."""
    used = await connection.execute(invites.update().where(_good(digest, now)).values(used_at=now).returning(*_INVITED))
    row: Row | None = used.one_or_none()
    if row is not None:
        await connection.execute(invites.update().where(invites.c.id == row.id).values(name=""))
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


async def forget_coordinator(connection: AsyncConnection, person: int) -> None:
    """A person is erased: of the member stays a row without name or person, because decisions and the trail point to it."""
    await connection.execute(
        coordinators.update().where(coordinators.c.person_id == person).values(name="", active=False, person_id=None)
    )


async def carry_over(connection: AsyncConnection, *, leaving: int, to: int) -> None:
    """The place in the committee of a person who goes on as another one; of two places the higher one stays."""
    query = sa.select(*_FACTS, coordinators.c.person_id).where(coordinators.c.person_id.in_((leaving, to))).with_for_update()
    places = {row.person_id: Coordinator(*row[:-1]) for row in await connection.execute(query)}
    if leaving not in places:
        return
    if to in places:
        lower = min(places, key=lambda person: places[person].rank)
        await connection.execute(
            coordinators.update().where(coordinators.c.person_id == lower).values(active=False, person_id=None)
        )
    await connection.execute(coordinators.update().where(coordinators.c.person_id == leaving).values(person_id=to))
