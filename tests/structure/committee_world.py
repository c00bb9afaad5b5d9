"""A body with something to see and to decide, and everybody who might try: for the matrix of roles and actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.desktop import Desktop
from bot.actions.duplicates import find_duplicates, load_pair
from bot.flows import announced, decisions, duplicates, figures, help_requests, merges, pairs
from bot.rules.audience import Audience, Part
from bot.rules.permissions import ROLES, Role
from storage import (
    announcements as stored_announcements,
    committee,
    decisions as stored,
    duplicates as stored_pairs,
    merges as stored_merges,
)
from storage.engine import Database
from storage.merges import Moved
from storage.tables import (
    addresses,
    centres,
    conversations,
    deliveries,
    help_requests as requests,
    metadata,
    outbox,
    pairs as pair_rows,
    people,
    signups,
)
from tests.bot.actions.updates import SEALS, open_desk
from tests.bot.core.setting import NOW, SETUP
from tests.fakes.clock import Clock

CATEGORY, ANOTHER = "students_boarding", "older_persons"
SECRETS = ("جمعية دار الطالب النور", "06 00 00 00 02", "06 00 00 00 03", "سؤال لا يراه الجميع")
"""What only members see whose business it is: a name, numbers, words."""
TEAM_SECRETS = ("سعاد العضو",)
"""What only those in charge see."""
OUT_OF_SCOPE = (
    *(decisions.NOT_YOURS, help_requests.NOT_OPEN, figures.NOT_STUCK),
    *(pairs.GONE, duplicates.NOTHING_ALIKE, merges.NOT_JOINED, announced.NOT_YOURS),
)
"""What is said of something that is not in one's scope."""
DESKTOP = Desktop(SETUP, SEALS, sender=None)


@dataclass(frozen=True, slots=True)
class Actor:
    """`address` on Telegram; `role` None: not of the committee. `sees`: applications of CATEGORY are his or her business."""

    name: str
    address: str
    role: Role | None = None
    active: bool = True
    category: str | None = None
    writes_first: bool = False

    @property
    def sees(self) -> bool:
        return self.role is not None and self.active and self.category in (None, CATEGORY)

    def may(self, least: Role) -> bool:
        return self.role is not None and self.active and ROLES.index(self.role) >= ROLES.index(least)


ACTORS = (
    Actor("nobody", "1000", writes_first=True),
    Actor("a person", "1001"),
    Actor("a suspended owner", "1002", "owner", active=False),
    Actor("a suspended coordinator", "1003", "coordinator", active=False),
    Actor("a viewer", "1004", "viewer"),
    Actor("a viewer in scope", "1005", "viewer", category=CATEGORY),
    Actor("a viewer out of scope", "1006", "viewer", category=ANOTHER),
    Actor("a coordinator", "1007", "coordinator"),
    Actor("a coordinator in scope", "1008", "coordinator", category=CATEGORY),
    Actor("a coordinator out of scope", "1009", "coordinator", category=ANOTHER),
    Actor("an owner", "1010", "owner"),
)


@dataclass(frozen=True, slots=True)
class World:
    """Ids: `pending` and `decided` applications, a `help` request, another `member`, a person who is `stuck`; a `pair` to be
    judged that differs in every field, with its `mark`, one that was `judged`, an application that was `joined` to another;
    `announced` are announcements by their state, confirmed by somebody who is none of the actors. `persons` and `places` by
    address. `rows` is the dump of it."""

    pending: int
    decided: int
    help: int
    member: int
    stuck: int
    pair: int
    mark: str
    judged: int
    joined: int
    announced: Mapping[str, int]
    persons: Mapping[str, int]
    places: Mapping[str, int]
    rows: Mapping[str, set[tuple[object, ...]]]


async def made(database: Database) -> World:
    clock = Clock()
    async with open_desk(database, clock, sender=None) as desk:
        for number, phone in (("1", "0600000002"), ("2", "0600000003")):
            answers = (
                "جمعية دار الطالب النور",
                f"دار الطالب {number}",
                "5",
                "إبراهيم أيت علي",
                phone,
                "لا يوجد",
                "تارودانت",
            )
            await desk.dialogue(number, "سلام", "أوافق", *answers, "نعم", "إبراهيم أيت علي", "لا")
        other = ("سعيد أمزيل", "0600000004", "said@example.org", "تارودانت", "نعم", "سعيد أمزيل", "لا")
        await desk.dialogue("4", "سلام", "أوافق", "جمعية الأطلس", "دار الطالب 1", "5", *other)
        await desk.dialogue("5", "سلام", "أوافق", "جمعية الأطلس", "دار الطالب 5", "5", *other)
        accepted = ("أمينة الفاسي", "0600000005", "amina@example.org", "تارودانت", "نعم", "أمينة الفاسي", "نعم")
        await desk.dialogue("6", "سلام", "أوافق", "جمعية السلام", "دار المسنين", "4", *accepted)
        await desk.dialogue("1", "/contact", "سؤال لا يراه الجميع")
        await desk.dialogue("3", "سلام", "أوافق", "جمعية دار الطالب النور", "دار الطالب 3", "5")
        for actor in ACTORS:
            if not actor.writes_first:
                await desk.dialogue(actor.address, "سلام")
        await desk.dialogue("1998", "سلام")
        await desk.dialogue("1999", "سلام")
    await find_duplicates(database, NOW)
    async with database.write() as connection:
        await connection.execute(outbox.delete())
        await _accept(connection)
        found = await connection.execute(sa.select(addresses.c.external_id, addresses.c.person_id))
        persons = {row.external_id: row.person_id for row in found}
        stuck = conversations.c.person_id == persons["3"]
        await connection.execute(conversations.update().where(conversations.c.flow == "signup", ~stuck).values(talk="{}"))
        await connection.execute(conversations.update().where(stuck).values(spoke_at=NOW - timedelta(days=2)))
        places = {}
        for actor in ACTORS:
            if actor.role is not None:
                facts = {"role": actor.role, "category": actor.category}
                places[actor.address] = await committee.add_coordinator(
                    connection, person=persons[actor.address], name=actor.name, now=NOW, **facts
                )
                await committee.change_coordinator(connection, places[actor.address], active=actor.active)
        member = await committee.add_coordinator(
            connection, person=persons["1999"], name=TEAM_SECRETS[0], role="viewer", category=None, now=NOW
        )
        pending, decided, twin, joined, _ = (
            await connection.execute(sa.select(signups.c.id).where(signups.c.status != "draft").order_by(signups.c.id))
        ).scalars()
        await stored.add_decision(
            connection, signup=decided, status="approved", coordinator_id=places["1007"], decided_at=NOW
        )
        author = await committee.add_coordinator(
            connection, person=persons["1998"], name="مريم المنسقة", role="coordinator", category=None, now=NOW
        )
        sent = await _announce(connection, by=author, failed=persons["5"])
        pair, judged, mark = await _compared(connection, pending, decided, twin, by=places["1007"])
        await _join(connection, twin, joined, by=places["1007"])
        help_ = await connection.scalar(sa.select(requests.c.id))
        rows = await dump(connection)
    assert help_ is not None
    return World(pending, decided, help_, member, persons["3"], pair, mark, judged, joined, sent, persons, places, rows)


async def _accept(connection: AsyncConnection) -> None:
    """One member who wants announcements: 6."""
    theirs = sa.select(addresses.c.person_id).where(addresses.c.external_id == "6").scalar_subquery()
    await connection.execute(people.update().where(people.c.id == theirs).values(announcements="yes"))
    await connection.execute(signups.update().where(signups.c.person_id == theirs).values(status="approved"))


async def _announce(connection: AsyncConnection, *, by: int, failed: int) -> dict[str, int]:
    """One announcement in each state, to CATEGORY; each has failed to reach somebody."""
    made = {}
    for state in announced.STATES:
        facts = {"title": "إعلان", "body_ar": "نص الإعلان", "audience": Audience((Part("category", CATEGORY),)).to_json()}
        made[state] = await stored_announcements.add_announcement(
            connection,
            {
                **facts,
                "category": CATEGORY,
                "zone": "Africa/Casablanca",
                "state": state,
                "paused_from": "sending" if state == "paused" else None,
                "created_by": by,
                "created_at": NOW,
                "due_at": NOW,
            },
        )
        lost = {"person_id": failed, "channel": "telegram", "recipient": "5", "language": "ar", "due_at": NOW}
        await connection.execute(
            deliveries.insert().values(announcement_id=made[state], state="failed", reason="refused", **lost)
        )
    return made


async def _compared(connection: AsyncConnection, first: int, other: int, twin: int, *, by: int) -> tuple[int, int, str]:
    """The pair of the first and its twin, which differ in every field, their centre's category too; that of the first and
    the other one, judged; the mark of the pair."""
    described = sa.select(signups.c.association_id).where(signups.c.id == twin).scalar_subquery()
    apart = centres.update().where(centres.c.association_id == described)
    await connection.execute(apart.values(category_other="غير ذلك"))
    await stored_pairs.add_pairs(connection, [(first, twin)])
    await stored_pairs.judge_pair(connection, first, other, verdict="different", by=by, now=NOW)
    of_first = sa.select(pair_rows.c.second_id, pair_rows.c.id).where(pair_rows.c.first_id == first)
    found = {row.second_id: row.id for row in await connection.execute(of_first)}
    pair = await load_pair(connection, found[twin], category=None, lock=False)
    assert pair is not None
    assert pair.differing() == merges.FIELDS
    return pair.id, found[other], pair.mark()


async def _join(connection: AsyncConnection, first: int, second: int, *, by: int) -> None:
    were = {"first_status": "pending", "second_status": "pending"}
    facts = {"first_id": first, "second_id": second, "coordinator_id": by, "merged_at": NOW, "taken": ""}
    await stored_merges.set_status(connection, second, "merged", was="pending")
    await stored_merges.add_merge(connection, moved=Moved(), kept={}, **facts, **were)


async def dump(connection: AsyncConnection) -> dict[str, set[tuple[object, ...]]]:
    """Every row of every table, but for where people stand and what was seen of the channel."""
    own = {"inbox", "outbox", "conversations", "people", "addresses"}
    tables = [table for table in metadata.sorted_tables if table.name not in own]
    return {table.name: {tuple(row) for row in await connection.execute(sa.select(table))} for table in tables}
