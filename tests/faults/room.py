"""A room of people, each at one of the things that are asked, who all say the same and are put back to their question."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from storage.tables import addresses, conversations, outbox
from tests.conftest import Running
from tests.fakes.clock import Clock
from tests.fakes.people import Person, Reply
from tests.journeys.forms import FATIMA, answers_up_to

_SIGN_UP = ("association", "centre", "category", "president", "phone", "email", "city", "review")
ASKED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "consent": ("", ()),
    **{key: (key, ()) for key in _SIGN_UP},
    "category_other": ("category", ("10",)),
    "signature": ("sign", ()),
    "signer_role": ("sign", ("يوسف الأمراني", "1")),
    "announcements": ("end", ()),
    "call": ("centre", ("طلب مكالمة",)),
    "question": ("centre", ("/contact",)),
    "language": ("centre", ("/language",)),
    "cancel": ("centre", ("إلغاء",)),
    "erase": ("centre", ("/erase",)),
}
"""Everything that is asked: how far a sign-up is answered before it, and what is said then."""


@dataclass
class Seat:
    """A person, where they are reached, and their conversation when they were asked."""

    person: Person
    external_id: str
    row: Mapping[str, Any]


class Room:
    """`markup` is what the pages of the web are made of when nothing hostile was said, `said` what was
    said."""

    def __init__(self, running: Running, clock: Clock) -> None:
        self.running = running
        self.clock = clock
        self.seats: dict[str, Seat] = {}
        self.markup: set[str] = set()
        self.said: set[str] = set()

    async def fills(self, people: Mapping[str, tuple[Person, str]]) -> None:
        """Each is asked what the key says."""
        await asyncio.gather(*(self._arrives(key, person) for key, (person, _) in people.items()))
        self.clock.advance(minutes=1)
        self.seats = {key: Seat(person, external_id, {}) for key, (person, external_id) in people.items()}
        rows = await self.rows()
        for key, seat in self.seats.items():
            seat.row = rows[key]
            assert open_question(seat.row) == ("phone" if key == "call" else key)

    async def _arrives(self, key: str, person: Person) -> None:
        answered, said = ASKED[key]
        if answered:
            await answers_up_to(person, FATIMA, answered)
        for words in said or (("السلام عليكم",) if not answered else ()):
            await person.says(words)

    async def rows(self) -> dict[str, Mapping[str, Any]]:
        """Everybody's conversation."""
        query = sa.select(conversations, addresses.c.external_id).join(
            addresses, addresses.c.person_id == conversations.c.person_id
        )
        found = {row.external_id: row._mapping for row in await self.running.rows(query)}
        return {key: found[seat.external_id] for key, seat in self.seats.items()}

    async def says(self, text: str) -> dict[str, list[Reply]]:
        """All at once; what each of them reads."""
        self.clock.advance(seconds=5)
        replies = await asyncio.gather(*(seat.person.says(text) for seat in self.seats.values()))
        return dict(zip(self.seats, replies, strict=True))

    async def goes_back(self) -> None:
        """Everybody is asked what they were asked in the beginning, on an empty page."""
        async with self.running.service.database.write() as connection:
            await connection.execute(outbox.delete().where(outbox.c.channel == "web"))
            for seat in self.seats.values():
                whose = conversations.c.person_id == seat.row["person_id"]
                before = {name: seat.row[name] for name in ("flow", "version", "question", "talk")}
                await connection.execute(conversations.update().where(whose).values(before))


def open_question(row: Mapping[str, Any]) -> str | None:
    stack = json.loads(row["talk"])["stack"]
    return stack[-1]["question"] if stack else None


def kept_answers(row: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of all that is open."""
    return {key: answer for state in json.loads(row["talk"])["stack"] for key, answer in state["answers"].items()}
