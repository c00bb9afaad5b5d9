"""The workshop: the same picture is made once for all who want it now, anything else anew, and nothing that is over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.actions.workshop import Job, Workshop
from bot.core.errors import FileNotMade
from bot.core.messages import Address, Message, Order
from storage.engine import Database
from tests.bot.core.setting import SETUP
from tests.fakes.clock import Clock

FATIMA, BRAHIM = Address("telegram", "1"), Address("web", "2")
PICTURE = Order("any", "chart.png", "image/png", "ar", {"bars": [1, 2]}, as_photo=True)
TABLE = Order("any", "table.csv", "text/csv", "fr", {"categories": None})


@dataclass
class Bench:
    """Makes files as large as it is told; `busiest` is how many it had in hand at once."""

    size: int = 3
    made: list[Job] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    in_hand: int = 0
    busiest: int = 0

    async def make(self, job: Job) -> bytes:
        self.made.append(job)
        self.in_hand += 1
        self.busiest = max(self.busiest, self.in_hand)
        await asyncio.sleep(0.01)
        self.in_hand -= 1
        if self.fails:
            raise self.fails.pop(0)
        return b"x" * self.size


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def workshop(database: Database, bench: Bench, clock: Clock) -> Workshop:
    return Workshop(database, SETUP, {"any": bench.make}, clock=clock)


async def test_the_same_picture_is_made_once_for_all_who_want_it_now(workshop: Workshop, bench: Bench, clock: Clock) -> None:
    wanted = await asyncio.gather(*(workshop.make(PICTURE, who) for who in (FATIMA, BRAHIM, FATIMA)))
    clock.advance(seconds=100)
    wanted.append(await workshop.make(replace(PICTURE, parameters={"bars": [1, 2]}), BRAHIM))
    assert wanted == [b"xxx"] * 4
    assert len(bench.made) == 1

    clock.advance(minutes=2)
    await workshop.make(PICTURE, FATIMA)
    await workshop.make(replace(PICTURE, language="fr"), FATIMA)
    assert len(bench.made) == 3


async def test_anything_but_a_picture_is_made_anew_for_its_reader(workshop: Workshop, bench: Bench, clock: Clock) -> None:
    await workshop.make(TABLE, FATIMA)
    await workshop.make(TABLE, FATIMA)
    assert [(job.order, job.reader, job.now) for job in bench.made] == [(TABLE, FATIMA, clock())] * 2


async def test_what_failed_is_tried_again_for_the_next_who_wants_it(workshop: Workshop, bench: Bench) -> None:
    bench.fails = [FileNotMade("painter failed")]
    with pytest.raises(FileNotMade, match="painter failed"):
        await workshop.make(PICTURE, FATIMA)
    assert await workshop.make(PICTURE, FATIMA) == b"xxx"


async def test_who_goes_away_takes_the_picture_from_nobody_else(workshop: Workshop, bench: Bench) -> None:
    leaving = asyncio.create_task(workshop.make(PICTURE, FATIMA))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await workshop.make(PICTURE, BRAHIM) == b"xxx"
    assert len(bench.made) == 1


async def test_large_pictures_are_not_kept_for_long(workshop: Workshop, bench: Bench) -> None:
    bench.size = 9 * 1024 * 1024
    other = replace(PICTURE, parameters={})
    for order in (PICTURE, other, other, PICTURE):
        await workshop.make(order, FATIMA)
    assert [job.order for job in bench.made] == [PICTURE, other, PICTURE]


async def test_few_files_are_made_at_once(workshop: Workshop, bench: Bench) -> None:
    await asyncio.gather(*(workshop.make(TABLE, FATIMA) for _ in range(7)))
    assert (len(bench.made), bench.busiest) == (7, 2)


async def test_what_is_over_or_unheard_of_is_not_made(workshop: Workshop, bench: Bench, clock: Clock) -> None:
    until = clock() + timedelta(hours=1)
    await workshop.make(replace(TABLE, until=until), FATIMA)
    clock.advance(hours=1)
    with pytest.raises(FileNotMade, match="over"):
        await workshop.make(replace(TABLE, until=until), FATIMA)
    with pytest.raises(FileNotMade, match="no maker"):
        await workshop.make(replace(TABLE, kind="of last year"), FATIMA)
    assert len(bench.made) == 1


async def test_what_takes_too_long_is_given_up(workshop: Workshop, bench: Bench) -> None:
    bench.fails = [TimeoutError()]
    with pytest.raises(FileNotMade, match="took too long"):
        await workshop.make(TABLE, FATIMA)


async def test_without_its_file_a_message_says_so_in_its_readers_language(workshop: Workshop) -> None:
    bare = workshop.without_file(Message("Voici le tableau.", (("Menu", "x"),), file=TABLE), "telegram")
    told = "Voici le tableau.\n\nLe fichier n’a pas pu être préparé. Réessayez dans quelques minutes."
    assert bare == Message(told, (("Menu", "x"),))
    assert workshop.without_file(Message("نعم"), "telegram") == Message("نعم")
