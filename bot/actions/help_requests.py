"""Requests for a human: shown to the coordinators whose business they are, taken on by one, answered through the bot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bot.actions.desktop import Desktop
from bot.actions.job import Job
from bot.core.flow import State
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.core.text import paragraphs, t
from bot.flows import help_requests as flows, signup
from bot.flows.command import go
from bot.flows.effects import AnswerHelp, AskHelp, ClaimHelp, CloseHelp
from bot.flows.help_requests import ANSWER_WITHIN, HelpCard
from storage import committee, conversations, help_requests
from storage.audit import Entry
from storage.conversations import Spoken
from storage.engine import Database
from storage.tables.base import Row

_WHO_ANSWERS = ("owner", "coordinator")


async def ask(job: Job, asked: Sequence[tuple[Spoken, AskHelp]]) -> None:
    for spoken, each in asked:
        draft = spoken.talk.draft(signup.NAME)
        row = await help_requests.add_help_request(
            job.connection,
            spoken.person,
            phone=each.phone,
            text=each.text,
            stuck_at=each.stuck_at,
            category=draft.answers["category"].value if draft and "category" in draft.answers else None,
            now=job.now,
        )
        await _show(job, row.id, draft=draft)


async def _show(job: Job, request: int, *, draft: State | None = None, late: bool = False) -> None:
    """Show a request to the coordinators whose business it is."""
    row = await help_requests.help_request(job.connection, request)
    if row is not None:
        persons = await committee.persons_in_scope(job.connection, category=row.category, roles=_WHO_ANSWERS)
        await job.tell_committee(persons, partial(_ping, card=card_from(row, now=job.now, draft=draft), late=late))


def card_from(row: Row, *, now: datetime, draft: State | None = None, waiting: int = 0) -> HelpCard:
    """A stored request as the committee sees it. `draft` is the sign-up as it is in this turn, where it may have moved on
    from what is stored."""
    if draft is None and row.talk:
        draft = conversations.decode_talk(row.talk).draft(signup.NAME)
    answered = draft.answers.get("association") if draft else None
    by = (row.claimed_by, row.by or "") if row.claimed_by is not None else None
    return HelpCard(
        id=row.id,
        asked_at=row.asked_at,
        phone=row.phone,
        text=row.text,
        stuck_at=row.stuck_at,
        association=row.association or (answered.value if answered else None),
        claimed_by=by,
        lapsed=by is not None and (not row.by_active or row.claimed_at <= now - ANSWER_WITHIN),
        closed=row.closed_at is not None,
        waiting=waiting,
    )


def _ping(known: Known, *, card: HelpCard, late: bool) -> Outgoing:
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
        late = await help_requests.take_unanswered(connection, asked_before=now - ANSWER_WITHIN, now=now)
        for request in late:
            await _show(job, request, late=True)
        return len(late)
