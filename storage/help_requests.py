"""Requests for a human."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.ids import new_id
from storage.tables import help_requests, people
from storage.tables.base import Row


async def add_help_request(
    connection: AsyncConnection,
    person: int,
    *,
    phone: str | None,
    text: str | None,
    stuck_at: str | None,
    now: datetime,
) -> None:
    await connection.execute(
        help_requests.insert().values(id=new_id(), person_id=person, phone=phone, text=text, stuck_at=stuck_at, asked_at=now)
    )


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
