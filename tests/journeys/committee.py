"""What the committee's journeys need again and again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import count

from bot.actions.committee import invite
from bot.actions.decisions import tell_decisions
from bot.rules.codes import INVITE, code_from
from tests.conftest import Running
from tests.fakes.clock import Clock
from tests.fakes.people import Person, Reply
from tests.journeys.forms import BRAHIM, Form, answers_up_to

NOT_YOURS_TO_DO = "هذا الفضاء مخصص لفريق التنسيق."
"""How the refusal of whoever is not in the team begins."""
_numbers = count(4_000_000_001)


async def code_for(running: Running, name: str, role: str, category: str | None = None, now: datetime | None = None) -> str:
    """A fresh one-time code, as `nidaa coordinators invite` makes it."""
    code = code_from(INVITE, next(_numbers))
    service = running.service
    moment = now or datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    await invite(service.database, service.seals, name=name, role=role, category=category, code=code, now=moment)
    return code


def code_in(reply: Reply) -> str:
    """The code that is shown in a reply."""
    found = re.search(r"I\d{5}-\d{5}", reply.text)
    assert found is not None, reply.text
    return found.group()


async def joins(
    person: Person, running: Running, name: str, role: str = "coordinator", category: str | None = None
) -> list[Reply]:
    """The person sends a fresh code."""
    return await sends(person, await code_for(running, name, role, category))


async def sends(person: Person, code: str) -> list[Reply]:
    """The link's button on Telegram, the box for codes on the page."""
    return await person.says(code if person.channel == "web" else f"/start {code}")


async def signs_up(person: Person, form: Form = BRAHIM) -> None:
    await answers_up_to(person, form, "")
    await person.says("لا")


async def tells(running: Running, clock: Clock) -> int:
    """Two minutes later the timetable looks."""
    clock.advance(minutes=2)
    return await tell_decisions(running.service.database, clock(), desktop=running.service.desktop)
