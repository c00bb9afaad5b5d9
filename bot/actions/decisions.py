"""Deciding on applications: the committee is told of a new one, a decision is kept, undone, and told to the person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bot.actions import duplicates
from bot.actions.desktop import Desktop
from bot.actions.job import Job
from bot.actions.loading import decision_from
from bot.actions.signups import answers_of
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.flows import decision_news, decisions as flows
from bot.flows.decisions import UNDO_WITHIN, Application, Decision
from bot.flows.effects import Decide, UndoDecision
from storage import committee, decisions, duplicates as stored
from storage.audit import Entry
from storage.conversations import Spoken
from storage.engine import Database
from storage.tables.base import Row


async def announce(job: Job, signups: Sequence[int]) -> None:
    """Show these applications, just signed, to the coordinators whose business they are."""
    roles = ("owner", "coordinator")
    if not signups or not await committee.persons_in_scope(job.connection, category=None, roles=roles):
        return
    for signup in signups:
        row = await decisions.application(job.connection, signup, lock=False)
        if row is None:
            continue
        persons = await committee.persons_in_scope(job.connection, category=row.category, roles=roles)
        if persons:
            await duplicates.compare(job.connection, row, now=job.now)
            similar = await stored.similar_names(job.connection, signup)
            last = await decisions.last_decision(job.connection, signup)
            await job.tell_committee(persons, partial(_ping, application=_application(row, last, tuple(similar))))


async def tell_not_kept(job: Job, signed: Sequence[tuple[int, int]]) -> None:
    """(person, sign-up) of those who signed a change when it was too late for one: what they were just told is not so."""
    for person, signup in signed:
        await job.tell([person], partial(_not_kept, signup=signup))


def _not_kept(_: Known, *, signup: int) -> Outgoing:
    return decision_news.not_kept(signup)


def _application(row: Row, last: Row | None, similar: tuple[str, ...] = ()) -> Application:
    return Application(
        id=row.id,
        status=row.status,
        since=row.signed_at,
        answers=answers_of(row),
        similar=similar,
        decision=decision_from(last) if last else None,
        by_phone=row.source == "phone",
    )


def _ping(known: Known, *, application: Application) -> Outgoing:
    return Outgoing(flows.card(application, known), flows.choices_for(application, may_decide=True))


async def decide(job: Job, decided: Sequence[tuple[Spoken, Decide]]) -> None:
    for spoken, each in decided:
        await decisions.add_decision(
            job.connection,
            signup=each.signup,
            status=each.status,
            coordinator_id=each.by,
            reason=each.reason,
            remark=each.remark,
            reopens=each.reopens,
            decided_at=job.now,
        )
        after = {"status": each.status, "reason": each.reason, "reopens": each.reopens}
        job.note(Entry("decide", spoken.channel, each.by, "signup", each.signup, before={"status": "pending"}, after=after))


async def undo(job: Job, undone: Sequence[tuple[Spoken, UndoDecision]]) -> None:
    """Whoever took the decision hears that somebody else took it back."""
    for spoken, each in undone:
        taken = await decisions.undo_decision(job.connection, each.signup, now=job.now)
        if taken is None:
            continue
        job.note(entry_of("undo_decision", spoken.channel, each.signup, taken.status, by=each.by))
        decider = await committee.person_of(job.connection, taken.coordinator_id) if taken.coordinator_id else None
        if decider is not None and taken.coordinator_id != each.by:
            (by,) = await committee.members(job.connection, [each.by])
            await job.tell_committee([decider], partial(_taken_back, signup=each.signup, by=by.name))


def entry_of(action: str, channel: str, signup: int, status: str, *, by: int | None) -> Entry:
    """A decision that no longer counts, on record."""
    return Entry(action, channel, by, "signup", signup, before={"status": status}, after={"status": "pending"})


def _taken_back(_: Known, *, signup: int, by: str) -> Outgoing:
    return decision_news.taken_back(signup, by)


async def tell_decisions(database: Database, now: datetime, *, desktop: Desktop) -> int:
    """Tell people of decisions that can no longer be undone, each once; how many. In quiet hours nobody is told, and a
    decision can still be undone."""
    if desktop.setup.fit_hour(now) > now:
        return 0
    async with database.write() as connection:
        job = Job(connection, desktop, now)
        rows = await decisions.take_decisions_to_tell(connection, decided_before=now - UNDO_WITHIN, now=now)
        for row in rows:
            found = await decisions.application(connection, row.signup_id, lock=False)
            if found is not None and row.person_id is not None:
                say = partial(_verdict, application=_application(found, None), decision=decision_from(row))
                await job.tell([row.person_id], say)
        return len(rows)


def _verdict(known: Known, *, application: Application, decision: Decision) -> Outgoing:
    return decision_news.verdict(application, decision, known)
