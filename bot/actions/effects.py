"""What conversations want done, carried out for many turns at once: one statement a kind of effect, not one an effect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions import (
    announcements,
    committee,
    decisions,
    duplicates,
    figures,
    help_requests,
    merges,
    phone_entry,
    signups as signup_actions,
)
from bot.actions.desktop import Desktop
from bot.actions.job import Job
from bot.core.flow import State
from bot.flows import signup
from bot.flows.effects import (
    Announce,
    AnswerHelp,
    AskHelp,
    ChangeRole,
    ClaimHelp,
    CloseHelp,
    ControlAnnouncement,
    Decide,
    DropDraft,
    Effect,
    GiveConsent,
    JudgePair,
    KeepCode,
    MakeInvite,
    Merge,
    NoteExport,
    NoteRefusal,
    Nudge,
    OpenDraft,
    PrepareSignup,
    SetActive,
    SetLanguage,
    Submit,
    TestSend,
    UndoDecision,
    UndoMerge,
    WithdrawConsent,
)
from bot.rules.codes import read_code
from storage import people, signups
from storage.conversations import Spoken
from storage.outbox import Owed


@dataclass(frozen=True, slots=True)
class Pending:
    """What one turn of this person wants done."""

    spoken: Spoken
    effects: tuple[Effect, ...]


async def carry_out(connection: AsyncConnection, turns: Sequence[Pending], desktop: Desktop, *, now: datetime) -> list[Owed]:
    """Do it all; a person's turns keep their order. A draft that is opened becomes the subject of the person's talk. The
    messages owed to other people, due now.

    Erasing is not done here: it ends the turn itself.
    """
    job = Job(connection, desktop, now)
    for wave in _waves(turns):
        await _carry_out_wave(job, wave)
    await job.record()
    return job.owed


def _waves(turns: Sequence[Pending]) -> Iterator[list[Pending]]:
    """Groups in which nobody has two turns."""
    wave: list[Pending] = []
    for turn in turns:
        if any(turn.spoken.person == other.spoken.person for other in wave):
            yield wave
            wave = []
        wave.append(turn)
    if wave:
        yield wave


async def _carry_out_wave(job: Job, wave: Sequence[Pending]) -> None:
    by_kind: defaultdict[type, list[tuple[Spoken, Any]]] = defaultdict(list)
    for turn in wave:
        for effect in turn.effects:
            by_kind[type(effect)].append((turn.spoken, effect))
    for kind, of_kind in by_kind.items():
        await _DOERS[kind](job, of_kind)


async def _give_consents(job: Job, given: Sequence[tuple[Spoken, GiveConsent]]) -> None:
    rows = [(spoken.person, each.purpose, each.notice, spoken.language, spoken.channel) for spoken, each in given]
    await people.add_consents(job.connection, rows, now=job.now)
    wishes = [(spoken.person, "yes") for spoken, each in given if each.purpose == "announcements"]
    if wishes:
        await people.set_announcements(job.connection, wishes)


async def _withdraw_consents(job: Job, withdrawn: Sequence[tuple[Spoken, WithdrawConsent]]) -> None:
    whose = [(spoken.person, each.purpose) for spoken, each in withdrawn]
    await people.withdraw_consents(job.connection, whose, now=job.now)
    await people.set_announcements(job.connection, [(spoken.person, "no") for spoken, _ in withdrawn])


async def _set_languages(job: Job, wanted: Sequence[tuple[Spoken, SetLanguage]]) -> None:
    await people.set_languages(job.connection, [(spoken.person, each.language) for spoken, each in wanted])


async def _open_drafts(job: Job, opened: Sequence[tuple[Spoken, OpenDraft]]) -> None:
    openers = [(spoken.person, spoken.language, spoken.channel) for spoken, _ in opened]
    ids = await signups.open_drafts(job.connection, openers, now=job.now)
    for spoken, _ in opened:
        stack = tuple(_about(state, ids[spoken.person]) for state in spoken.talk.stack)
        spoken.talk = replace(spoken.talk, stack=stack)


def _about(state: State, subject: int) -> State:
    return replace(state, subject=subject) if state.flow == signup.NAME else state


async def _drop_drafts(job: Job, dropped: Sequence[tuple[Spoken, DropDraft]]) -> None:
    await signups.drop_drafts(job.connection, [each.signup for _, each in dropped])


async def _submit(job: Job, signed: Sequence[tuple[Spoken, Submit]]) -> None:
    kept, void = await signup_actions.submit(job.connection, signed, job.desktop.setup, now=job.now)
    channels = {each.signup: spoken.channel for spoken, each in signed}
    for id_, status in void.items():
        job.note(decisions.entry_of("void_decision", channels[id_], id_, status, by=None))
    await decisions.announce(job, kept)
    await decisions.tell_not_kept(job, [(spoken.person, each.signup) for spoken, each in signed if each.signup not in kept])


async def _keep_codes(job: Job, kept: Sequence[tuple[Spoken, KeepCode]]) -> None:
    digest = job.desktop.seals.digest
    rows = [(spoken.person, each.kind, digest(read_code(each.code) or each.code), each.expires_at) for spoken, each in kept]
    await people.keep_codes(job.connection, rows)


_DOERS: dict[type, Callable[[Job, Any], Awaitable[None]]] = {
    GiveConsent: _give_consents,
    WithdrawConsent: _withdraw_consents,
    SetLanguage: _set_languages,
    OpenDraft: _open_drafts,
    DropDraft: _drop_drafts,
    Submit: _submit,
    AskHelp: help_requests.ask,
    KeepCode: _keep_codes,
    Decide: decisions.decide,
    UndoDecision: decisions.undo,
    MakeInvite: committee.make_invites,
    ChangeRole: committee.change_roles,
    SetActive: committee.set_active,
    ClaimHelp: help_requests.claim,
    AnswerHelp: help_requests.answer,
    CloseHelp: help_requests.close,
    PrepareSignup: phone_entry.prepare,
    Nudge: figures.nudge,
    JudgePair: duplicates.judge,
    Merge: merges.merge,
    UndoMerge: merges.undo,
    Announce: announcements.announce,
    ControlAnnouncement: announcements.control,
    TestSend: announcements.test_send,
    NoteRefusal: committee.note_refusals,
    NoteExport: committee.note_exports,
}
