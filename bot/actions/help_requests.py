"""Requests for a human: shown to the coordinators whose business they are, taken on by one, answered through the bot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.actions.desktop import Desktop
from bot.actions.job import Job
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.core.text import paragraphs, t
from bot.flows import help_requests as flows
from bot.flows.command import go
from bot.flows.effects import AnswerHelp, AskHelp, ClaimHelp, CloseHelp
from bot.flows.help_requests import HelpCard
from storage import committee, help_requests
from storage.audit import Entry
from storage.conversations import Spoken
from storage.engine import Database

REMIND_AFTER = timedelta(days=1)
_WHO_ANSWERS = ("owner", "coordinator")


async def ask(job: Job, asked: Sequence[tuple[Spoken, AskHelp]]) -> None:
    for spoken, each in asked:
        row = await help_requests.add_help_request(
            job.connection, spoken.person, phone=each.phone, text=each.text, stuck_at=each.stuck_at, now=job.now
        )
        card = HelpCard(row.id, job.now, each.phone, each.text, each.stuck_at)
        persons = await committee.persons_in_scope(job.connection, category=row.category, roles=_WHO_ANSWERS)
        await job.tell(persons, partial(_ping, card=card))


def _ping(known: Known, *, card: HelpCard, late: bool = False) -> Outgoing:
    told = flows.card(card, known)
    if late:
        told = paragraphs(t("Nobody has answered this request for a day."), told)
    return Outgoing(told, (go("claim_help", t("I take it on"), card.id),))


async def claim(job: Job, claimed: Sequence[tuple[Spoken, ClaimHelp]]) -> None:
    for spoken, each in claimed:
        await help_requests.change_help_request(
            job.connection, each.request, status="claimed", claimed_by=each.by, claimed_at=job.now
        )
        job.note(Entry("claim_help", spoken.channel, each.by, "help_request", each.request))


async def answer(job: Job, answered: Sequence[tuple[Spoken, AnswerHelp]]) -> None:
    """The person gets the answer with the name of who gives it."""
    for spoken, each in answered:
        row = await help_requests.help_request(job.connection, each.request)
        if row is None:
            continue
        await help_requests.change_help_request(
            job.connection, each.request, status="answered", answer=each.text, closed_at=job.now
        )
        job.note(Entry("answer_help", spoken.channel, each.by, "help_request", each.request))
        await job.tell([row.person_id], partial(_answer, by=row.by, question=row.text, text=each.text))


def _answer(_: Known, *, by: str, question: str | None, text: str) -> Outgoing:
    return flows.answer(by, question, text)


async def close(job: Job, closed: Sequence[tuple[Spoken, CloseHelp]]) -> None:
    for spoken, each in closed:
        await help_requests.change_help_request(job.connection, each.request, status="closed", closed_at=job.now)
        job.note(Entry("close_help", spoken.channel, each.by, "help_request", each.request))


async def remind_of_help(database: Database, now: datetime, *, desktop: Desktop) -> int:
    """Show requests that nobody has answered for a day to their coordinators again, each once; how many."""
    async with database.write() as connection:
        job = Job(connection, desktop, now)
        late = await help_requests.take_unanswered(connection, asked_before=now - REMIND_AFTER, now=now)
        for found in late:
            row = await help_requests.help_request(connection, found.id)
            if row is None:
                continue
            taken_by = (row.claimed_by, row.by) if row.claimed_by is not None else None
            card = HelpCard(row.id, row.asked_at, row.phone, row.text, row.stuck_at, row.association, taken_by)
            persons = await committee.persons_in_scope(connection, category=row.category, roles=_WHO_ANSWERS)
            await job.tell(persons, partial(_ping, card=card, late=True))
        return len(late)
