"""What the chat must know to write an announcement and to act on one: whom it reaches, who must confirm, its sums."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.job import Job
from bot.core.known import Setup
from bot.flows.announced import SHOWN, Announced, Sums
from bot.flows.announcements import FLOWS, Review
from bot.flows.audiences import Reach
from bot.flows.effects import DropAnnouncement
from bot.rules.audience import Audience
from bot.rules.permissions import Coordinator, may
from storage import announcements, committee
from storage.audit import Entry
from storage.conversations import Spoken, decode_talk
from storage.tables.base import Row

DROP_ANNOUNCEMENT = "drop_announcement"
_AT_THIS_MOMENT = timedelta(hours=1)
_WRITING = frozenset(flow.name for flow in FLOWS)


async def reach_of(connection: AsyncConnection, audience: Audience, coordinator: Coordinator) -> Reach:
    """Whom it reaches now, of those whose business is the coordinator's."""
    found = await announcements.count_audience(connection, audience, category=coordinator.category)
    return Reach(found.by_channel_language, found.recipients, found.opted_out, found.unreachable)


async def composing(connection: AsyncConnection, coordinator: Coordinator, *, now: datetime) -> tuple[str, ...]:
    """Names of the others who are writing an announcement at this moment."""
    talks = await committee.talks_of_others(connection, coordinator.id, since=now - _AT_THIS_MOMENT)
    return tuple(name for name, talk in talks if any(state.flow in _WRITING for state in decode_talk(talk).stack))


async def review_of(connection: AsyncConnection, setup: Setup, coordinator: Coordinator) -> Review:
    """A second coordinator is one who may write to all that this one may write to."""
    reviewers = await reviewers_of(connection, coordinator)
    return Review(setup.review_above, others=bool(reviewers))


async def reviewers_of(connection: AsyncConnection, coordinator: Coordinator) -> Sequence[int]:
    """Ids of the other active coordinators who may write to all that this one may write to."""
    team = await committee.team(connection)
    wide_enough = [each for each in team if each.category in (None, coordinator.category)]
    return [each.id for each in wide_enough if each.id != coordinator.id and may(each, "coordinator")]


async def drop(job: Job, dropped: Sequence[tuple[Spoken, DropAnnouncement]]) -> None:
    for spoken, each in dropped:
        job.note(Entry(DROP_ANNOUNCEMENT, spoken.channel, each.by))


async def announced(connection: AsyncConnection, id_: int, coordinator: Coordinator) -> Announced | None:
    """With its figures, held until the transaction ends: two who act on it at once do so one after the other."""
    if await announcements.hold_announcement(connection, id_) is None:
        return None
    row = await announcements.announcement(connection, id_, category=coordinator.category)
    return await seen(connection, row) if row is not None else None


async def recent(connection: AsyncConnection, coordinator: Coordinator) -> list[Announced]:
    """The newest first."""
    rows = await announcements.recent_announcements(connection, category=coordinator.category, limit=SHOWN)
    return [await seen(connection, row) for row in rows]


async def seen(connection: AsyncConnection, row: Row) -> Announced:
    sums = await announcements.figures(connection, row.id)
    return Announced(
        id=row.id,
        title=row.title,
        state=row.state,
        at=row.created_at,
        due_at=row.due_at,
        by=(row.created_by, row.author) if row.author else None,
        body_ar=row.body_ar,
        body_fr=row.body_fr,
        audience=Audience.from_json(row.audience),
        scope=row.category,
        sums=Sums(**{name: getattr(sums, name) for name in Sums.__slots__}),
    )
