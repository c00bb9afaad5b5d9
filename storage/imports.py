"""Imports: loads of a table, what they would repeat, taking one back, and what nobody claimed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.flows import signup
from storage import signups as signups_storage
from storage.conversations import decode_talk, encode_talk
from storage.tables import associations, centres, consents, conversations, imports, signups
from storage.tables.base import Row


async def lock_imports(connection: AsyncConnection) -> None:
    """Until the transaction ends, no other import begins. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.text("LOCK TABLE imports IN SHARE ROW EXCLUSIVE MODE"))


async def import_of(connection: AsyncConnection, digest: str) -> Row | None:
    """The latest import of a file with this digest that was not undone: (id, imported_at)."""
    query = (
        sa.select(imports.c.id, imports.c.imported_at)
        .where(imports.c.digest == digest, imports.c.undone_at.is_(None))
        .order_by(imports.c.id.desc())
        .limit(1)
    )
    found: Row | None = (await connection.execute(query)).one_or_none()
    return found


async def add_import(connection: AsyncConnection, *, digest: str, rows: int, taken: int, now: datetime) -> int:
    made = await connection.execute(
        imports.insert().values(digest=digest, rows=rows, taken=taken, imported_at=now).returning(imports.c.id)
    )
    return int(made.scalar_one())


async def applications_to_compare(connection: AsyncConnection, *, after: int) -> AsyncIterator[Row]:
    """(id, reference, import_id, name_key, phone, city_code, city) of every application whose association has an id above
    `after`: `id` is the association's, a row a centre, one's rows together. A draft in a conversation is none yet."""
    query = (
        sa.select(
            associations.c.id,
            signups.c.reference,
            signups.c.import_id,
            associations.c.name_key,
            associations.c.phone,
            centres.c.city_code,
            centres.c.city,
        )
        .select_from(signups.join(associations).outerjoin(centres))
        .where(associations.c.id > after)
        .order_by(associations.c.id)
    )
    async with connection.stream(query) as rows:
        async for row in rows:
            yield row


async def claim_digests(connection: AsyncConnection) -> set[str]:
    """Those of all codes that somebody may still use."""
    query = sa.select(signups.c.claim_digest).where(signups.c.claim_digest.is_not(None))
    return set((await connection.execute(query)).scalars())


async def close_import(connection: AsyncConnection, number: int, *, now: datetime) -> bool:
    """Mark an import as undone; False when there is none of that number, or it was undone before."""
    done = await connection.execute(
        imports.update().where(imports.c.id == number, imports.c.undone_at.is_(None)).values(undone_at=now)
    )
    return done.rowcount == 1


async def claimed_of(connection: AsyncConnection, number: int) -> Sequence[Row]:
    """(association, reference) of an import's sign-ups that are somebody's by now, in the order of the file."""
    query = (
        sa.select(associations.c.name.label("association"), signups.c.reference)
        .select_from(signups.outerjoin(associations))
        .where(signups.c.import_id == number, signups.c.status != "prepared")
        .order_by(signups.c.id)
    )
    return (await connection.execute(query)).all()


async def delete_prepared(
    connection: AsyncConnection, *, of_import: int | None = None, before: datetime | None = None
) -> int:
    """Delete sign-ups that nobody has claimed, with their associations: an import's, or those prepared before; how many.

    They are marked first: a claim of the same moment was either before, and keeps its sign-up whole, or finds nothing.
    """
    which = [signups.c.import_id == of_import] if of_import is not None else []
    which += [signups.c.created_at < before] if before is not None else []
    marked = await connection.execute(
        signups.update().where(signups.c.status == "prepared", *which).values(status=_GOING, claim_digest=None)
    )
    await connection.execute(
        associations.delete().where(
            associations.c.id.in_(sa.select(signups.c.association_id).where(signups.c.status == _GOING))
        )
    )
    await connection.execute(signups.delete().where(signups.c.status == _GOING))
    return marked.rowcount


_GOING = "going"
"""Seen by nobody: it lives inside one transaction."""


async def delete_without_consent(connection: AsyncConnection, *, before: datetime) -> int:
    """Delete claimed sign-ups, prepared before, whose claimers have not agreed to anything; their conversations forget
    them. How many."""
    agreed = sa.select(consents.c.id).where(consents.c.person_id == signups.c.person_id).exists()
    which = sa.and_(signups.c.status == "draft", signups.c.source != "self", signups.c.created_at < before, ~agreed)
    persons = sa.select(signups.c.person_id).where(which)
    talks = conversations.select().where(conversations.c.person_id.in_(persons)).order_by(conversations.c.person_id)
    locked = {row.person_id: row.talk for row in await connection.execute(talks.with_for_update())}
    still = sa.select(signups.c.id, signups.c.person_id).where(which, signups.c.person_id.in_(locked))
    found = (await connection.execute(still)).all()
    for signup_id, person in found:
        talk = decode_talk(locked[person])
        stack = tuple(state for state in talk.stack if (state.flow, state.subject) != (signup.NAME, signup_id))
        row = {"talk": encode_talk(replace(talk, stack=stack)), "flow": None, "version": None, "question": None}
        await connection.execute(conversations.update().where(conversations.c.person_id == person).values(row))
    await signups_storage.drop_drafts(connection, [row.id for row in found])
    return len(found)
