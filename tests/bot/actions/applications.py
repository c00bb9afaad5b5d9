"""Applications in every state, written as the product would have written them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.flow import Answer, State
from bot.flows.standing import Talk
from bot.rules.references import reference
from storage.conversations import encode_talk
from storage.tables import associations, centres, conversations, people, signups

_ids = count(1)


@dataclass(frozen=True, slots=True)
class Written:
    """An application sent: its centres are (category, city code), the first one first: its category is the application's."""

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
    rows: defaultdict[Table, list[dict[str, Any]]] = defaultdict(list)
    persons = [next(_ids) for _ in wanted]
    for person, each in zip(persons, wanted, strict=True):
        rows[people].append({"id": person, "language": "ar", "created_at": at})
        talk = _talk(each, person) if isinstance(each, Unfinished) else Talk()
        below = talk.stack[0] if talk.stack else None
        open_ = {"flow": below and below.flow, "version": below and 1, "question": below and below.question}
        rows[conversations].append({"person_id": person, "talk": encode_talk(talk), "spoke_at": at, **open_})
        rows[signups].append(_signup(each, person, at))
        if isinstance(each, Written):
            body = {"id": person, "name": each.name, "name_key": each.name, "president": "فاطمة العلوي"}
            rows[associations].append({**body, "phone": "+212600000001", "created_at": at})
            rows[centres] += _centres(each, person, at)
    for table in (people, conversations, associations, centres, signups):
        if rows[table]:
            await connection.execute(table.insert(), rows[table])
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


def _signup(each: Written | Unfinished, person: int, at: datetime) -> dict[str, Any]:
    sent = isinstance(each, Written)
    return {
        "id": person,
        "person_id": person,
        "association_id": person if sent else None,
        "status": each.status if isinstance(each, Written) else "draft",
        "category": each.centres[0][0] if isinstance(each, Written) else None,
        "reference": reference(person) if sent else None,
        "language": "ar",
        "channel": "telegram",
        "signature": "فاطمة العلوي" if sent else None,
        "created_at": at,
        "signed_at": at if sent else None,
    }


def _centres(written: Written, person: int, at: datetime) -> list[dict[str, Any]]:
    """The last one first: what counts is the id."""
    rows = [
        {"id": person * 100 + place, "association_id": person, "name": f"مركز {place}", "category": category}
        | {"city": "الصويرة", "city_code": code, "created_at": at}
        for place, (category, code) in enumerate(written.centres, 1)
    ]
    return rows[::-1]
