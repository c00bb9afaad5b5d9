"""The contacts of an association whose applications were joined: what becomes of the others when one of them is erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.job import Job
from bot.actions.merges import both
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.flows import merge_news
from storage import decisions, duplicates, merges, signups
from storage.audit import Entry, Facts
from storage.merges import COLUMNS
from storage.tables.base import Row

_PERSONAL = ("president", "phone", "email")
_BLANK = {"phone_verified": False}


@dataclass(frozen=True, slots=True)
class Heir:
    """Who holds an association's seat from now on: with the sign-up `signup`, in place of `before`."""

    person: int
    signup: int
    before: int
    association: str
    status: str

    def entry(self, channel: str) -> Entry:
        after: Facts = {"status": self.status, "second": self.before}
        return Entry("take_over", channel, None, "signup", self.signup, before={"status": "merged"}, after=after)


async def tell_heirs(job: Job, heirs: Sequence[Heir]) -> None:
    for heir in heirs:
        await job.tell([heir.person], partial(_took_over, signup=heir.signup, association=heir.association))


async def release(connection: AsyncConnection, person: int, *, now: datetime) -> list[Heir]:
    """Loosen what joins a person's applications to others, before the person is erased: nothing of theirs stays with the
    others, and nobody else's seat goes with them. Who holds these seats from now on."""
    heirs: list[Heir] = []
    for signup in await signups.sent_by(connection, person):
        joined, into = await _merges_of(connection, signup)
        others = [row.second_id for row in into] + ([joined.first_id] if joined else [])
        statuses = await signups.lock_status(connection, [signup, *others])
        joined, into = await _merges_of(connection, signup)  # as they stand now that nobody else can change them
        await merges.forget_kept_of(connection, signup)
        if joined is not None:
            await _give_back(connection, joined)
            await merges.point_merges(connection, seat=signup, to=joined.first_id)
            await merges.close_merge(connection, joined.id, now=now)
        elif into:
            heirs += await _hand_on(connection, into, was=statuses[signup], now=now)
    return heirs


async def _merges_of(connection: AsyncConnection, signup: int) -> tuple[Row | None, list[Row]]:
    return await merges.merge_of(connection, signup), await merges.merges_into(connection, signup)


async def _give_back(connection: AsyncConnection, joined: Row) -> None:
    """What the seat's association had from the second person goes: its own old value returns while it is kept. So it does
    further up, where that seat was joined to another, and from what other merges keep."""
    _, second = await both(connection, joined)
    theirs = {value for value in (second.president, second.phone, second.email) if value is not None}
    row: Row | None = joined
    while row is not None:
        await _give_back_one(connection, row, theirs)
        above, beside = await _merges_of(connection, row.first_id)
        for merge in (*beside, *((above,) if above else ())):
            if theirs & {value for values in merges.kept_in(merge).values() for value in values}:
                await merges.forget_kept(connection, merge.id)
        row = above


async def _give_back_one(connection: AsyncConnection, row: Row, theirs: set[str]) -> None:
    first, _ = await both(connection, row)
    now, kept = await merges.association_columns(connection, first.association_id), merges.kept_in(row)
    for columns in (COLUMNS[key] for key in _PERSONAL if key in row.taken.split()):
        if now[columns[0]] in theirs:
            own = columns[0] in kept and kept[columns[0]][0] not in theirs
            old = {column: kept[column][0] if own else _BLANK.get(column) for column in columns}
            await merges.change_association(connection, first.association_id, old)


async def _hand_on(connection: AsyncConnection, into: list[Row], *, was: str, now: datetime) -> list[Heir]:
    """The person who holds the seat leaves: the one who was joined first holds it from now on, with the association's name
    and all its centres. An accepted association stays accepted."""
    rows = await signups.sent_with_centres(connection, [into[0].first_id, *(row.second_id for row in into)])
    heir = next((row for row in rows if row.status == "merged" and row.person_id is not None), None)
    if heir is None:
        return []
    seat, mine = ([row for row in rows if row.id == id_] for id_ in (into[0].first_id, heir.id))
    for rows_of, to in ((seat, heir.association_id), (mine, seat[0].association_id)):
        centres = [row.centre_id for row in rows_of if row.centre_id is not None]
        await merges.move_centres(connection, centres, to=to)
    await merges.take_category(connection, heir.id)
    names = {"name": seat[0].association, "name_key": seat[0].name_key}
    await merges.change_association(connection, heir.association_id, names)
    await merges.set_status(connection, heir.id, "pending", was="merged")
    if was == "approved":
        facts = {"coordinator_id": None, "decided_at": now}
        await decisions.add_decision(connection, signup=heir.id, status="approved", **facts)
    merge = next(row for row in into if row.second_id == heir.id)
    await merges.close_merge(connection, merge.id, now=now)
    await merges.point_merges(connection, seat=seat[0].id, to=heir.id)
    await duplicates.compare_again(connection, [heir.id])
    status = "approved" if was == "approved" else "pending"
    return [Heir(heir.person_id, heir.id, seat[0].id, seat[0].association, status)]


def _took_over(_: Known, *, signup: int, association: str) -> Outgoing:
    return merge_news.took_over(signup, association)
