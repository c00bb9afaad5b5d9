"""The checker outside the product: what people were told, against what the database holds.

Each function returns what is wrong, a line each; nothing when all is well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from storage.conversations import decode_talk
from storage.engine import Database
from storage.tables import (
    addresses,
    associations,
    centres,
    consents,
    conversations,
    inbox,
    outbox,
    parked,
    people,
    signups,
)
from tests.faults.crowd import REPLIES, Applicant, Crowd
from tests.faults.databases import everything_is_sent, looked_into
from tests.faults.product import LEASE_SECONDS, Product

_KEPT = {"consent", "association", "centre", "category", "president", "phone", "email", "city", "signature"}
_SIGNED = sa.select(
    *(signups.c.person_id, associations.c.name, centres.c.name, centres.c.category, associations.c.president),
    *(associations.c.phone, associations.c.email, centres.c.city, signups.c.signature),
).select_from(signups.join(associations).join(centres))


async def lost_answers(database: Database, those: Iterable[Applicant]) -> list[str]:
    """Acknowledged answers that are not stored as they were given."""
    async with database.read() as connection:
        talks = {
            chat: (person, decode_talk(talk))
            for chat, person, talk in await connection.execute(
                sa.select(addresses.c.external_id, addresses.c.person_id, conversations.c.talk).select_from(
                    addresses.join(conversations, conversations.c.person_id == addresses.c.person_id)
                )
            )
        }
        signed = {row[0]: tuple(row[1:]) for row in await connection.execute(_SIGNED)}
        wishes = {
            row.id: row.announcements for row in await connection.execute(sa.select(people.c.id, people.c.announcements))
        }
    lost = []
    for applicant in those:
        person, talk = talks.get(str(applicant.chat), (0, None))
        told = set(applicant.acknowledged)
        if "optin" in told and wishes.get(person) != "yes":
            lost.append(f"{applicant.number}: the wish")
        if person in signed:
            lost += [f"{applicant.number}: {signed[person]}"] if signed[person] != applicant.signs else []
            continue
        draft = talk.draft("signup") if talk else None
        kept = {key: answer.typed for key, answer in draft.answers.items()} if draft else {}
        said = {key: words for key, words in applicant.says.items() if key in told & _KEPT}
        if not said.items() <= kept.items():
            lost.append(f"{applicant.number}: {sorted(said.items() - kept.items())}")
    return lost


async def faults_at_the_end(url: str, product: Product, crowd: Crowd) -> list[str]:
    """Everybody has finished: once all that is owed was sent and the product has ended, what was lost, signed or done
    twice or not at all, what is still owed, and what reached people that should not have or did not."""
    await everything_is_sent(url, within=LEASE_SECONDS + 5)
    await product.ends_cleanly()
    async with looked_into(url) as database:
        return [
            *await lost_answers(database, crowd.people),
            *_wrong_table(await product.exported(), crowd.people),
            *await _wrong_rows(database, crowd.people),
            *(wrong for applicant in crowd.people for wrong in _wrong_replies(crowd, applicant)),
        ]


def _wrong_table(exported: list[dict[str, Any]], applicants: list[Applicant]) -> list[str]:
    """The exported table holds each of them once, signed, and nobody else."""
    found = Counter(
        (
            *(row["status"], row["association"], row["centres"][0]["name"], row["centres"][0]["category"], row["president"]),
            *(row["phone"], row["email"], row["city"], row["signature"], len(row["centres"])),
        )
        for row in exported
    )
    expected = Counter(("pending", *applicant.signs, 1) for applicant in applicants)
    missing, beyond = expected - found, found - expected
    return [f"not in the table: {row}" for row in missing] + [f"too much in the table: {row}" for row in beyond]


async def _wrong_rows(database: Database, applicants: list[Applicant]) -> list[str]:
    wrong = []
    async with database.read() as connection:
        seen = set(await connection.scalars(sa.select(inbox.c.update_id)))
        given = (await connection.execute(sa.select(consents.c.person_id, consents.c.purpose))).all()
        for table in (outbox, parked):
            rows = await connection.scalar(sa.select(sa.func.count()).select_from(table))
            wrong += [f"{table.name} still holds {rows}"] if rows else []
    sent = {str(update) for applicant in applicants for update in applicant.updates}
    wrong += [f"the inbox differs by {seen ^ sent}"] if seen != sent else []
    twice = [each for each, times in Counter(given).items() if times > 1]
    wrong += [f"agreed twice: {twice}"] if twice else []
    wrong += ["agreements are missing"] if len(given) != 2 * len(applicants) else []
    return wrong


def _wrong_replies(crowd: Crowd, applicant: Applicant) -> list[str]:
    """Every reply came, in order; whatever came twice came because of a kill, at most once a kill."""
    texts = crowd.read_by(applicant)
    first = [text for place, text in enumerate(texts) if text not in texts[:place]]
    as_asked = len(first) == len(REPLIES) and all(sign in text for sign, text in zip(REPLIES, first, strict=True))
    wrong = [] if as_asked else [f"{applicant.number} read {[text[:40] for text in first]}"]
    blamed = Counter(kill for _, kill in repeats(crowd, applicant))
    return wrong + [
        f"{applicant.number}: {times} repeats at kill {kill}" for kill, times in blamed.items() if times > 1 or not kill
    ]


def repeats(crowd: Crowd, applicant: Applicant) -> list[tuple[str, int]]:
    """Messages that reached a person again, each with the number (from 1) of the first kill after it had come; 0: none."""
    texts = crowd.read_by(applicant)
    found, last = [], dict[str, int]()
    for place, text in enumerate(texts):
        if text in last:
            kills = (n for n, kill in enumerate(crowd.kills, 1) if last[text] < kill.had.get(applicant.chat, 0) <= place)
            found.append((text, next(kills, 0)))
        last[text] = place
    return found
