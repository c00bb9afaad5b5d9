"""The committee: letting somebody in by a one-time code, changing roles; every change told to those in charge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.job import Job
from bot.core.known import Known
from bot.core.messages import Address, Outgoing
from bot.core.seals import Seals
from bot.core.text import Sayable, Text, lines, t
from bot.flows.catalogue import commands_for
from bot.flows.command import AREA
from bot.flows.committee import ALREADY_IN, INVITE_LASTS, SUSPENDED, TEAM, described
from bot.flows.effects import ChangeRole, MakeInvite, NoteExport, NoteRefusal, SetActive
from bot.flows.standing import Outcome
from bot.rules.codes import read_code
from bot.rules.permissions import Coordinator, may
from storage import audit, committee, outbox, people
from storage.audit import Entry
from storage.conversations import Spoken
from storage.engine import Database


async def make_invites(job: Job, made: Sequence[tuple[Spoken, MakeInvite]]) -> None:
    for spoken, each in made:
        digest = job.desktop.seals.digest(read_code(each.code) or each.code)
        invite = await committee.add_invite(
            job.connection,
            digest=digest,
            name=each.name,
            role=each.role,
            category=each.category,
            invited_by=each.by,
            expires_at=each.expires_at,
        )
        after = {"role": each.role, "category": each.category, "name": job.desktop.seals.digest(each.name)}
        job.note(Entry("invite", spoken.channel, each.by, "invite", invite, after=after))


async def invite(
    database: Database, seals: Seals, *, name: str, role: str, category: str | None, code: str, now: datetime
) -> None:
    """Keep a code that the command line shows; its digest is all that stays."""
    async with database.write() as connection:
        id_ = await committee.add_invite(
            connection,
            digest=seals.digest(read_code(code) or code),
            name=name,
            role=role,
            category=category,
            invited_by=None,
            expires_at=now + INVITE_LASTS,
        )
        after = {"role": role, "category": category, "name": seals.digest(name)}
        await audit.add_entries(connection, [Entry("invite", "cli", None, "invite", id_, after=after)], now=now)


async def claim(job: Job, spoken: Spoken, code: str) -> Coordinator | Text | None:
    """Let the speaker in with this code, and say who he or she is now; None when the code does not work (any more).

    Somebody who is in already is only ever raised by a code. One that would not raise is not used up, and the answer is
    a sentence: it was made for somebody else. Who is suspended comes back by the word of somebody in charge, not by a code.
    """
    known = await committee.coordinator_of(job.connection, spoken.person)
    digest = job.desktop.seals.digest(code)
    if known is not None and not known.active:
        job.note(Entry("refused", spoken.channel, known.id, "person", spoken.person, after={"action": "join"}))
        return SUSPENDED
    if known is not None:
        found = await committee.invite_of(job.connection, digest, now=job.now)
        if found is not None and replace(known, role=found.role, category=found.category).rank <= known.rank:
            return ALREADY_IN(line=described(known))
    invite = await committee.use_invite(job.connection, digest, now=job.now)
    if invite is None:
        return None
    facts = {"role": invite.role, "category": invite.category}
    if known is None:
        id_ = await committee.add_coordinator(job.connection, person=spoken.person, name=invite.name, now=job.now, **facts)
    else:
        id_ = known.id
        await committee.change_coordinator(job.connection, id_, **facts)
    joined = Coordinator(id_, known.name if known else invite.name, invite.role, invite.category)
    job.note(Entry("join", spoken.channel, id_, "coordinator", id_, after=facts))
    await _tell_owners(job, joined, but=id_)
    return joined


async def with_commands(connection: AsyncConnection, person: int, outcome: Outcome) -> Outcome:
    """The outcome with a member's list of commands told anew, in the language that the replies are in."""
    member = await committee.coordinator_of(connection, person)
    if member is None or not member.active or not outcome.replies:
        return outcome
    first, *others = outcome.replies
    return replace(outcome, replies=(replace(first, commands=commands_for(member)), *others))


async def change_roles(job: Job, changed: Sequence[tuple[Spoken, ChangeRole]]) -> None:
    for spoken, each in changed:
        before = await _member(job, each.coordinator)
        facts = {"role": each.role, "category": each.category}
        await committee.change_coordinator(job.connection, each.coordinator, **facts)
        was = {"role": before.role, "category": before.category}
        job.note(Entry("change_role", spoken.channel, each.by, "coordinator", each.coordinator, before=was, after=facts))
        await _tell_change(job, each.coordinator, by=each.by)


async def set_active(job: Job, changed: Sequence[tuple[Spoken, SetActive]]) -> None:
    for spoken, each in changed:
        await committee.change_coordinator(job.connection, each.coordinator, active=each.active)
        facts = {"before": {"active": not each.active}, "after": {"active": each.active}}
        done = "reinstate" if each.active else "suspend"
        job.note(Entry(done, spoken.channel, each.by, "coordinator", each.coordinator, **facts))
        await _tell_change(job, each.coordinator, by=each.by)


async def may_still_have(database: Database, reader: Address, categories: frozenset[str] | None) -> bool:
    """May whoever is reached there have a table of these categories (None: all), now that it is made?"""
    async with database.read() as connection:
        coordinator = await committee.coordinator_at(connection, reader)
    if coordinator is None or not may(coordinator, "coordinator"):
        return False
    return coordinator.category is None or (categories is not None and categories <= {coordinator.category})


async def note_refusals(job: Job, refused: Sequence[tuple[Spoken, NoteRefusal]]) -> None:
    for spoken, each in refused:
        job.note(Entry("refused", spoken.channel, each.by, "person", spoken.person, after={"action": each.action}))


async def note_exports(job: Job, taken: Sequence[tuple[Spoken, NoteExport]]) -> None:
    for spoken, each in taken:
        job.note(Entry(each.action, spoken.channel, each.by))


async def _member(job: Job, coordinator: int) -> Coordinator:
    return next(each for each in await committee.team(job.connection) if each.id == coordinator)


async def _tell_change(job: Job, coordinator: int, *, by: int) -> None:
    """The other owners hear of it, and the person concerned, whose list of commands changes with it. What waits for a fit
    hour for that person was made for the place he or she had: it goes."""
    member = await _member(job, coordinator)
    await _tell_owners(job, member, but=by)
    person = await committee.person_of(job.connection, coordinator)
    if person is not None:
        await outbox.erase_messages(job.connection, await people.addresses_of(job.connection, person), lane=outbox.COMMITTEE)
        await job.tell([person], partial(_your_place, member=member))


async def _tell_owners(job: Job, member: Coordinator, *, but: int) -> None:
    owners = await committee.owners_persons(job.connection, but=(but, member.id))
    await job.tell_committee(owners, partial(_team_changed, member=member))


def _team_changed(_: Known, *, member: Coordinator) -> Outgoing:
    return Outgoing(t("The team has changed.\n{line}")(line=described(member)), (TEAM, AREA))


def _your_place(_: Known, *, member: Coordinator) -> Outgoing:
    if not member.active:
        return Outgoing(SUSPENDED, commands=())
    return welcome(member, t("Your place in the coordination team has changed."))


def welcome(member: Coordinator, say: Sayable) -> Outgoing:
    """Said to somebody who has just got a role; the channel's list of commands changes with it."""
    return Outgoing(lines(say, described(member)), (AREA,), commands=commands_for(member))
