"""Heartbeats: while updates of a channel reach us, a row says so; a silence in it tells whose presses were lost.

Platforms keep a press for minutes only. Whoever wrote shortly before a silence may have pressed into it and waits for an
answer: the open question is asked again, once, by the process that ends the silence. Nobody else is written to; people
who wrote during it are answered when their message arrives, and must be before the silence is ended. Whoever has just read
what was still owed to them is not asked either: a press on that reaches us.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import structlog

from bot.actions.desktop import LEASE, Desktop
from bot.actions.notices import told
from bot.flows import moves
from bot.flows.declared import FLOWS
from storage import conversations, heartbeats, outbox
from storage.conversations import Spoken
from storage.engine import Database
from storage.outbox import Owed

EVERY = timedelta(seconds=20)
_BEFORE = timedelta(minutes=30)

log = structlog.get_logger()


async def silent_since(database: Database, channel: str, *, now: datetime, presses_kept: timedelta) -> datetime | None:
    """Since when nothing has reached us, if that is longer than presses are kept; else None."""
    async with database.read() as connection:
        last = await heartbeats.last_beat(connection, channel)
    return last if last is not None and now - last > presses_kept else None


def _to_nobody(_channel: str, _since: datetime) -> Collection[str]:
    return ()


async def beat(
    database: Database,
    desktop: Desktop,
    channel: str,
    *,
    now: datetime,
    presses_kept: timedelta,
    told_late: Callable[[str, datetime], Collection[str]] = _to_nobody,
) -> Sequence[Owed]:
    """Say that updates reach us; what is owed to people whose presses were lost, if this ends a silence.

    Of several processes that end the same silence, one asks: the beat and the questions are one transaction. `told_late`:
    whom this process has sent since then what they were owed before (what another one sent meanwhile is not known here).
    """
    async with database.write() as connection:
        last = await heartbeats.last_beat(connection, channel)
        mine = await heartbeats.beat(connection, channel, now=now, after=last)
        if last is None or not mine or now - last <= presses_kept:
            return ()
        left = await conversations.left_asked(connection, channel, first=last - _BEFORE, last=last + 2 * EVERY)
        told = told_late(channel, now - presses_kept)  # after the query: what was not owed any more is known by now
        unsure = [spoken for spoken in left if spoken.external_id not in told]
        owed = [each for spoken in unsure for each in _asked_again(spoken, desktop, now=now)]
        if owed:
            await outbox.owe(connection, owed, now=now, sender=None, lease=LEASE)
    log.info("silence_ended", channel=channel, count=len(owed), wait_seconds=round((now - last).total_seconds()))
    return owed


def _asked_again(spoken: Spoken, desktop: Desktop, *, now: datetime) -> Sequence[Owed]:
    """The open question as it was asked: its buttons, old and new, all still count. The committee's short conversations
    hang on cards that wait where they were, and are not asked again."""
    talk = moves.renewed(spoken.talk)
    if talk.top is None or FLOWS[talk.top.flow].role is not None:
        return ()
    known = desktop.setup.known(language=spoken.language, channel=spoken.channel, now=now, keyboard_up=talk.keyboard_up)
    speech = desktop.setup.speech(spoken.language, spoken.channel)
    return [
        outbox.owed(spoken.channel, spoken.external_id, told(each, speech, desktop.seals, str(spoken.person)), leased=False)
        for each in moves.ask_again(talk, known, ()).replies
    ]
