"""What conversations want done, carried out for many turns at once: one statement a kind of effect, not one an effect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions import signups as signup_actions
from bot.actions.desktop import Desktop
from bot.core.flow import State
from bot.flows import signup
from bot.flows.effects import (
    AskHelp,
    DropDraft,
    Effect,
    GiveConsent,
    KeepCode,
    OpenDraft,
    SetLanguage,
    Submit,
    WithdrawConsent,
)
from bot.rules.codes import read_code
from storage import help_requests, people, signups
from storage.conversations import Spoken


@dataclass(frozen=True, slots=True)
class Pending:
    """What one turn of this person wants done."""

    spoken: Spoken
    effects: tuple[Effect, ...]


async def carry_out(connection: AsyncConnection, turns: Sequence[Pending], desktop: Desktop, *, now: datetime) -> None:
    """Do it all; a person's turns keep their order. A draft that is opened becomes the subject of the person's talk.

    Erasing is not done here: it ends the turn itself.
    """
    for wave in _waves(turns):
        await _carry_out_wave(connection, wave, desktop, now=now)


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


async def _carry_out_wave(connection: AsyncConnection, wave: Sequence[Pending], desktop: Desktop, *, now: datetime) -> None:
    by_kind: defaultdict[type, list[tuple[Spoken, Any]]] = defaultdict(list)
    for turn in wave:
        for effect in turn.effects:
            by_kind[type(effect)].append((turn.spoken, effect))
    job = _Job(connection, desktop, now)
    for kind, of_kind in by_kind.items():
        await _DOERS[kind](job, of_kind)


@dataclass(frozen=True, slots=True)
class _Job:
    connection: AsyncConnection
    desktop: Desktop
    now: datetime


async def _give_consents(job: _Job, given: Sequence[tuple[Spoken, GiveConsent]]) -> None:
    rows = [(spoken.person, each.purpose, each.notice, spoken.language, spoken.channel) for spoken, each in given]
    await people.add_consents(job.connection, rows, now=job.now)
    wishes = [(spoken.person, "yes") for spoken, each in given if each.purpose == "announcements"]
    if wishes:
        await people.set_announcements(job.connection, wishes)


async def _withdraw_consents(job: _Job, withdrawn: Sequence[tuple[Spoken, WithdrawConsent]]) -> None:
    whose = [(spoken.person, each.purpose) for spoken, each in withdrawn]
    await people.withdraw_consents(job.connection, whose, now=job.now)
    await people.set_announcements(job.connection, [(spoken.person, "no") for spoken, _ in withdrawn])


async def _set_languages(job: _Job, wanted: Sequence[tuple[Spoken, SetLanguage]]) -> None:
    await people.set_languages(job.connection, [(spoken.person, each.language) for spoken, each in wanted])


async def _open_drafts(job: _Job, opened: Sequence[tuple[Spoken, OpenDraft]]) -> None:
    openers = [(spoken.person, spoken.language, spoken.channel) for spoken, _ in opened]
    ids = await signups.open_drafts(job.connection, openers, now=job.now)
    for spoken, _ in opened:
        stack = tuple(_about(state, ids[spoken.person]) for state in spoken.talk.stack)
        spoken.talk = replace(spoken.talk, stack=stack)


def _about(state: State, subject: int) -> State:
    return replace(state, subject=subject) if state.flow == signup.NAME else state


async def _drop_drafts(job: _Job, dropped: Sequence[tuple[Spoken, DropDraft]]) -> None:
    await signups.drop_drafts(job.connection, [each.signup for _, each in dropped])


async def _submit(job: _Job, signed: Sequence[tuple[Spoken, Submit]]) -> None:
    await signup_actions.submit(job.connection, signed, job.desktop.setup, now=job.now)


async def _ask_help(job: _Job, asked: Sequence[tuple[Spoken, AskHelp]]) -> None:
    rows = [(spoken.person, each.phone, each.text, each.stuck_at) for spoken, each in asked]
    await help_requests.add_help_requests(job.connection, rows, now=job.now)


async def _keep_codes(job: _Job, kept: Sequence[tuple[Spoken, KeepCode]]) -> None:
    digest = job.desktop.seals.digest
    rows = [(spoken.person, each.kind, digest(read_code(each.code) or each.code), each.expires_at) for spoken, each in kept]
    await people.keep_codes(job.connection, rows)


_DOERS: dict[type, Callable[[_Job, Any], Awaitable[None]]] = {
    GiveConsent: _give_consents,
    WithdrawConsent: _withdraw_consents,
    SetLanguage: _set_languages,
    OpenDraft: _open_drafts,
    DropDraft: _drop_drafts,
    Submit: _submit,
    AskHelp: _ask_help,
    KeepCode: _keep_codes,
}
