"""Members who are there already: accepted, each reached on Telegram, as rows rather than as dialogues of thirteen messages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import sqlalchemy as sa

from bot.core.folding import fold
from bot.flows.standing import Talk
from storage.conversations import encode_talk
from storage.ids import new_id
from storage.tables import addresses, associations, centres, conversations, people, signups
from tests.conftest import Running
from tests.fakes.people import Person, TelegramPerson

ESSAOUIRA = "07.211.01.05"
"""The census code of the commune."""
_numbers = count(1)


async def join(
    running: Running,
    persons: Sequence[TelegramPerson],
    *,
    category: str = "women_victims_violence",
    wish: str = "yes",
    language: str = "ar",
    status: str = "approved",
    city: str | None = ESSAOUIRA,
) -> None:
    """Each runs a centre of this category, in this commune (its census code), and wants announcements or not."""
    service = running.service
    now = service._clock()
    async with service.database.write() as connection:
        for each in persons:
            name = f"جمعية الرعاية {next(_numbers)}"
            person, association = new_id(), new_id()
            address = new_id()
            whose = {"person_id": person, "created_at": now}
            await connection.execute(
                people.insert().values(id=person, language=language, announcements=wish, created_at=now)
            )
            await connection.execute(
                addresses.insert().values(id=address, channel="telegram", external_id=str(each.id), **whose)
            )
            await connection.execute(
                conversations.insert().values(person_id=person, address_id=address, talk=encode_talk(Talk()), spoke_at=now)
            )
            await connection.execute(
                associations.insert().values(id=association, name=name, name_key=fold(name), created_at=now)
            )
            of = {"association_id": association, "category": category, "created_at": now}
            await connection.execute(
                centres.insert().values(id=new_id(), name=f"مركز {name}", city="الصويرة", city_code=city, **of)
            )
            signed = {"status": status, "language": language, "channel": "telegram", "signed_at": now, "sent_at": now}
            await connection.execute(
                signups.insert().values(id=new_id(), person_id=person, reference=f"R{person}"[-16:], **signed, **of)
            )


async def accept(running: Running, visitor: Person) -> None:
    """Whoever has signed last, at the end of `signs_up`, is accepted."""
    assert visitor.channel == "web"
    newest = sa.select(sa.func.max(signups.c.id)).where(signups.c.channel == "web").scalar_subquery()
    async with running.service.database.write() as connection:
        await connection.execute(signups.update().where(signups.c.id == newest).values(status="approved"))
