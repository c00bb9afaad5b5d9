"""Applications in every state, written as the product would have written them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.flow import Answer, State
from bot.flows.standing import Talk
from bot.rules.references import reference
from storage.conversations import encode_talk
from storage.tables import associations, centres, conversations, people, signups

_ids = count(1)


@dataclass(frozen=True, slots=True)
class Written:
    """An application sent: its centres are (category, city code), the first one first."""

    centres: Sequence[tuple[str, str | None]]
    status: str = "approved"
    name: str = "جمعية أمل للتنمية والتضامن"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A sign-up that stopped at a question; `beneath` is a flow that was open before it."""

    question: str
    category: str | None = None
    name: str | None = "جمعية دار الطالب النور"
    beneath: str | None = None


async def write(connection: AsyncConnection, *wanted: Written | Unfinished, at: datetime) -> list[int]:
    """The persons of these applications, all last touched at that time."""
    persons = []
    for each in wanted:
        person = next(_ids)
        persons.append(person)
        await connection.execute(people.insert(), {"id": person, "language": "ar", "created_at": at})
        talk = _talk(each, person) if isinstance(each, Unfinished) else Talk()
        below = talk.stack[0] if talk.stack else None
        row = {"person_id": person, "talk": encode_talk(talk), "spoke_at": at}
        row |= {"flow": below.flow, "version": 1, "question": below.question} if below else {}
        await connection.execute(conversations.insert(), row)
        signup = {"id": person, "person_id": person, "language": "ar", "channel": "telegram", "created_at": at}
        if isinstance(each, Unfinished):
            await connection.execute(signups.insert(), {**signup, "status": "draft"})
        else:
            await _sent(connection, each, signup, at)
    return persons


def _talk(unfinished: Unfinished, person: int) -> Talk:
    answers = {"consent": Answer("agree")}
    if unfinished.name:
        answers["association"] = Answer(unfinished.name, unfinished.name)
    if unfinished.category:
        answers |= {"centre": Answer("المركز", "المركز"), "category": Answer(unfinished.category, "٢")}
    state = State("signup", 1, unfinished.question, 3, answers, subject=person)
    beneath = (State(unfinished.beneath, 1, "text", 1),) if unfinished.beneath else ()
    return Talk(counter=3, stack=(*beneath, state))


async def _sent(connection: AsyncConnection, written: Written, signup: dict[str, object], at: datetime) -> None:
    person = signup["id"]
    assert isinstance(person, int)
    body = {"id": person, "name": written.name, "name_key": written.name, "president": "فاطمة العلوي"}
    await connection.execute(associations.insert(), {**body, "phone": "+212600000001", "created_at": at})
    rows = [
        {"id": person * 100 + place, "association_id": person, "name": f"مركز {place}", "category": category}
        | {"city": "الصويرة", "city_code": code, "created_at": at}
        for place, (category, code) in enumerate(written.centres, 1)
    ]
    await connection.execute(centres.insert(), rows[::-1])
    more = {"association_id": person, "status": written.status, "reference": reference(person), "signature": "فاطمة العلوي"}
    await connection.execute(signups.insert(), {**signup, **more, "signed_at": at})
