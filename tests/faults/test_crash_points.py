"""Killed before each write, flush and send of one sign-up, one after the other.

In three parts, each with a database of its own and every third call: they take a few minutes each, can run side by side
(`--numprocesses`), and a fault in one does not keep the others from being looked at.
"""

from __future__ import annotations

import asyncio
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from tests.fakes.bot_api import BotApi
from tests.faults.checker import faults_at_the_end, lost_answers, repeats
from tests.faults.conftest import Report
from tests.faults.crowd import Crowd
from tests.faults.databases import looked_into, run_leases_out
from tests.faults.killer import CALLS
from tests.faults.product import ROOT, Product

PARTS = 3


@pytest.mark.parametrize("part", range(1, PARTS + 1))
async def test_nothing_is_lost_when_it_dies_before_any_write_flush_or_send(
    product: Product, bot_api: BotApi, database_url: str, report: Report, part: int
) -> None:
    if not report.is_long:
        pytest.skip("a death at each write takes minutes: make faults")
    crowd, died_at, began = Crowd(bot_api, at_once=1), Counter[str](), time.monotonic()
    await product.start()
    await crowd.signs_up(crowd.newcomer())
    for nth in count(part, PARTS):
        talking = asyncio.create_task(crowd.signs_up(crowd.newcomer()))
        call = await _death(nth, product, talking)
        if call is None:
            break
        died_at[call] += 1
        await crowd.note_kill()
        async with looked_into(database_url) as database:
            assert await lost_answers(database, crowd.people) == []
        await product.start()
        await run_leases_out(database_url)
        async with asyncio.timeout(30):
            await talking
    assert await faults_at_the_end(database_url, product, crowd) == []
    again = sum(len(repeats(crowd, person)) for person in crowd.people)
    told = ", ".join(f"{times} × {name}" for name, times in sorted(died_at.items()))
    report.tell(
        f"died before {died_at.total()} calls of one sign-up, one in {PARTS} ({told}), in {time.monotonic() - began:.0f} s; lost 0,"
        f" double sign-ups 0, stuck 0, integrity check passed each time, repeated messages {again}"
    )


async def _death(nth: int, product: Product, talking: asyncio.Task[None]) -> str | None:
    """The name of the call before which the product died; None when the person had finished before it came to that."""
    ended = asyncio.create_task(product.ends())
    with _waiting_to_kill(product.pid, nth) as said:
        await asyncio.wait((talking, ended), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((ended,), timeout=0.2)  # what becomes of the last reply is still to be written
    if said:
        await ended
        return said[0]
    ended.cancel()
    return None


@contextmanager
def _waiting_to_kill(process: int, nth: int) -> Iterator[list[str]]:
    """Yields a list that holds, once it is over, the call that was not made. Skips the test where this is not allowed, or
    not known for this machine."""
    if platform.machine() not in CALLS:
        pytest.skip(f"the system calls of {platform.machine()} are not known here")
    command = [sys.executable, "-m", "tests.faults.killer", str(process), str(nth)]
    said: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as killer:
        assert killer.stdout is not None
        assert killer.stderr is not None
        if killer.stdout.readline() != "attached\n":
            pytest.skip(f"a process may not be traced here: {killer.stderr.read().strip().splitlines()[-1]}")
        try:
            yield said
        finally:
            killer.terminate()
            said += killer.stdout.read().split()
