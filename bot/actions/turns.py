"""Turns: updates in, conversations moved, replies owed — all in the transaction that was handed in."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions import claims, committee, people as people_actions
from bot.actions.desktop import LEASE, Desktop, Taken
from bot.actions.effects import Pending, carry_out
from bot.actions.job import Job
from bot.actions.loading import load
from bot.actions.notices import told
from bot.core.bidi import clean
from bot.core.known import Known
from bot.core.messages import Address, FromGroup, Incoming, Outgoing, Pressed, Typed
from bot.core.text import Text, t
from bot.flows import moves, routing
from bot.flows.effects import Erase
from bot.flows.standing import Outcome, Standing, Talk
from bot.rules.codes import INVITE, PREPARED, RESUME
from storage import conversations, inbox, outbox, people
from storage.conversations import Spoken
from storage.outbox import Owed


@dataclass(slots=True)
class _Batch:
    connection: AsyncConnection
    desktop: Desktop
    now: datetime
    spoken: dict[Address, Spoken] = field(default_factory=dict)
    new: set[Address] = field(default_factory=set)
    moved: dict[int, Spoken] = field(default_factory=dict)
    owed: list[Owed] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    others: list[Owed] = field(default_factory=list)


async def take_turns(
    connection: AsyncConnection, updates: Sequence[Incoming], desktop: Desktop, *, now: datetime
) -> list[Taken]:
    """Take updates in their order, one result each. Several of one person follow each other; a repeat ends at the inbox.

    Conversations are locked in the order of their persons until the transaction ends.
    """
    unseen = await inbox.record_updates(connection, [(u.address.channel, u.update_id) for u in updates], now=now)
    batch = _Batch(connection, desktop, now)
    await _load(batch, [u for u in updates if (u.address.channel, u.update_id) in unseen])
    results = []
    for update in updates:
        key = (update.address.channel, update.update_id)
        if key not in unseen:
            results.append(Taken(repeat=True))
            continue
        unseen.discard(key)
        results.append(await _take(batch, update))
    await _do_pending(batch)
    if batch.moved:
        await conversations.save_conversations(connection, list(batch.moved.values()), now=now)
    if batch.owed:
        await outbox.owe(connection, batch.owed, now=now, sender=desktop.sender, lease=LEASE)
    if batch.others:
        results[-1] = replace(results[-1], others=tuple(batch.others))
    return results


async def _load(batch: _Batch, updates: Iterable[Incoming]) -> None:
    wanted = {u.address: u.language for u in updates if not isinstance(u.content, FromGroup)}
    persons: dict[int, Spoken] = {}
    for channel in sorted({address.channel for address in wanted}):
        ids = [address.id for address in wanted if address.channel == channel]
        for found in await conversations.load_spoken(batch.connection, channel, ids, sender=batch.desktop.sender):
            found.talk = persons.setdefault(found.person, found).talk
            batch.spoken[Address(found.channel, found.external_id)] = found
    newcomers = [(address, _first_language(batch, hint)) for address, hint in wanted.items() if address not in batch.spoken]
    if newcomers:
        for found in await people.add_people(batch.connection, newcomers, now=batch.now):
            address = Address(found.channel, found.external_id)
            batch.spoken[address] = found
            batch.new.add(address)


def _first_language(batch: _Batch, hint: str | None) -> str:
    """What the channel says of the sender's language, to two letters; without a word, the first we speak."""
    return hint[:2].casefold() if hint else batch.desktop.setup.languages[0]


async def _take(batch: _Batch, update: Incoming) -> Taken:
    if isinstance(update.content, FromGroup):
        return _owe(batch, update, None, Outcome(_NO_TALK, (Outgoing(routing.GROUP),)))
    if update.address not in batch.spoken:  # erased by an earlier message of this batch
        await _load(batch, [update])
    spoken = batch.spoken[update.address]
    before = batch.moved.get(spoken.person)
    if before is not None and before is not spoken:  # the same person at another address, earlier in this batch
        await _do_pending(batch)
        spoken.talk = before.talk
    if spoken.gone:
        await people.revive_address(batch.connection, spoken.address)
    code = people_actions.code_in(update.content, RESUME, PREPARED, INVITE)
    if code is not None:
        return await (_join if code.startswith(INVITE) else _redeem)(batch, update, spoken, code)
    return await _converse(batch, update, spoken, update.content)


_NO_TALK = Talk()


async def _converse(
    batch: _Batch,
    update: Incoming,
    spoken: Spoken,
    content: Any,  # noqa: ANN401 -- any Content
    *,
    arrives: bool = False,
) -> Taken:
    """Route one message, load what it needs, carry out what it leads to. `arrives`: the person is new at this address."""
    known = _known(batch, spoken)
    standing = _standing(spoken, new=update.address in batch.new)
    batch.new.discard(update.address)
    heard = _unsealed(batch, spoken, content)
    aim = routing.aim(standing, heard, known)
    needs = routing.needs(standing, aim)
    if needs and not standing.new:
        await _do_pending(batch)
        known = replace(
            known, loaded=await load(batch.connection, needs, standing, aim, known=known, setup=batch.desktop.setup)
        )
        aim = routing.aim(standing, heard, known)  # what an answer is may depend on what was loaded
    number, claim = routing.shared_number(standing, aim), routing.claims(standing, aim)
    if number is not None or claim is not None:
        await _do_pending(batch)
        found = await claims.load(batch.connection, standing, known, number=number, claim=claim)
        known = replace(known, loaded={**known.loaded, **found})
    outcome = routing.act(standing, aim, known)
    if arrives or outcome.language is not None:
        outcome = await committee.with_commands(batch.connection, spoken.person, outcome)
    return await _carry_out(batch, update, spoken, outcome)


async def _do_pending(batch: _Batch) -> None:
    """Do what the turns so far want done, before rows are read that may depend on it, and at the end."""
    turns, batch.pending = batch.pending, []
    if turns:
        batch.others += await carry_out(batch.connection, turns, batch.desktop, now=batch.now)


async def _redeem(batch: _Batch, update: Incoming, spoken: Spoken, code: str) -> Taken:
    """A resume code moves this address to the person who was given it, and from then on that person is speaking; the code of
    a prepared sign-up makes it this person's."""
    await _do_pending(batch)
    known, standing = _known(batch, spoken), _standing(spoken, new=False)
    owner, outcome = await people_actions.redeem(batch.connection, standing, spoken, known, code, desktop=batch.desktop)
    batch.new.discard(update.address)
    if outcome is not None:
        return await _carry_out(batch, update, spoken, outcome)
    assert owner is not None
    batch.moved.pop(spoken.person, None)
    owner.talk = batch.moved[owner.person].talk if owner.person in batch.moved else owner.talk
    batch.spoken[update.address] = owner
    batch.new.discard(update.address)
    return await _converse(batch, update, owner, Typed("/start"), arrives=True)


async def _join(batch: _Batch, update: Incoming, spoken: Spoken, code: str) -> Taken:
    """A code that lets the speaker into the committee."""
    await _do_pending(batch)
    known, standing = _known(batch, spoken), _standing(spoken, new=False)
    waits = people_actions.must_wait(standing, known)
    if waits is not None:
        return await _carry_out(batch, update, spoken, waits)
    batch.new.discard(update.address)
    job = Job(batch.connection, batch.desktop, batch.now)
    joined = await committee.claim(job, spoken, code)
    await job.record()
    batch.others += job.owed
    match joined:
        case None:
            outcome = people_actions.wrong_code(standing, known)
        case Text():
            outcome = moves.ask_again(standing.talk, known, (joined,))
        case _:
            welcome = committee.welcome(joined, t("You are now in the coordination team."))
            outcome = Outcome(replace(standing.talk, tries=0, tries_until=None), (welcome,))
    return await _carry_out(batch, update, spoken, outcome)


async def _carry_out(batch: _Batch, update: Incoming, spoken: Spoken, outcome: Outcome) -> Taken:
    spoken.talk = outcome.talk
    spoken.language = outcome.language or spoken.language
    taken = _owe(batch, update, spoken, outcome)
    if any(isinstance(effect, Erase) for effect in outcome.effects):
        await _do_pending(batch)
        job = Job(batch.connection, batch.desktop, batch.now)
        await people_actions.erase(job, spoken, farewell=[each.id for each in taken.owed])
        await job.record()
        batch.others += job.owed
        batch.moved.pop(spoken.person, None)
        batch.spoken.pop(update.address, None)
        return taken
    if outcome.effects:
        batch.pending.append(Pending(spoken, outcome.effects))
    batch.moved[spoken.person] = spoken
    return taken


def _owe(batch: _Batch, update: Incoming, spoken: Spoken | None, outcome: Outcome) -> Taken:
    channel, recipient = update.address.channel, update.address.id
    desktop = batch.desktop
    language = spoken.language if spoken else _first_language(batch, update.language)
    speech = desktop.setup.speech(language, channel)
    owner = str(spoken.person) if spoken else ""
    leased = desktop.sender is not None and channel not in desktop.pages and not (spoken and spoken.owes)
    replies = []
    for place, outgoing in enumerate(outcome.replies):
        message = told(outgoing, speech, desktop.seals, owner)
        if channel in desktop.pages and place == 0:
            message = replace(message, heard=_heard(update), heard_id=update.update_id)
        replies.append(outbox.owed(channel, recipient, message, leased=leased))
    batch.owed.extend(replies)
    return Taken(owed=tuple(replies))


def _heard(update: Incoming) -> str | None:
    match update.content:
        case Typed(text):
            return None if text.startswith("/") else clean(text)
        case Pressed(payload):
            return payload
    return None


def _unsealed(batch: _Batch, spoken: Spoken, content: Any) -> Any:  # noqa: ANN401 -- any Content
    if not isinstance(content, Pressed):
        return content
    payload = batch.desktop.seals.open(content.payload, owner=str(spoken.person))
    return Pressed(payload or "", content.receipt)


def _known(batch: _Batch, spoken: Spoken) -> Known:
    return batch.desktop.setup.known(
        language=spoken.language,
        channel=spoken.channel,
        now=batch.now,
        keyboard_up=spoken.talk.keyboard_up,
        chance=_chance,
    )


def _chance() -> int:
    return secrets.randbelow(10**10)


def _standing(spoken: Spoken, *, new: bool) -> Standing:
    return Standing(
        person=spoken.person,
        channel=spoken.channel,
        language=spoken.language,
        announcements=spoken.announcements,  # type: ignore[arg-type]  # the column holds nothing else
        talk=moves.renewed(spoken.talk),
        new=new,
    )
