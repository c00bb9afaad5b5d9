"""Deliveries: messages leave, in the order they are owed to each recipient; what fails stays owed.

Replies that this process has just committed leave at once. Everything else (what failed, what another process owed, what
a crash left) is leased from the outbox by a loop. Sending is lease (commit) → send → record (commit), and the next message
to a recipient leaves only after the last one is recorded: a crash can repeat one message a recipient, never more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.actions.desk import Desk
from bot.actions.desktop import LEASE
from bot.actions.workshop import PATIENCE, Workshop
from bot.core.counters import Counters
from bot.core.errors import (
    ChannelBusy,
    ChannelMisconfigured,
    ChannelUnreachable,
    FileNotMade,
    MessageRefused,
    RecipientGone,
    StorageUnavailable,
)
from bot.core.messages import Address, Channel, Order
from bot.core.pacing import retry_wait
from storage import outbox
from storage.engine import Database
from storage.outbox import Gone, Later, Left, Owed, Parked, Sent, Settlement

_MOST_IN_FLIGHT = 200
_MISCONFIGURED_WAIT = timedelta(minutes=1)
_FILE_LEASE = PATIENCE + timedelta(minutes=3)
"""How long a message with a file is in a sender's hands: longer than making the file and the slowest upload together."""
_REMEMBERED = timedelta(minutes=10)
"""For how long it is known who read from us something that was owed before: longer than any platform keeps a press."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Line:
    """What is being sent to one recipient, one after the other; it lasts until the last is recorded as sent, for what is
    owed meanwhile must stand behind it. `late`: what began it was not sent when it was committed, but by the loop."""

    waiting: deque[Owed] = field(default_factory=deque)
    late: bool = False


class Deliveries:
    """`desk` writes down what became of each message."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        *,
        sender: str,
        clock: Callable[[], datetime],
        workshop: Workshop,
        idle: timedelta = timedelta(seconds=1),
        counters: Counters | None = None,
        spoke: Callable[[str, str, timedelta | None], None] = lambda *_: None,
    ) -> None:
        """`spoke` is told (channel, recipient, None) of each message that leaves, and for how long one is refused."""
        self.counters = counters or Counters()
        self._spoke = spoke
        self._database = database
        self._channels = channels
        self._sender = sender
        self._clock = clock
        self._workshop = workshop
        self._idle = idle.total_seconds()
        self._lines: dict[tuple[str, str], _Line] = {}
        self._held: set[tuple[str, str]] = set()
        self._told_late: dict[tuple[str, str], datetime] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self.desk: Desk
        self.troubles: dict[str, str] = {}

    def hand_over(self, messages: Sequence[Owed]) -> None:
        """Send what was just committed; what is not in this process's hands is left to the loop."""
        for owed in messages:
            if owed.leased or not self._pushes(owed.channel):
                self._queue(owed)
            else:
                self._wake.set()

    async def run(self) -> None:
        """Lease and send what is due, until cancelled."""
        while True:
            leased = 0
            try:
                leased = await self._lease()
            except Exception as error:  # noqa: BLE001 -- the loop must live; the database may be away
                log.warning("outbox_unavailable", error=type(error).__name__)
            if leased == 0:
                await self._sleep()

    def told_late(self, channel: str, since: datetime) -> frozenset[str]:
        """To whom this process has sent since then, ten minutes back at most, what they had been owed before. Known before
        it is recorded as sent: nobody is missing both here and among those whom something is still owed."""
        told = self._told_late.items()
        return frozenset(recipient for (name, recipient), at in told if name == channel and at >= since)

    async def close(self, *, within: float = 5.0) -> None:
        """Let what is being sent finish, for a while."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)

    def _pushes(self, channel: str) -> bool:
        return channel in self._channels and self._channels[channel].pushes

    async def _sleep(self) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(self._idle):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _lease(self) -> int:
        room = _MOST_IN_FLIGHT - len(self._lines)
        if room <= 0:
            return 0
        count = 0
        for name, channel in self._channels.items():
            for owed in await self._leased(name, room) if channel.pushes else ():
                self._queue(owed, from_loop=True)
                count += 1
        return count

    async def _leased(self, channel: str, room: int) -> list[Owed]:
        """Due messages, in our hands. Where the answer to the commit was lost they may be all the same: given back."""
        found: list[Owed] = []
        try:
            async with self._database.write() as connection:
                found += await outbox.lease_due_messages(
                    connection, channel=channel, now=self._clock(), lease=LEASE, sender=self._sender, limit=room
                )
        except Exception:
            for owed in found:
                self.desk.note(Later(owed.id, owed.attempts, None))
            raise
        return found

    def _queue(self, owed: Owed, *, from_loop: bool = False) -> None:
        key = (owed.channel, owed.recipient)
        if key in self._held and not from_loop:
            self.desk.note(Later(owed.id, owed.attempts, None))
            return
        line = self._lines.get(key)
        if line is not None:
            line.waiting.append(owed)
            return
        self._lines[key] = _Line(deque((owed,)), from_loop)
        task = asyncio.create_task(self._work(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, key: tuple[str, str]) -> None:
        line = self._lines[key]
        try:
            while line.waiting:
                owed = line.waiting.popleft()
                settlement = await self._send(owed)
                if isinstance(settlement, Sent):
                    self._held.discard(key)
                    if line.late:
                        self._remember(key)
                    await self.desk.settle(settlement, in_haste=bool(line.waiting))
                elif settlement is not None:
                    self._give_back(key, settlement, line)
        finally:
            del self._lines[key]

    def _remember(self, key: tuple[str, str]) -> None:
        """In the order of the moments, so that what is too old stands in front."""
        told, now = self._told_late, self._clock()
        told.pop(key, None)
        told[key] = now
        while now - told[first := next(iter(told))] > _REMEMBERED:
            del told[first]

    def _give_back(self, key: tuple[str, str], settlement: Settlement, line: _Line) -> None:
        """The head failed: it is settled, and what stands behind it waits its turn in the outbox."""
        self._held.add(key) if isinstance(settlement, Later) else self._held.discard(key)
        self.desk.note(settlement)
        while line.waiting:
            behind = line.waiting.popleft()
            self.desk.note(Later(behind.id, behind.attempts, None))

    async def _send(self, owed: Owed) -> Settlement | None:
        """What became of it; None for a message that stays on its page, or that another process has taken over."""
        channel = self._channels[owed.channel]
        self._spoke(owed.channel, owed.recipient, None)
        try:
            became = await self._say(channel, owed)
        except StorageUnavailable:
            return Later(owed.id, owed.attempts, self._clock() + retry_wait(owed.attempts))
        except ChannelBusy as error:
            self._count(owed, "busy")
            self._spoke(owed.channel, owed.recipient, error.retry_after)
            return Later(owed.id, owed.attempts, self._clock() + error.retry_after)
        except ChannelUnreachable as error:
            self._count(owed, "unreachable")
            return self._trouble(owed, error.cause, retry_wait(owed.attempts))
        except ChannelMisconfigured as error:
            self._count(owed, "misconfigured")
            log.error("channel_misconfigured", channel=owed.channel, cause=error.cause)
            return self._trouble(owed, error.cause, _MISCONFIGURED_WAIT)
        except RecipientGone:
            self._count(owed, "gone")
            return Gone(owed.id, owed.channel, owed.recipient, self._clock())
        except MessageRefused as error:
            self._count(owed, "refused")
            log.error("message_refused", channel=owed.channel, cause=error.cause, outbox_id=owed.id)
            return Parked(owed.id, error.cause)
        except Exception as error:
            self._count(owed, "failed")
            log.exception("delivery_failed", channel=owed.channel, outbox_id=owed.id)
            return Parked(owed.id, type(error).__name__)
        if became is not None or not channel.pushes:  # else another process took it over, and counts it
            self._count(owed, "refused" if isinstance(became, Parked) else "sent" if channel.pushes else "stored")
        self.troubles.pop(owed.channel, None)
        return became

    async def _say(self, channel: Channel, owed: Owed) -> Settlement | None:
        """What became of it when the channel takes it."""
        if owed.message.file is not None and channel.pushes:
            return await self._say_with_file(channel, owed, owed.message.file)
        await channel.send(owed.recipient, owed.message)
        return Sent(owed.id) if channel.pushes else None

    async def _say_with_file(self, channel: Channel, owed: Owed, order: Order) -> Settlement | None:
        """Make the file and send it. One that cannot be made, or that the channel refuses, takes nothing from the person but
        itself: the text goes with a sentence that says so, and the row is parked with the cause."""
        if not await self._hold(owed):
            return None
        left = owed.message
        try:
            content = await self._made(owed, order)
            while (rest := await channel.send(owed.recipient, left, content)) is not None:
                await self.desk.settle(Left(owed.id, rest))
                left = rest
        except (FileNotMade, MessageRefused) as error:
            log.error("file_not_sent", channel=owed.channel, cause=error.cause, outbox_id=owed.id)
            await channel.send(owed.recipient, self._workshop.without_file(left, owed.channel))
            return Parked(owed.id, error.cause)
        return Sent(owed.id)

    async def _hold(self, owed: Owed) -> bool:
        """Keep it in our hands while its file is made and uploaded; False when another process has taken it over."""
        async with self._database.write() as connection:
            until = self._clock() + _FILE_LEASE
            return await outbox.extend_lease(connection, owed.id, sender=self._sender, until=until)

    async def _made(self, owed: Owed, order: Order) -> bytes:
        try:
            return await self._workshop.make(order, Address(owed.channel, owed.recipient))
        except (FileNotMade, StorageUnavailable):
            raise
        except Exception as error:
            log.exception("file_not_made", channel=owed.channel, outbox_id=owed.id)
            raise FileNotMade(type(error).__name__) from error

    def _count(self, owed: Owed, outcome: str) -> None:
        self.counters.deliveries[owed.channel, outcome] += 1

    def _trouble(self, owed: Owed, cause: str, wait: timedelta) -> Later:
        self.troubles[owed.channel] = cause
        return Later(owed.id, owed.attempts, self._clock() + wait)
