"""Joining two applications of one association: done, undone, told to the two persons, forgotten; and what happens to a merge
when one of them is erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.desktop import Desktop
from bot.actions.duplicates import load_pair
from bot.actions.job import Job
from bot.actions.signups import answers_of
from bot.core.engine import show
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.core.text import Value
from bot.flows import merge_news, pairs
from bot.flows.categories import label
from bot.flows.effects import Merge, UndoMerge
from bot.flows.merge_news import News
from bot.flows.merges import TELL_AFTER, UNDO_WITHIN, Joined
from bot.flows.pairs import Pair
from storage import decisions, duplicates, merges, signups
from storage.audit import Entry, Facts
from storage.conversations import Spoken
from storage.engine import Database
from storage.merges import COLUMNS, Kept, Moved
from storage.tables.base import Row

_MOST_SHOWN = 10
_RANK = ("needs_correction", "pending", "approved")


async def merge(job: Job, merged: Sequence[tuple[Spoken, Merge]]) -> None:
    """The first keeps the seat, with the better standing of the two; the second is `merged`."""
    for spoken, each in merged:
        pair = await load_pair(job.connection, each.pair, category=None, lock=True)
        if pair is None:
            raise LookupError("the pair is gone")
        first, second = pair.first, pair.second
        kept, moved = await _change_first(job.connection, pair, each.taken)
        status = max(first.status, second.status, key=_RANK.index)
        await merges.set_status(job.connection, second.id, "merged", was=second.status)
        await merges.set_status(job.connection, first.id, status, was=first.status)
        if status == "approved" and first.status != "approved":
            await decisions.add_acceptance(job.connection, first.id, by=each.by, now=job.now)
        facts = {"first_id": first.id, "second_id": second.id, "taken": " ".join(each.taken)}
        were = {"first_status": first.status, "second_status": second.status}
        by = {"coordinator_id": each.by, "merged_at": job.now}
        await merges.add_merge(job.connection, moved=moved, kept=kept, **facts, **were, **by)
        await duplicates.judge_pair(job.connection, first.id, second.id, verdict="same", by=each.by, now=job.now)
        await duplicates.compare_again(job.connection, [first.id])
        after: Facts = {"status": status, "second": second.id, "taken": " ".join(each.taken)}
        job.note(Entry("merge", spoken.channel, each.by, "signup", first.id, before=were, after=after))


async def _change_first(connection: AsyncConnection, pair: Pair, taken: Sequence[str]) -> tuple[Kept, Moved]:
    """Give the first association the values taken from the second and the centres it has not; both values of whatever
    differed, and which centres moved."""
    mine, theirs = [row.association_id for row in await both(connection, pair)]
    one, other = [await merges.association_columns(connection, each) for each in (mine, theirs)]
    differing = [column for key in pair.differing() if key in COLUMNS for column in COLUMNS[key]]
    kept: dict[str, tuple[Any, Any]] = {column: (one[column], other[column]) for column in differing}
    chosen = [column for key in taken if key in COLUMNS for column in COLUMNS[key]]
    await merges.change_association(connection, mine, {column: other[column] for column in chosen})
    if pair.disputed is not None:
        centre, its_twin = pair.disputed
        kept |= {"category": (centre.category, its_twin.category), "category_other": (centre.other, its_twin.other)}
        if "category" in taken:
            await merges.set_category(connection, centre.id, its_twin.category, its_twin.other)
    moves = await merges.move_centres(connection, [each.id for each in pair.moving], to=mine)
    return kept, Moved(moves, pair.disputed[0].id if pair.disputed else None)


async def both(connection: AsyncConnection, of: Row | Pair) -> tuple[Row, Row]:
    """The two applications of a merge, as they are now."""
    ids = (of.first.id, of.second.id) if isinstance(of, Pair) else (of.first_id, of.second_id)
    first, second = [await signups.sent_signup(connection, id_) for id_ in ids]
    if first is None or second is None:
        raise LookupError("an application that was joined is gone")
    return first, second


async def undo(job: Job, undone: Sequence[tuple[Spoken, UndoMerge]]) -> None:
    """Both are what they were. What has changed since the merge stays: a value that is not the merge's any more, a
    decision, a signature."""
    for spoken, each in undone:
        row = await merges.merge_of(job.connection, each.second)
        if row is None:
            raise LookupError("the merge does not stand")
        first, second = await both(job.connection, row)
        await _restore_first(job.connection, row, first.association_id)
        await merges.return_centres(job.connection, merges.moved_in(row).ids, to=second.association_id)
        await merges.set_status(job.connection, row.second_id, row.second_status, was="merged")
        status = await _restore_status(job.connection, row, first, now=job.now)
        await merges.close_merge(job.connection, row.id, now=job.now)
        await duplicates.judge_pair(job.connection, row.first_id, row.second_id, verdict=None, by=None, now=job.now)
        await duplicates.compare_again(job.connection, [row.first_id, row.second_id])
        facts = {"before": {"status": first.status, "second": row.second_id}, "after": {"status": status}}
        job.note(Entry("undo_merge", spoken.channel, each.by, "signup", row.first_id, **facts))
        if row.told_at is not None:
            for mine, other in ((first, second), (second, first)):
                if mine.person_id is not None:
                    await job.tell([mine.person_id], partial(_undone, mine=mine.id, other=other.id))


async def _restore_first(connection: AsyncConnection, row: Row, association: int) -> None:
    kept, taken = merges.kept_in(row), row.taken.split()
    now = await merges.association_columns(connection, association)
    for columns in (COLUMNS[key] for key in taken if key in COLUMNS):
        if now[columns[0]] == kept[columns[0]][1]:
            await merges.change_association(connection, association, {column: kept[column][0] for column in columns})
    disputed = merges.moved_in(row).disputed
    if disputed is not None and "category" in taken:
        before, after = zip(kept["category"], kept["category_other"], strict=True)
        if await merges.category_of(connection, disputed) == after:
            await merges.set_category(connection, disputed, *before)


async def _restore_status(connection: AsyncConnection, row: Row, first: Row, *, now: datetime) -> str:
    """What the first application is after the undo: its old standing, unless it was signed or decided on since."""
    status: str = first.status
    if status == row.first_status:
        return status
    if status == "approved" and row.first_status != "approved":
        if not await decisions.drop_acceptance(connection, first.id, of=row.merged_at, now=now):
            return status
    elif status != "pending" or (first.sent_at is not None and first.sent_at > row.merged_at):
        return status
    await merges.set_status(connection, first.id, row.first_status, was=status)
    return str(row.first_status)


def _undone(_: Known, *, mine: int, other: int) -> Outgoing:
    return merge_news.undone(mine, other)


async def load_merge(connection: AsyncConnection, second: int, *, category: str | None) -> Joined | None:
    """The merge of this application, where both are of this category (None: of any), both held until the transaction ends;
    None when it does not stand."""
    row = await merges.merge_of(connection, second)
    if row is None:
        return None
    await signups.lock_status(connection, (row.first_id, row.second_id))
    row = await merges.merge_of(connection, second)
    if row is None:
        return None
    first, other = await both(connection, row)
    if any(category not in (None, each.category) for each in (first, other)):
        return None
    joined = _joined(row, first.association)
    return replace(joined, later=await merges.merge_after(connection, row.id, row.first_id))


async def recent_merges(connection: AsyncConnection, *, category: str | None, now: datetime) -> list[Joined]:
    """The newest ones that can still be undone, where both applications are of this category (None: of any)."""
    rows = await merges.undoable_merges(connection, category=category, since=now - UNDO_WITHIN, limit=_MOST_SHOWN)
    return [_joined(row, row.association) for row in rows]


def _joined(row: Row, association: str) -> Joined:
    return Joined(
        first=row.first_id,
        second=row.second_id,
        association=association,
        at=row.merged_at,
        by=(row.coordinator_id, row.by) if row.coordinator_id is not None else None,
        kept=row.kept is not None,
        told=row.told_at is not None,
    )


async def tell_merges(database: Database, now: datetime, *, desktop: Desktop) -> int:
    """Tell both persons of merges made two minutes ago, each once; how many merges."""
    async with database.write() as connection:
        job = Job(connection, desktop, now)
        rows = await merges.take_merges_to_tell(connection, merged_before=now - TELL_AFTER, now=now)
        for row in rows:
            first, second = await both(connection, row)
            disputed = merges.moved_in(row).disputed
            category = await merges.category_of(connection, disputed) if disputed is not None else None
            to_first = partial(_to_first, row=row, first=first, category=category[0] if category else None)
            for side, say in ((first, to_first), (second, partial(_to_second, row=row, first=first))):
                if side.person_id is not None:
                    await job.tell([side.person_id], say)
        return len(rows)


def _to_first(known: Known, *, row: Row, first: Row, category: str | None) -> Outgoing:
    answers, taken = answers_of(first), row.taken.split()
    values: dict[str, Value] = {
        key: show(question, answers[key], known) for key, question in pairs.QUESTIONS.items() if key in taken
    }
    if "category" in taken and category is not None:
        values["category"] = label(category)
    accepted = first.status == "approved" and row.first_status != "approved"
    return merge_news.to_first(News(row.first_id, row.second_id, first.association, values, accepted))


def _to_second(_: Known, *, row: Row, first: Row) -> Outgoing:
    return merge_news.to_second(News(row.first_id, row.second_id, first.association))


async def forget_merges(database: Database, now: datetime) -> int:
    """Delete the values kept of merges that can no longer be undone; how many."""
    async with database.write() as connection:
        return await merges.forget_old_kept(connection, before=now - UNDO_WITHIN)
