"""The desk: one task that takes all updates that wait and opens one transaction for them (group commit).

Nothing is acknowledged before it is durable. What became of sent messages is written by the same transactions, so that a
busy process commits once for many of either.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from time import monotonic

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.desktop import LEASE, Desktop, Taken
from bot.actions.notices import told
from bot.actions.turns import take_turns
from bot.core.counters import Counters
from bot.core.errors import StorageUnavailable
from bot.core.messages import Incoming, Outgoing
from bot.core.text import t
from storage import inbox, outbox, people
from storage.engine import Database, is_worth_retrying
from storage.outbox import Later, Owed, Settlement

MOST_TOGETHER = 64
_ATTEMPTS = 5
_PATIENCE, _SHORT_PATIENCE = 0.02, 0.003
_BREATH = 0.2

log = structlog.get_logger()


@dataclass(slots=True)
class _Waiting:
    incoming: Incoming
    done: asyncio.Future[Taken]
    since: float


@dataclass(slots=True)
class _Noted:
    """`done` is told when it is durable."""

    settlement: Settlement
    done: asyncio.Future[None] | None = None

    def is_written(self) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(None)


class Desk:
    """`outlet` is handed the replies of every committed batch, before their senders learn of it."""

    def __init__(
        self,
        database: Database,
        desktop: Desktop,
        *,
        clock: Callable[[], datetime],
        outlet: Callable[[Sequence[Owed]], None],
        counters: Counters | None = None,
    ) -> None:
        self.counters = counters or Counters()
        self._database = database
        self._desktop = desktop
        self._clock = clock
        self._outlet = outlet
        self._turns: deque[_Waiting] = deque()
        self._under_way: Sequence[_Waiting] = ()
        self._noted: list[_Noted] = []
        self._in_haste = False
        self._something = asyncio.Event()
        self._turn_came = asyncio.Event()

    async def take(self, incoming: Incoming) -> Taken:
        """What became of the update, once that is durable. StorageUnavailable: nothing was kept, it must be sent again."""
        waiting = _Waiting(incoming, asyncio.get_running_loop().create_future(), monotonic())
        self._turns.append(waiting)
        self._something.set()
        self._turn_came.set()
        return await waiting.done

    @property
    def longest_wait(self) -> float:
        """For how many seconds the update that came first, of those not yet answered, has been waiting; 0 when there is
        none."""
        first = next(chain(self._under_way, self._turns), None)
        return monotonic() - first.since if first is not None else 0.0

    def note(self, settlement: Settlement) -> None:
        """Have a settlement written with the next transaction, soon."""
        self._note(_Noted(settlement))

    async def settle(self, settlement: Settlement, *, in_haste: bool = True) -> None:
        """Have a settlement written; returns once it is durable. `in_haste`: a next message hangs on it already."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._in_haste = self._in_haste or in_haste
        self._note(_Noted(settlement, done))
        await done

    def _note(self, noted: _Noted) -> None:
        self._noted.append(noted)
        self._something.set()

    async def run(self) -> None:
        """Work until cancelled; what is left then is written first, if the database is there."""
        try:
            while True:
                await self._something.wait()
                if not self._turns:
                    await self._wait_a_little()
                await self._work()
        finally:
            if self._noted:
                await asyncio.shield(self._work())

    async def _wait_a_little(self) -> None:
        """Settlements alone wait for a turn to share its transaction: a moment where a next message hangs on them, else
        longer. A turn never waits."""
        self._turn_came.clear()
        try:
            async with asyncio.timeout(_SHORT_PATIENCE if self._in_haste else _PATIENCE):
                await self._turn_came.wait()
        except TimeoutError:
            pass

    async def _work(self) -> None:
        turns = self._under_way = [self._turns.popleft() for _ in range(min(len(self._turns), MOST_TOGETHER))]
        noted, self._noted, self._in_haste = self._noted, [], False
        if not self._turns:
            self._something.clear()
        try:
            await self._together(turns, noted)
        except Exception as error:  # noqa: BLE001 -- the loop must live, whatever one batch does
            if isinstance(error, StorageUnavailable):
                self._keep_for_later(noted)
            else:
                await self._settle_alone(noted)
            await self._apart(turns, error)
        self._under_way = ()

    def _keep_for_later(self, noted: list[_Noted]) -> None:
        self._noted = noted + self._noted
        if self._noted:
            self._something.set()

    async def _together(self, turns: Sequence[_Waiting], noted: Sequence[_Noted]) -> None:
        """All in one transaction, tried again when only a neighbour's transaction was in the way."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                results = await self._commit([waiting.incoming for waiting in turns], [each.settlement for each in noted])
            except Exception as error:
                if attempt == _ATTEMPTS or not is_worth_retrying(error):
                    raise
                await asyncio.sleep(secrets.randbelow(20) / 1000 * attempt)
            else:
                if turns:
                    self.counters.batch_sizes.add(len(turns))
                self._answer(turns, results)
                for each in noted:
                    each.is_written()
                return

    async def _commit(self, updates: Sequence[Incoming], settlements: Sequence[Settlement]) -> list[Taken]:
        results: list[Taken] = []
        async with self._transaction(results) as connection:
            if settlements:
                await outbox.settle(connection, settlements)
            if updates:
                results += await take_turns(connection, updates, self._desktop, now=self._clock())
        return results

    @asynccontextmanager
    async def _transaction(self, results: list[Taken]) -> AsyncIterator[AsyncConnection]:
        """A transaction that fills `results`. Where the answer to its commit was lost it may have been done all the same:
        the replies that would then lie in our hands without our knowing are given back, for the loop to send."""
        try:
            async with self._database.write() as connection:
                yield connection
        except Exception:
            for each in (each for taken in results for each in taken.owed if each.leased):
                self.note(Later(each.id, each.attempts, None))
            raise

    def _answer(self, turns: Sequence[_Waiting], results: Sequence[Taken], outcome: str = "taken") -> None:
        owed = [each for taken in results for each in (*taken.owed, *taken.others)]
        if owed:
            self._outlet(owed)
        counters, now = self.counters, monotonic()
        for waiting, taken in zip(turns, results, strict=True):
            counters.turns[waiting.incoming.address.channel, "repeat" if taken.repeat else outcome] += 1
            counters.turn_seconds.add(now - waiting.since)
            if not waiting.done.done():
                waiting.done.set_result(taken)

    async def _settle_alone(self, noted: Sequence[_Noted]) -> None:
        """Settlements that shared a failed batch, each without the others."""
        for each in noted:
            try:
                await self._commit((), (each.settlement,))
            except StorageUnavailable:
                self._keep_for_later([each])
                continue
            except Exception as error:  # noqa: BLE001 -- the loop must live; the message is tried again after a restart
                log.error("settlement_lost", error=type(error).__name__)
            each.is_written()

    async def _apart(self, turns: Sequence[_Waiting], error: Exception) -> None:
        """A batch failed: with the database away all wait for their sender to try again; otherwise turn by turn."""
        if isinstance(error, StorageUnavailable):
            self.counters.storage_unavailable += 1
            log.warning("storage_unavailable", error=type(error).__name__, waiting=len(turns))
            self._refuse(turns)
            await asyncio.sleep(_BREATH)
            return
        for place, waiting in enumerate(turns):
            try:
                await self._alone(waiting)
            except StorageUnavailable:
                log.error("turn_not_stored", error=StorageUnavailable.__name__)
                self._refuse(turns[place:])
                return
            except Exception as alone:  # noqa: BLE001 -- it could not even be parked: its neighbours can still be taken
                log.error("turn_not_stored", error=type(alone).__name__)
                self._refuse([waiting])

    async def _alone(self, waiting: _Waiting) -> None:
        """One turn in a transaction of its own; one that fails alone is parked, so that its chat is not blocked."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                results = await self._commit([waiting.incoming], ())
            except Exception as error:
                if isinstance(error, StorageUnavailable):
                    raise
                another_may_help = is_worth_retrying(error) or isinstance(error, IntegrityError)
                if another_may_help and attempt < _ATTEMPTS:
                    continue
                log.exception("turn_parked", channel=waiting.incoming.address.channel)
                self._answer([waiting], [await self._park(waiting.incoming, error)], "parked")
            else:
                self._answer([waiting], results)
            return

    async def _park(self, incoming: Incoming, error: Exception) -> Taken:
        """Keep the update with its cause and tell the person that something went wrong here."""
        reference, now, results = secrets.token_hex(3).upper(), self._clock(), list[Taken]()
        async with self._transaction(results) as connection:
            await inbox.record_updates(connection, [(incoming.address.channel, incoming.update_id)], now=now)
            await inbox.park_update(
                connection,
                reference=reference,
                channel=incoming.address.channel,
                cause=cause_of(error),
                body=inbox.incoming_as_text(incoming),
                now=now,
            )
            language = await people.language_of(connection, incoming.address)
            setup = self._desktop.setup
            speech = setup.speech(language or setup.languages[0], incoming.address.channel)
            message = told(Outgoing(_FAULT(error_ref=reference)), speech, self._desktop.seals, "")
            mine = self._desktop.sender is not None and incoming.address.channel not in self._desktop.pages
            owed = outbox.owed(incoming.address.channel, incoming.address.id, message, leased=mine)
            await outbox.owe(connection, [owed], now=now, sender=self._desktop.sender, lease=LEASE)
            results.append(Taken(owed=(owed,)))
        return results[0]

    def _refuse(self, turns: Sequence[_Waiting]) -> None:
        for waiting in turns:
            self.counters.turns[waiting.incoming.address.channel, "unavailable"] += 1
            if not waiting.done.done():
                waiting.done.set_exception(StorageUnavailable())


_FAULT = t(
    "A fault on our side prevented this step. Your saved answers are safe. Try again in a few minutes; if it continues, call"
    " {contact_phone}. Code: {error_ref}"
)


def cause_of(error: BaseException) -> str:
    """The kind of error and where in our code it arose; never its message, which may quote what the person wrote."""
    place = "?"
    trace = error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.split(".")[0] in ("bot", "handlers", "storage"):
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"
