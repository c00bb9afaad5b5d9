"""Requests for a human."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.ids import new_id
from storage.tables import help_requests, people
from storage.tables.base import Row


async def add_help_requests(
    connection: AsyncConnection, asked: Sequence[tuple[int, str | None, str | None, str | None]], *, now: datetime
) -> None:
    """(person, phone, text, question stopped at) each."""
    names = ("person_id", "phone", "text", "stuck_at")
    rows = [{"id": new_id(), "asked_at": now, **dict(zip(names, each, strict=True))} for each in asked]
    await connection.execute(help_requests.insert(), rows)


async def all_help_requests(connection: AsyncConnection) -> Sequence[Row]:
    """(asked_at, phone, text, stuck_at, language), oldest first."""
    query = (
        sa.select(
            help_requests.c.asked_at,
            help_requests.c.phone,
            help_requests.c.text,
            help_requests.c.stuck_at,
            people.c.language,
        )
        .join(people)
        .order_by(help_requests.c.id)
    )
    return (await connection.execute(query)).all()
