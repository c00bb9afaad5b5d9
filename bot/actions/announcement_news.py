"""Who is told of an announcement besides its recipients: a second coordinator who must confirm it, its author afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bot.actions import announcements as announcement_actions, audiences
from bot.actions.desktop import Desktop
from bot.actions.job import Job
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.flows import announced as flows
from bot.flows.effects import Announce, ControlAnnouncement
from bot.rules.audience import Audience
from storage import announcements, audiences as audience_queries, committee, deliveries
from storage.conversations import Spoken
from storage.engine import Database
from storage.tables.base import Row

LISTED = 20
"""How many of those that were not reached the report names."""


async def announce(job: Job, made: Sequence[tuple[Spoken, Announce]]) -> None:
    """Keep what was confirmed; where it needs a second coordinator, all who may be that one are asked."""
    await announcement_actions.announce(job, made)
    for _, each in made:
        if each.needs_review:
            await _ask_for_review(job, each)


async def _ask_for_review(job: Job, made: Announce) -> None:
    (author,) = await committee.members(job.connection, [made.by])
    newest = await announcements.recent_announcements(job.connection, category=author.category, limit=flows.SHOWN)
    row = next(row for row in newest if row.created_by == made.by and row.state == "waiting")
    found = await audiences.seen(job.connection, row)
    rendered = announcement_actions.rendered(job.desktop.setup, made.body_ar, made.body_fr, now=job.now)
    texts = [rendered.ar, rendered.fr] if made.body_fr is not None else [rendered.ar]
    reach = await announcements.count_audience(job.connection, Audience.from_json(row.audience), category=author.category)
    reviewers = await audiences.reviewers_of(job.connection, author)
    persons = [await committee.person_of(job.connection, each) for each in reviewers]
    say = partial(_review, found=found, texts=texts, recipients=reach.recipients)
    await job.tell_committee([person for person in persons if person is not None], say)


def _review(known: Known, *, found: flows.Announced, texts: Sequence[str], recipients: int) -> Outgoing:
    return flows.review_asked(found, texts, recipients, known)


async def control(job: Job, wanted: Sequence[tuple[Spoken, ControlAnnouncement]]) -> None:
    """Do it; the author hears what a second coordinator has said."""
    await announcement_actions.control(job, wanted)
    for _, each in wanted:
        if each.action in ("approve", "cancel"):
            await _tell_author(job, each)


async def _tell_author(job: Job, wanted: ControlAnnouncement) -> None:
    row = await announcements.hold_announcement(job.connection, wanted.announcement)
    if row is None or row.created_by in (None, wanted.by):
        return
    confirmed = row.approved_by == wanted.by
    if not confirmed and row.state != "cancelled":
        return
    (by,) = await committee.members(job.connection, [wanted.by])
    author = await committee.person_of(job.connection, row.created_by)
    if author is not None:
        await job.tell_committee([author], partial(_reviewed, row=row, by=by.name, confirmed=confirmed))


def _reviewed(_: Known, *, row: Row, by: str, confirmed: bool) -> Outgoing:
    return flows.reviewed(row.id, row.title, by, confirmed=confirmed)


async def tell_reports(database: Database, now: datetime, *, desktop: Desktop) -> int:
    """Tell its author what became of an announcement that is over, once; how many."""
    async with database.read() as connection:
        over = [row.id for row in await deliveries.open_announcements(connection) if row.state in ("done", "stopped")]
    told = 0
    for id_ in over:
        async with database.write() as connection:
            told += await _report(Job(connection, desktop, now), id_)
    return told


async def _report(job: Job, id_: int) -> int:
    """0: it was told already, goes on again, or something of it is still in a sender's hands."""
    held = await announcements.hold_announcement(job.connection, id_)
    over = held is not None and held.told_at is None and held.state in ("done", "stopped")
    if held is None or not over or await deliveries.is_waiting(job.connection, id_):
        return 0
    row = await announcements.announcement(job.connection, id_, category=None)
    author = await committee.person_of(job.connection, held.created_by) if held.created_by is not None else None
    await announcements.change_announcement(job.connection, id_, told_at=job.now)
    if row is not None and author is not None:
        found = await audiences.seen(job.connection, row)
        unreached = await audience_queries.unreached(job.connection, id_, limit=LISTED)
        await job.tell_committee([author], partial(_told, found=found, unreached=unreached))
    return 1


def _told(known: Known, *, found: flows.Announced, unreached: Sequence[str]) -> Outgoing:
    return flows.report(found, unreached, known)
