"""The inbox's queries: which updates are new, and those that failed and wait to be retried."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.messages import Address, Attached, Content, FromGroup, Incoming, Pressed, Shared, Typed
from storage.many import as_arrays, given_rows
from storage.tables import inbox, parked
from storage.tables.base import Row

_COLUMNS = {column.name: column.type for column in inbox.c}
_GIVEN = given_rows(_COLUMNS)
_RECORD = {
    "sqlite": sqlite.insert(inbox).on_conflict_do_nothing().returning(inbox.c.channel, inbox.c.update_id),
    "postgresql": postgresql.insert(inbox)
    .from_select(list(_COLUMNS), sa.select(*_GIVEN.c))
    .on_conflict_do_nothing()
    .returning(inbox.c.channel, inbox.c.update_id),
}


async def record_updates(
    connection: AsyncConnection, updates: Sequence[tuple[str, str]], *, now: datetime
) -> set[tuple[str, str]]:
    """Remember these (channel, update id) pairs; the set of those never seen before."""
    rows = [{"channel": channel, "update_id": update_id, "received_at": now} for channel, update_id in updates]
    engine = connection.dialect.name
    result = await connection.execute(_RECORD[engine], as_arrays(rows, tuple(_COLUMNS)) if engine == "postgresql" else rows)
    return {(channel, update_id) for channel, update_id in result}


async def forget_updates(connection: AsyncConnection, *, before: datetime) -> int:
    """Delete what was received before; how many."""
    result = await connection.execute(sa.delete(inbox).where(inbox.c.received_at < before))
    return result.rowcount


async def park_update(
    connection: AsyncConnection, *, reference: str, channel: str, cause: str, body: str, now: datetime
) -> None:
    await connection.execute(
        parked.insert().values(reference=reference, channel=channel, cause=cause, body=body, parked_at=now)
    )


async def parked_updates(connection: AsyncConnection) -> Sequence[Row]:
    """All of them, oldest first: id, reference, channel, cause, body, parked_at."""
    return (await connection.execute(sa.select(parked).order_by(parked.c.id))).all()


async def count_parked(connection: AsyncConnection) -> int:
    return await connection.scalar(sa.select(sa.func.count()).select_from(parked)) or 0


async def unpark_update(connection: AsyncConnection, parked_id: int) -> None:
    await connection.execute(sa.delete(parked).where(parked.c.id == parked_id))


async def erase_parked(connection: AsyncConnection, addresses: Collection[tuple[str, str]]) -> None:
    """Delete what these (channel, the channel's id) sent and was parked. One that cannot be read is nobody's: it stays."""
    rows = await connection.execute(sa.select(parked.c.id, parked.c.body))
    came_from = ((row.id, incoming_from_text(row.body)) for row in rows)
    theirs = [id_ for id_, found in came_from if found and (found.address.channel, found.address.id) in addresses]
    if theirs:
        await connection.execute(sa.delete(parked).where(parked.c.id.in_(theirs)))


_CONTENTS: dict[str, type[Content]] = {kind.__name__: kind for kind in (Typed, Pressed, Shared, Attached, FromGroup)}


def incoming_as_text(incoming: Incoming) -> str:
    """An update as JSON that `incoming_from_text` reads back."""
    return msgspec.json.encode({"kind": type(incoming.content).__name__, **msgspec.to_builtins(incoming)}).decode()


def incoming_from_text(text: str) -> Incoming | None:
    """None for anything that is not an update of ours."""
    try:
        found = msgspec.json.decode(text)
        content = msgspec.convert(found["content"], _CONTENTS[found["kind"]])
        address = msgspec.convert(found["address"], Address)
        return Incoming(address, found["update_id"], content, found["language"])
    except (msgspec.MsgspecError, LookupError, TypeError):
        return None
