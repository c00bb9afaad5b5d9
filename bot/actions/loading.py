"""What a conversation said it needs, loaded by name in the turn's transaction. What is out of the speaker's scope is not
there for him or her."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions import (
    announcements as announcement_actions,
    audiences,
    duplicates as duplicate_actions,
    figures,
    merges as merge_actions,
    signups as signup_actions,
)
from bot.actions.help_requests import card_from
from bot.actions.people import held
from bot.core.known import Known, Setup
from bot.flows import announcements as composed, decisions as flows
from bot.flows.announced import Announced
from bot.flows.audiences import Reach
from bot.flows.audit import SHOWN, AuditEntry
from bot.flows.committee import Member
from bot.flows.figures import Report, Stopped
from bot.flows.help_requests import HelpCard
from bot.flows.merges import Joined
from bot.flows.pairs import Pair
from bot.flows.routing import COMMITTEE, Aim, Need, Running, act, forbidden
from bot.flows.standing import Standing, Talk
from bot.rules.permissions import Coordinator, in_scope, may
from storage import audit, committee, decisions, duplicates, help_requests, merges, signups
from storage.tables.base import Row


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who asks, for what, and about which row; `loaded` holds what was loaded before."""

    connection: AsyncConnection
    standing: Standing
    aim: Aim
    known: Known
    setup: Setup
    subject: int | None = None
    loaded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def coordinator(self) -> Coordinator:
        """The member of the committee who asks; those needs are loaded for nobody else."""
        found: Coordinator = self.loaded[COMMITTEE]
        return found

    @property
    def talk_after(self) -> Talk:
        """Where the conversation will be after this turn, as far as that can be told without what is being loaded. A command
        leaves what is open as it is, or ends it."""
        if isinstance(self.aim, Running):
            return self.standing.talk
        return act(self.standing, self.aim, replace(self.known, loaded=self.loaded)).talk


async def load(
    connection: AsyncConnection, needs: Sequence[Need], standing: Standing, aim: Aim, *, known: Known, setup: Setup
) -> dict[str, Any]:
    """What was asked for, by name. Somebody who may not do what was asked is loaded nothing of it."""
    loaded: dict[str, Any] = {}
    for need in needs:
        wanted = Wanted(connection, standing, aim, known, setup, need.subject, loaded)
        if need.name in _FOR_THE_COMMITTEE and not may(loaded.get(COMMITTEE), "viewer"):
            continue
        loaded[need.name] = await _LOADERS[need.name](wanted)
        if need.name == COMMITTEE and forbidden(standing, aim, replace(known, loaded=loaded)) is not None:
            break
    return loaded


async def _coordinator(wanted: Wanted) -> Coordinator | None:
    return await committee.coordinator_of(wanted.connection, wanted.standing.person)


async def _request(wanted: Wanted) -> Any:  # noqa: ANN401 -- each loader has a type of its own
    return await signup_actions.latest_request(wanted.connection, wanted.standing.person)


async def _held(wanted: Wanted) -> Any:  # noqa: ANN401
    request = await signup_actions.latest_request(wanted.connection, wanted.standing.person)
    return await held(wanted.connection, wanted.standing, request, wanted.known)


async def _counts(wanted: Wanted) -> dict[str, int]:
    category = wanted.coordinator.category
    counts = await decisions.count_by_status(wanted.connection, category=category)
    return {**counts, "help": await help_requests.count_open(wanted.connection, category=category)}


async def _next_application(wanted: Wanted) -> flows.Application | None:
    category = wanted.coordinator.category
    found = await decisions.next_pending(wanted.connection, category=category, after=wanted.subject or 0)
    row = await decisions.application(wanted.connection, found, lock=False) if found is not None else None
    if row is None:
        return None
    waiting = await decisions.count_pending(wanted.connection, category=category, most=flows.MOST_COUNTED)
    return await _application_of(wanted, row, waiting=waiting)


async def _application(wanted: Wanted) -> flows.Application | None:
    if wanted.subject is None:
        return None
    row = await decisions.application(wanted.connection, wanted.subject, lock=True)
    if row is None or row.status == "withdrawn" or not in_scope(wanted.coordinator, row.category):
        return None
    return await _application_of(wanted, row, waiting=0)


async def _application_of(wanted: Wanted, row: Row, *, waiting: int) -> flows.Application:
    connection = wanted.connection
    last = await decisions.last_decision(connection, row.id)
    joined = await merges.merge_of(connection, row.id) if row.status == "merged" else None
    await duplicate_actions.compare_in_part(connection, row)
    return flows.Application(
        id=row.id,
        status=row.status,
        since=row.signed_at,
        answers=signup_actions.answers_of(row),
        similar=tuple(await duplicates.similar_names(connection, row.id)),
        decision=decision_from(last) if last else None,
        waiting=waiting,
        by_phone=row.source == "phone",
        joined=flows.Joining(joined.first_id, joined.by, joined.merged_at) if joined else None,
        contacts=await _contacts(connection, row.id),
    )


async def _contacts(connection: AsyncConnection, signup: int) -> tuple[flows.Contact, ...]:
    """Those whose applications were joined to this one, or to one that was, and who are still there."""
    found: list[flows.Contact] = []
    for merge in await merges.merges_into(connection, signup):
        row = await signups.sent_signup(connection, merge.second_id)
        if row is not None and row.signature is not None:
            found.append(flows.Contact(row.signature, row.phone))
        found.extend(await _contacts(connection, merge.second_id))
    return tuple(found)


def decision_from(row: Row) -> flows.Decision:
    return flows.Decision(
        status=row.status,
        by=row.by,
        at=row.decided_at,
        reason=row.reason,
        remark=row.remark,
        reopens=row.reopens,
        told=row.told_at is not None,
    )


async def _pair(wanted: Wanted) -> Pair | None:
    if wanted.subject is None:
        return None
    return await duplicate_actions.load_pair(
        wanted.connection, wanted.subject, category=wanted.coordinator.category, lock=True
    )


async def _next_pair(wanted: Wanted) -> Pair | None:
    return await duplicate_actions.next_pair(wanted.connection, category=wanted.coordinator.category, after=wanted.subject)


async def _pair_of_application(wanted: Wanted) -> Pair | None:
    if wanted.subject is None:
        return None
    return await duplicate_actions.next_pair(wanted.connection, category=wanted.coordinator.category, of=(wanted.subject,))


async def _merge(wanted: Wanted) -> Joined | None:
    if wanted.subject is None:
        return None
    return await merge_actions.load_merge(wanted.connection, wanted.subject, category=wanted.coordinator.category)


async def _merges(wanted: Wanted) -> list[Joined]:
    return await merge_actions.recent_merges(wanted.connection, category=wanted.coordinator.category, now=wanted.known.now)


async def _next_help_request(wanted: Wanted) -> HelpCard | None:
    category = wanted.coordinator.category
    found = await help_requests.next_open(wanted.connection, category=category, after=wanted.subject or 0)
    if found is None:
        return None
    return await _help_card(wanted, found, waiting=await help_requests.count_open(wanted.connection, category=category))


async def _help_request(wanted: Wanted) -> HelpCard | None:
    return await _help_card(wanted, wanted.subject, waiting=0) if wanted.subject is not None else None


async def _help_card(wanted: Wanted, request: int, *, waiting: int) -> HelpCard | None:
    row = await help_requests.help_request(wanted.connection, request)
    if row is None or not in_scope(wanted.coordinator, row.category):
        return None
    return card_from(row, now=wanted.known.now, waiting=waiting)


async def _team(wanted: Wanted) -> list[Member]:
    return [Member(each) for each in await committee.team(wanted.connection)]


async def _member(wanted: Wanted) -> Member | None:
    return await _place_of(wanted, wanted.subject)


async def _place(wanted: Wanted) -> Member | None:
    """That of the speaker."""
    return await _place_of(wanted, wanted.coordinator.id)


async def _place_of(wanted: Wanted, coordinator: int | None) -> Member | None:
    owners = await committee.lock_owners(wanted.connection)
    everybody = await committee.team(wanted.connection)
    found = next((each for each in everybody if each.id == coordinator), None)
    return Member(found, last_owner=owners == [found.id]) if found else None


async def _report(wanted: Wanted) -> Report:
    return await figures.report_for(wanted.connection, wanted.setup, wanted.coordinator, wanted.known)


async def _stuck(wanted: Wanted) -> list[Stopped]:
    return await figures.stopped_people(wanted.connection, wanted.coordinator, now=wanted.known.now)


async def _stopped(wanted: Wanted) -> Stopped | None:
    found = await figures.stopped_people(
        wanted.connection, wanted.coordinator, now=wanted.known.now, person=wanted.subject or 0
    )
    return found[0] if found else None


async def _reach(wanted: Wanted) -> Reach | None:
    audience = composed.counts_for(wanted.talk_after)
    return await audiences.reach_of(wanted.connection, audience, wanted.coordinator) if audience else None


async def _rendered(wanted: Wanted) -> Any:  # noqa: ANN401
    texts = composed.drafted(wanted.talk_after)
    return announcement_actions.rendered(wanted.setup, *texts, now=wanted.known.now) if texts else None


async def _composing(wanted: Wanted) -> tuple[str, ...]:
    return await audiences.composing(wanted.connection, wanted.coordinator, now=wanted.known.now)


async def _review(wanted: Wanted) -> composed.Review:
    return await audiences.review_of(wanted.connection, wanted.setup, wanted.coordinator)


async def _announcements(wanted: Wanted) -> list[Announced]:
    return await audiences.recent(wanted.connection, wanted.coordinator)


async def _announcement(wanted: Wanted) -> Announced | None:
    if wanted.subject is None:
        return None
    return await audiences.announced(wanted.connection, wanted.subject, wanted.coordinator)


async def _audit(wanted: Wanted) -> list[AuditEntry]:
    """One more than is shown: whether there are older ones."""
    rows = await audit.newest_entries(wanted.connection, limit=SHOWN + 1, before=wanted.subject)
    return [
        AuditEntry(
            id=row.id,
            at=row.at,
            action=row.action,
            channel=row.channel,
            actor=row.actor,
            signup=row.subject_id if row.subject == "signup" else None,
            whom=row.whom,
            before=audit.facts_from(row.before),
            after=audit.facts_from(row.after),
        )
        for row in rows
    ]


_LOADERS: dict[str, Callable[[Wanted], Awaitable[Any]]] = {
    COMMITTEE: _coordinator,
    "request": _request,
    "held": _held,
    "counts": _counts,
    "next_application": _next_application,
    "application": _application,
    "next_help_request": _next_help_request,
    "help_request": _help_request,
    "team": _team,
    "member": _member,
    "report": _report,
    "stuck": _stuck,
    "stopped": _stopped,
    "place": _place,
    "audit": _audit,
    "pair": _pair,
    "next_pair": _next_pair,
    "pair_of_application": _pair_of_application,
    "merge": _merge,
    "merges": _merges,
    "reach": _reach,
    "rendered": _rendered,
    "composing": _composing,
    "review": _review,
    "announcements": _announcements,
    "announcement": _announcement,
}
_FOR_THE_COMMITTEE = frozenset(_LOADERS) - {COMMITTEE, "request", "held"}
