"""Figures: counted for one reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.job import Job
from bot.core import calendar
from bot.core.known import Known, Setup
from bot.core.messages import Outgoing
from bot.flows.effects import Nudge
from bot.flows.figures import Report, Stopped, nudge as reminder
from bot.reports.chart import picture
from bot.reports.figures import (
    DAYS,
    JOINED,
    STUCK_AFTER,
    Figures,
    days_since,
    figures,
    question_label,
    report_chart,
    report_text,
)
from bot.reports.members import members_table
from bot.rules.permissions import Coordinator
from storage import audit, figures as stored, people
from storage.audit import Entry
from storage.conversations import Spoken
from storage.figures import Stuck

NUDGE = "nudge"
NUDGE_EVERY = timedelta(days=1)
_LISTED = 8


async def count_figures(
    connection: AsyncConnection, setup: Setup, categories: frozenset[str] | None, *, now: datetime
) -> Figures:
    """What the applications of these categories come to; None: all of them. Some 0.2 s with 100,000 applications."""
    at = now.astimezone(setup.zone)
    days = calendar.last_days(at, DAYS)
    signed = await stored.count_signed(connection, categories, statuses=JOINED, days=[start for _, start in days])
    return figures(
        at=at,
        sent=[tuple(row) for row in await stored.count_sent(connection, categories)],
        drafts=[tuple(row) for row in await stored.count_drafts(connection, categories, silent_since=now - STUCK_AFTER)],
        days=[(day, count) for (day, _), count in zip(days, signed, strict=True)],
        regions=setup.places.regions,
        whole=categories is None,
    )


async def report_for(connection: AsyncConnection, setup: Setup, coordinator: Coordinator, known: Known) -> Report:
    """The figures of what a coordinator may see, as text and picture, and the table that goes with them."""
    categories = categories_of(coordinator)
    counted = await count_figures(connection, setup, categories, now=known.now)
    chart = picture(report_chart(counted), known.speech, name="nidaa.png")
    return Report(report_text(counted), chart, members_table(categories, known.speech, now=known.now))


def categories_of(coordinator: Coordinator) -> frozenset[str] | None:
    return None if coordinator.category is None else frozenset((coordinator.category,))


async def stopped_people(
    connection: AsyncConnection, coordinator: Coordinator, *, now: datetime, person: int | None = None
) -> list[Stopped]:
    """Whose sign-up is stuck, those who stopped last first; or that person alone, if that is one of them."""
    categories = categories_of(coordinator)
    if person is None:
        found = await stuck_people(connection, categories, now=now, limit=_LISTED)
    else:
        one = await stored.stuck_person(connection, person, categories, silent_since=now - STUCK_AFTER)
        found = [one] if one else []
    ids = [each.person for each in found]
    nudged = await audit.subjects_of(connection, NUDGE, ids, since=now - NUDGE_EVERY)
    wishes = await people.wishes_of(connection, ids)
    return [
        Stopped(
            person=each.person,
            association=each.association,
            question=question_label(each.question),
            ago=days_since(each.since, now),
            nudged=each.person in nudged,
            no_reminders=wishes.get(each.person) == "no",
        )
        for each in found
    ]


async def nudge(job: Job, nudged: Sequence[tuple[Spoken, Nudge]]) -> None:
    """Remind people whose sign-up stopped, each where it stopped."""
    for spoken, each in nudged:
        one = await stored.stuck_person(job.connection, each.person, None, silent_since=job.now - STUCK_AFTER)
        if one is not None:
            say = partial(_reminder, association=one.association, question=one.question or "")
            await job.tell([each.person], say)
            job.note(Entry(NUDGE, spoken.channel, each.by, "person", each.person))


def _reminder(_: Known, *, association: str | None, question: str) -> Outgoing:
    return reminder(association, question)


async def stuck_people(
    connection: AsyncConnection,
    categories: frozenset[str] | None,
    *,
    now: datetime,
    limit: int,
    after: Stuck | None = None,
) -> list[Stuck]:
    """Whose sign-up is stuck, those who stopped last first; `after`: the last one of the page before."""
    behind = (after.since, after.person) if after else None
    return await stored.stuck_people(connection, categories, silent_since=now - STUCK_AFTER, limit=limit, after=behind)
