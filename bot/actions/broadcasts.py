"""Broadcasts: deliveries leave, at the pace their channel allows.

One sender owns a channel's pace by a lease with a fence. It takes few deliveries at a time, what leaves in half a second, so
that a pause or a stop acts within a second; a crash can repeat what was on its way in that moment, never more, and counted.
What a page shows is not sent but written to the outbox, in the same transaction as the mark.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.announcements import wrapped
from bot.actions.desktop import LEASE, Desktop
from bot.core.counters import Counters
from bot.core.errors import (
    ChannelBusy,
    ChannelMisconfigured,
    ChannelUnreachable,
    MessageRefused,
    RecipientGone,
    StorageUnavailable,
)
from bot.core.messages import Channel, Message
from bot.core.pacing import Pace, retry_wait
from storage import deliveries, outbox
from storage.deliveries import LIVE, Delivered, Hand, Outcome, Postponed, Refused, Unreached
from storage.engine import Database
from storage.tables.base import Row

CHANNEL_LEASE = timedelta(seconds=10)
"""How long a channel is owned without a word from its owner; no call to a channel takes longer."""
WEEK = timedelta(days=7)
_AT_ONCE = timedelta(seconds=0.5)
_MOST_IN_FLIGHT = 200
_PAGES_AT_ONCE = 500
_MISCONFIGURED_WAIT = timedelta(minutes=1)
_NAP = 0.05
_SHORT = timedelta(seconds=2)
"""A longer wait is not sat out with deliveries in hand."""
_RENDERED = 1000

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Line:
    """One channel as this process sends on it. `until` and `until_tick`: how long the lease is good, by the clock and by the
    processor's own, which nobody puts back. `in_hand` is (announcement, person) of what was taken and has no outcome;
    `outcomes` are not written down yet."""

    channel: str
    fence: int | None = None
    until: datetime | None = None
    until_tick: float = 0.0
    in_flight: set[asyncio.Task[None]] = field(default_factory=set)
    in_hand: set[tuple[int, int]] = field(default_factory=set)
    outcomes: list[Outcome] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_idle(self) -> bool:
        return not self.in_flight and not self.outcomes

    def became(self, outcome: Outcome) -> None:
        self.in_hand.discard((outcome.hand.announcement, outcome.hand.person))
        self.outcomes.append(outcome)
        self.news.set()


class Broadcasts:
    """`paces` by channel: one without is limited by nothing but `_MOST_IN_FLIGHT`. They go by `beat`, the time that passes
    for the platform. `cap` is how many announcements somebody may have in a week; 0: as many as there are."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        desktop: Desktop,
        *,
        sender: str,
        clock: Callable[[], datetime],
        paces: Mapping[str, Pace],
        cap: int,
        beat: Callable[[], datetime] | None = None,
        idle: timedelta = timedelta(seconds=0.25),
        counters: Counters | None = None,
    ) -> None:
        self.counters = counters or Counters()
        self._database = database
        self._channels = channels
        self._desktop = desktop
        self._sender = sender
        self._clock = clock
        self._beat = beat or clock
        self._paces = paces
        self._cap = cap
        self._idle = idle.total_seconds()
        self._messages: dict[tuple[int, str, str], Message] = {}
        self._lines: dict[_Line, asyncio.Task[None]] = {}
        self._stopping = False

    async def run(self) -> None:
        """Send on every channel at once, until closed or cancelled."""
        names = {name for name, channel in self._channels.items() if channel.pushes} | self._desktop.pages
        async with asyncio.TaskGroup() as group:
            for name in sorted(names):
                line = _Line(name)
                self._lines[line] = group.create_task(self._work(line))

    async def close(self, *, within: float = 5.0) -> None:
        """Take nothing more; returns once what is on its way has arrived and is written down, or after a while."""
        self._stopping = True
        for line in self._lines:
            line.news.set()
        if self._lines:
            await asyncio.wait(self._lines.values(), timeout=within)

    def spoke(self, channel: str, recipient: str, refused: timedelta | None = None) -> None:
        """Something else was just said on a channel, or refused for that long: it counts against the pace and waits for
        nothing."""
        pace = self._paces.get(channel)
        if pace is not None and refused is not None:
            pace.refused(recipient, refused, self._beat())
        elif pace is not None:
            pace.spend(recipient, self._beat())

    async def _work(self, line: _Line) -> None:
        try:
            while not (self._stopping and line.is_idle):
                moved = False
                try:
                    moved = await self._round(line)
                except Exception as error:  # noqa: BLE001 -- the loop must live; the database may be away
                    log.warning("broadcasts_unavailable", channel=line.channel, error=type(error).__name__)
                    line.fence = None
                    await asyncio.sleep(self._idle)
                if not moved:
                    await self._rest(line)
        finally:
            await asyncio.shield(self._leave(line))

    async def _rest(self, line: _Line) -> None:
        """Until something has become of what is on its way, or for a moment."""
        if not line.outcomes:
            line.news.clear()
        try:
            async with asyncio.timeout(self._idle):
                await line.news.wait()
        except TimeoutError:
            pass

    async def _leave(self, line: _Line) -> None:
        """The end: what is on its way arrives, is written down, and another may take the channel at once."""
        if line.in_flight:
            await asyncio.wait(line.in_flight, timeout=CHANNEL_LEASE.total_seconds())
        if line.fence is None and not line.outcomes:
            return
        try:
            async with self._database.write() as connection:
                await deliveries.mark(connection, line.outcomes, channel=line.channel, sender=self._sender)
                await deliveries.release_channel(connection, line.channel, owner=self._sender, now=self._clock())
        except StorageUnavailable:
            log.warning("broadcasts_unavailable", channel=line.channel, error=StorageUnavailable.__name__)

    async def _round(self, line: _Line) -> bool:
        """Write down what became of what was sent, and take what is next; False: there was nothing to take."""
        now = self._clock()
        leaving = await self._leaving(line, now)
        if not leaving and line.is_idle:
            await self._give_up(line)
            return False
        if line.channel in self._desktop.pages:
            return await self._show(line, leaving, now)
        room = self._room(line) if leaving else 0
        if not room and not line.outcomes and not self._is_stale(line):
            return False
        hands = await self._turn_over(line, leaving, room, now)
        await self._send_all(line, hands, {row.id: row for row in leaving})
        return bool(hands)

    async def _leaving(self, line: _Line, now: datetime) -> Sequence[Row]:
        """Announcements with something to take now; in quiet hours only those that were told not to wait, and what waits
        on a page disturbs nobody."""
        if self._stopping:
            return ()
        quiet = line.channel not in self._desktop.pages and self._desktop.setup.fit_hour(now) > now
        async with self._database.read() as connection:
            rows = await deliveries.open_announcements(connection)
            live = [row for row in rows if row.state in LIVE and row.due_at <= now and (row.urgent or not quiet)]
            return [row for row in live if await deliveries.is_due(connection, row.id, line.channel, now=now)]

    async def _give_up(self, line: _Line) -> None:
        if line.fence is not None:
            async with self._database.write() as connection:
                await deliveries.release_channel(connection, line.channel, owner=self._sender, now=self._clock())
            line.fence = None

    def _room(self, line: _Line) -> int:
        free = _MOST_IN_FLIGHT - len(line.in_flight)
        pace = self._paces.get(line.channel)
        return free if pace is None else min(free, pace.room(self._beat(), _AT_ONCE))

    def _is_stale(self, line: _Line) -> bool:
        """Is the lease half over, or not ours?"""
        return line.fence is None or line.until is None or line.until - self._clock() < CHANNEL_LEASE / 2

    async def _turn_over(self, line: _Line, leaving: Sequence[Row], room: int, now: datetime) -> list[Hand]:
        """One transaction: the lease, what became of what was sent, and what is next. Where the answer to its commit is
        lost, what was taken may be in our hands without our knowing: it is given back."""
        outcomes, line.outcomes = line.outcomes, []
        hands: list[Hand] = []
        tick = monotonic()
        try:
            async with self._database.write() as connection:
                await deliveries.mark(connection, outcomes, channel=line.channel, sender=self._sender)
                fence = await self._hold(connection, line, now)
                if fence is not None and room:
                    hands += await self._take(connection, line, leaving, fence=fence, room=room, now=now)
        except BaseException:
            line.outcomes += outcomes + [Postponed(hand, now) for hand in hands]
            raise
        line.fence, line.until, line.until_tick = fence, now + CHANNEL_LEASE, tick + CHANNEL_LEASE.total_seconds()
        return hands

    async def _hold(self, connection: AsyncConnection, line: _Line, now: datetime) -> int | None:
        return await deliveries.hold_channel(connection, line.channel, owner=self._sender, now=now, lease=CHANNEL_LEASE)

    async def _take(
        self, connection: AsyncConnection, line: _Line, leaving: Sequence[Row], *, fence: int, room: int, now: datetime
    ) -> list[Hand]:
        hands: list[Hand] = []
        for found in leaving:
            looked = 1
            while looked and len(hands) < room:
                taken, looked = await deliveries.take_in_hand(
                    connection,
                    found.id,
                    line.channel,
                    sender=self._sender,
                    fence=fence,
                    now=now,
                    lease=LEASE,
                    since=now - WEEK,
                    cap=self._cap,
                    limit=room - len(hands),
                )
                hands += taken
        return hands

    async def _send_all(self, line: _Line, hands: Sequence[Hand], by_id: Mapping[int, Row]) -> None:
        """Let each go when the pace allows it. What the clock's jump made seem due while it is on its way is left to it."""
        waiting = deque(hand for hand in hands if (hand.announcement, hand.person) not in line.in_hand)
        line.in_hand.update((hand.announcement, hand.person) for hand in waiting)
        try:
            while waiting:
                held_back = await self._wait_for_turn(line, waiting[0])
                hand = waiting.popleft()
                message = self._message(by_id[hand.announcement], line.channel, hand.language)
                task = asyncio.create_task(self._send(line, hand, message, held_back))
                line.in_flight.add(task)
                task.add_done_callback(line.in_flight.discard)
        finally:
            for hand in waiting:  # cut off in between: nothing of these has left
                line.became(Postponed(hand, self._clock()))

    async def _wait_for_turn(self, line: _Line, hand: Hand) -> timedelta:
        """Returns when the pace lets it go: zero. What is left to wait when that is long, or the channel is not ours any
        more: it must not go now."""
        pace = self._paces.get(line.channel)
        if pace is None:
            return timedelta()
        wait = pace.wait(hand.recipient, self._beat())
        while timedelta() < wait <= _SHORT and self._may_send(line):
            await asyncio.sleep(min(wait.total_seconds(), _NAP))
            wait = pace.wait(hand.recipient, self._beat())
        if not wait:
            pace.spend(hand.recipient, self._beat())
        return wait

    def _may_send(self, line: _Line) -> bool:
        """Is the channel still ours? Asked before each message: a process that slept sends nothing stale."""
        return line.until is not None and self._clock() < line.until and monotonic() < line.until_tick

    async def _send(self, line: _Line, hand: Hand, message: Message, held_back: timedelta) -> None:
        if held_back or not self._may_send(line):
            line.became(Postponed(hand, self._clock() + held_back))
        else:
            line.became(await self._say(line.channel, hand, message))

    async def _say(self, channel: str, hand: Hand, message: Message) -> Outcome:
        try:
            await self._channels[channel].send(hand.recipient, message)
        except ChannelBusy as error:
            return self._busy(channel, hand, error.retry_after)
        except ChannelUnreachable as error:
            self._count(channel, "unreachable")
            return Postponed(hand, self._clock() + retry_wait(hand.attempts), error.perhaps_taken)
        except ChannelMisconfigured as error:
            self._count(channel, "misconfigured")
            log.error("channel_misconfigured", channel=channel, cause=error.cause)
            return Postponed(hand, self._clock() + _MISCONFIGURED_WAIT)
        except RecipientGone:
            self._count(channel, "gone")
            return Unreached(hand, self._clock())
        except MessageRefused as error:
            self._count(channel, "refused")
            log.error("message_refused", channel=channel, cause=error.cause)
            return Refused(hand)
        except Exception:
            self._count(channel, "failed")
            log.exception("delivery_failed", channel=channel)
            return Refused(hand)
        self._count(channel, "sent")
        return Delivered(hand, self._clock())

    def _busy(self, channel: str, hand: Hand, retry_after: timedelta) -> Outcome:
        now = self._clock()
        self._count(channel, "busy")
        self.spoke(channel, hand.recipient, retry_after)
        return Postponed(hand, now + retry_after)

    def _count(self, channel: str, outcome: str) -> None:
        self.counters.deliveries[channel, outcome] += 1

    async def _show(self, line: _Line, leaving: Sequence[Row], now: datetime) -> bool:
        """Write what is next to its readers' pages; pages that are open are told to look."""
        shown = []
        async with self._database.write() as connection:
            line.fence = fence = await self._hold(connection, line, now)
            if fence is None:
                return False
            by_id = {row.id: row for row in leaving}
            hands = await self._take(connection, line, leaving, fence=fence, room=_PAGES_AT_ONCE, now=now)
            for hand in hands:
                message = self._message(by_id[hand.announcement], line.channel, hand.language)
                shown.append(outbox.owed(line.channel, hand.recipient, message, leased=False))
            await outbox.owe(connection, shown, now=now, sender=None, lease=LEASE, lane=outbox.ANNOUNCEMENTS)
            outcomes = [Delivered(hand, now) for hand in hands]
            await deliveries.mark(connection, outcomes, channel=line.channel, sender=self._sender)
        for each in shown:
            self._count(line.channel, "stored")
            if line.channel in self._channels:
                await self._channels[line.channel].send(each.recipient, each.message)
        await asyncio.sleep(0)
        return bool(shown)

    def _message(self, found: Row, channel: str, language: str) -> Message:
        """Told once for all its readers of a language."""
        key = (found.id, channel, language)
        message = self._messages.get(key)
        if message is None:
            setup = self._desktop.setup
            at = found.due_at.astimezone(setup.zone)
            said = wrapped(found.body_ar, found.body_fr, language=language, at=at, corrects=found.corrects is not None)
            if len(self._messages) >= _RENDERED:
                self._messages.clear()
            message = self._messages[key] = Message(setup.speech(language, channel).tell(said))
        return message
