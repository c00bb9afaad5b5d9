"""The rounds of the races: as many as are asked for, each with exactly one effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

import sqlalchemy as sa

from bot.actions.committee import invite
from bot.core.flow import State
from bot.core.messages import Address
from bot.flows.catalogue import FLOWS
from bot.flows.standing import Talk
from bot.rules.codes import INVITE, code_from
from bot.rules.references import reference
from storage import people, signups
from storage.conversations import encode_talk
from storage.tables import addresses, audit_entries, conversations, coordinators, decisions, invites
from tests.fakes.people import TelegramPerson
from tests.races.processes import Race

AT_ONCE = 50
_WELCOME, _USED = "أصبحتم عضوا في فريق التنسيق.", "تعذر قبول هذا الرمز"
_DECIDED, _TOO_LATE = "تم تسجيل القرار", "سبق البت في الطلب"
_codes = count(5_000_000_001)


async def claims(race: Race, *, rounds: int) -> str:
    """Fifty people send one code at once: one is let in, 49 read one polite sentence. The figures."""
    for number in range(1, rounds + 1):
        crowd = [race.somebody() for _ in range(AT_ONCE)]
        code = await _code(race, "viewer")
        await race.at_once([person.message(text=f"/start {code}") for person in crowd])
        told = await race.replies(crowd)
        assert sum(text.startswith(_WELCOME) for text in told) == 1, f"round {number}"
        assert sum(text.startswith(_USED) for text in told) == AT_ONCE - 1, f"round {number}"
        assert await _counts(race, "join") == (number, number, number), f"round {number}"
    return f"{rounds} codes, {AT_ONCE} claims each at once on {len(race.urls)} processes: {rounds} let in"


async def _code(race: Race, role: str) -> str:
    code, now = code_from(INVITE, next(_codes)), datetime.now(UTC)
    await invite(race.database, race.seals, name="حسن", role=role, category=None, code=code, now=now)
    return code


async def _counts(race: Race, action: str) -> tuple[int, int, int]:
    """Members, codes used, entries on record."""
    async with race.database.read() as connection:
        members = await connection.scalar(sa.select(sa.func.count()).select_from(coordinators))
        used = await connection.scalar(sa.select(sa.func.count()).where(invites.c.used_at.is_not(None)))
        noted = await connection.scalar(sa.select(sa.func.count()).where(audit_entries.c.action == action))
    return members or 0, used or 0, noted or 0


async def decided_at_once(race: Race, *, rounds: int) -> str:
    """Fifty coordinators decide on one application at once, some to accept, some to refuse: one decision is kept, 49 read
    who was faster. The figures."""
    team = await _team(race)
    persons = await _persons(race, team)
    applicant = await _applicant(race)
    for number in range(1, rounds + 1):
        signup = await _application(race, applicant, number)
        presses = await _all_are_asked(race, persons, signup, step=number)
        await race.at_once([person.press(presses[person.id]) for person in team])
        told = await race.replies(team)
        assert sum(text.startswith(_DECIDED) for text in told) == 1, f"round {number}"
        assert sum(text.startswith(_TOO_LATE) for text in told) == AT_ONCE - 1, f"round {number}"
        assert await _decisions(race, signup) == (1, 1), f"round {number}"
    return f"{rounds} applications, {AT_ONCE} decisions each at once on {len(race.urls)} processes: {rounds} kept"


_LAST = {"approve": ("sure", "=yes"), "refuse": ("reason", "=cannot_reach")}


async def _all_are_asked(race: Race, persons: Mapping[int, int], signup: int, *, step: int) -> dict[int, str]:
    """Everybody stands at the last question of deciding, every other one to refuse; the button that decides, for each."""
    presses = {}
    async with race.database.write() as connection:
        for place, (person_id, person) in enumerate(persons.items()):
            flow = FLOWS["approve" if place % 2 else "refuse"]
            question, value = _LAST[flow.name]
            talk = Talk(counter=step, stack=(State(flow.name, flow.version, question, step, subject=signup),))
            mine = conversations.c.person_id == person
            await connection.execute(conversations.update().where(mine).values(talk=encode_talk(talk)))
            presses[person_id] = race.seals.seal(f"{flow.name}:{step}:{value}", owner=str(person))
    return presses


async def _team(race: Race) -> list[TelegramPerson]:
    team = [race.somebody() for _ in range(AT_ONCE)]
    codes = [await _code(race, "coordinator") for _ in team]
    await race.at_once([person.message(text=f"/start {code}") for person, code in zip(team, codes, strict=True)])
    told = await race.replies(team)
    assert all(text.startswith(_WELCOME) for text in told)
    return team


async def _persons(race: Race, team: Sequence[TelegramPerson]) -> dict[int, int]:
    async with race.database.read() as connection:
        rows = await connection.execute(sa.select(addresses.c.external_id, addresses.c.person_id))
        found = {row.external_id: row.person_id for row in rows}
    return {person.id: found[str(person.id)] for person in team}


async def _applicant(race: Race) -> int:
    """Somebody whom no process writes to: only the committee is looked at."""
    async with race.database.write() as connection:
        (made,) = await people.add_people(connection, [(Address("web", "applicant"), "ar")], now=datetime.now(UTC))
        return made.person


async def _application(race: Race, person: int, number: int) -> int:
    now = datetime.now(UTC)
    async with race.database.write() as connection:
        ids = await signups.open_drafts(connection, [(person, "ar", "web")], now=now)
        signing = signups.Signing(
            signup=ids[person],
            application=signups.Application(
                association=f"جمعية السباق {number}",
                centre=f"مركز السباق {number}",
                category="students_boarding",
                category_other=None,
                president="إبراهيم أيت علي",
                phone="+212600000002",
                phone_verified=False,
                email=None,
                city="تارودانت",
                city_code=None,
                signature="إبراهيم أيت علي",
                signer_role=None,
            ),
            reference=reference(ids[person]),
            language="ar",
            channel="web",
        )
        await signups.submit(connection, [signing], now=now)
    return ids[person]


async def _decisions(race: Race, signup: int) -> tuple[int, int]:
    """Decisions kept, and entries on record."""
    async with race.database.read() as connection:
        kept = await connection.scalar(sa.select(sa.func.count()).where(decisions.c.signup_id == signup))
        noted = await connection.scalar(
            sa.select(sa.func.count()).where(audit_entries.c.action == "decide", audit_entries.c.subject_id == signup)
        )
    return kept or 0, noted or 0
