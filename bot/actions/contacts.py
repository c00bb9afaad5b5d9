"""The contacts of an association whose applications were joined: what becomes of the others when one of them is erased."""

from __future__ import annotations

from functools import partial

from bot.actions.job import Job
from bot.actions.merges import both
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.flows import merge_news
from storage import decisions, duplicates, merges, signups
from storage.audit import Entry
from storage.merges import COLUMNS
from storage.tables.base import Row

_PERSONAL = ("president", "phone", "email")
_BLANK = {"phone_verified": False}


async def release(job: Job, person: int, *, channel: str) -> None:
    """Loosen what joins a person's applications to others, before the person is erased: nothing of theirs stays with the
    others, and nobody else's seat goes with them."""
    for signup in await signups.sent_by(job.connection, person):
        joined, into = await _merges_of(job, signup)
        others = [row.second_id for row in into] + ([joined.first_id] if joined else [])
        statuses = await signups.lock_status(job.connection, [signup, *others])
        joined, into = await _merges_of(job, signup)  # as they stand now that nobody else can change them
        await merges.forget_kept_of(job.connection, signup)
        if joined is not None:
            await _give_back(job, joined)
            await merges.point_merges(job.connection, seat=signup, to=joined.first_id)
            await merges.close_merge(job.connection, joined.id, now=job.now)
        elif into:
            await _hand_on(job, into, was=statuses[signup], channel=channel)


async def _merges_of(job: Job, signup: int) -> tuple[Row | None, list[Row]]:
    return await merges.merge_of(job.connection, signup), await merges.merges_into(job.connection, signup)


async def _give_back(job: Job, joined: Row) -> None:
    """What the seat's association had from the second person goes: its own old value returns while it is kept. So it does
    further up, where that seat was joined to another, and from what other merges keep."""
    _, second = await both(job.connection, joined)
    theirs = {value for value in (second.president, second.phone, second.email) if value is not None}
    row: Row | None = joined
    while row is not None:
        await _give_back_one(job, row, theirs)
        above, beside = await _merges_of(job, row.first_id)
        for merge in (*beside, *((above,) if above else ())):
            if theirs & {value for values in merges.kept_in(merge).values() for value in values}:
                await merges.forget_kept(job.connection, merge.id)
        row = above


async def _give_back_one(job: Job, row: Row, theirs: set[str]) -> None:
    first, _ = await both(job.connection, row)
    now, kept = await merges.association_columns(job.connection, first.association_id), merges.kept_in(row)
    for columns in (COLUMNS[key] for key in _PERSONAL if key in row.taken.split()):
        if now[columns[0]] in theirs:
            own = columns[0] in kept and kept[columns[0]][0] not in theirs
            old = {column: kept[column][0] if own else _BLANK.get(column) for column in columns}
            await merges.change_association(job.connection, first.association_id, old)


async def _hand_on(job: Job, into: list[Row], *, was: str, channel: str) -> None:
    """The person who holds the seat leaves: the one who was joined first holds it from now on, with the association's name
    and all its centres. An accepted association stays accepted."""
    rows = await signups.sent_with_centres(job.connection, [into[0].first_id, *(row.second_id for row in into)])
    heir = next((row for row in rows if row.status == "merged" and row.person_id is not None), None)
    if heir is None:
        return
    seat, mine = ([row for row in rows if row.id == id_] for id_ in (into[0].first_id, heir.id))
    for rows_of, to in ((seat, heir.association_id), (mine, seat[0].association_id)):
        centres = [row.centre_id for row in rows_of if row.centre_id is not None]
        await merges.move_centres(job.connection, centres, to=to)
    await merges.take_category(job.connection, heir.id)
    names = {"name": seat[0].association, "name_key": seat[0].name_key}
    await merges.change_association(job.connection, heir.association_id, names)
    await merges.set_status(job.connection, heir.id, "pending", was="merged")
    if was == "approved":
        facts = {"coordinator_id": None, "decided_at": job.now}
        await decisions.add_decision(job.connection, signup=heir.id, status="approved", **facts)
    merge = next(row for row in into if row.second_id == heir.id)
    await merges.close_merge(job.connection, merge.id, now=job.now)
    await merges.point_merges(job.connection, seat=seat[0].id, to=heir.id)
    await duplicates.compare_again(job.connection, [heir.id])
    after = {"status": "approved" if was == "approved" else "pending", "before": seat[0].id}
    job.note(Entry("take_over", channel, None, "signup", heir.id, before={"status": "merged"}, after=after))
    await job.tell([heir.person_id], partial(_took_over, signup=heir.id, association=seat[0].association))


def _took_over(_: Known, *, signup: int, association: str) -> Outgoing:
    return merge_news.took_over(signup, association)
