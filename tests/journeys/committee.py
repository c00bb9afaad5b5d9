"""Letting somebody into the committee, as the journeys need it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

from bot.actions.committee import invite
from bot.rules.codes import INVITE, code_from
from tests.conftest import Running
from tests.fakes.people import Person, Reply

_numbers = count(4_000_000_001)
Coded = Callable[..., str]


async def code_for(running: Running, name: str, role: str, category: str | None = None, now: datetime | None = None) -> str:
    """A fresh one-time code, as `nidaa coordinators invite` makes it."""
    code = code_from(INVITE, next(_numbers))
    service = running.service
    moment = now or datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    await invite(service.database, service.seals, name=name, role=role, category=category, code=code, now=moment)
    return code


async def joins(
    person: Person, running: Running, name: str, role: str = "coordinator", category: str | None = None
) -> list[Reply]:
    """The person sends a fresh code."""
    return await person.says(f"/start {await code_for(running, name, role, category)}")
