"""Figures over both databases: each coordinator counts what is in scope, an application once, under its first centre."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.actions.figures import count_figures, stuck_people
from bot.reports.figures import Figures, Stop
from storage.engine import Database
from storage.figures import Stuck
from tests.bot.actions.applications import Unfinished, Written, write
from tests.bot.core.setting import SETUP
from tests.fakes.clock import Clock

OLDER, WOMEN, OTHER = "older_persons", "women_victims_violence", "other"
ESSAOUIRA, RABAT = "07.211.01.09", "04.421.01.01"


async def counted(database: Database, clock: Clock, categories: frozenset[str] | None = None) -> Figures:
    async with database.read() as connection:
        return await count_figures(connection, SETUP, categories, now=clock())


@pytest.fixture
async def year(database: Database, clock: Clock) -> None:
    """Nine applications and five unfinished ones, over forty days."""
    now = clock()
    async with database.write() as connection:
        await write(connection, Written([(OLDER, ESSAOUIRA)]), Written([(OLDER, RABAT), (WOMEN, RABAT)]), at=now)
        await write(connection, Written([(WOMEN, RABAT), (OLDER, None)], "pending"), at=now - timedelta(hours=11))
        await write(connection, Written([(OTHER, None)], "needs_correction"), at=now - timedelta(days=29))
        await write(connection, Written([(OLDER, ESSAOUIRA)]), at=now - timedelta(days=30))
        await write(connection, Written([(OLDER, RABAT)], "refused"), Written([(WOMEN, RABAT)], "withdrawn"), at=now)
        await write(connection, Unfinished("email", OLDER), Unfinished("phone", WOMEN), at=now - timedelta(days=3))
        await write(connection, Unfinished("email", OLDER, beneath="contact"), at=now - timedelta(days=12))
        await write(connection, Unfinished("association", name=None), at=now - timedelta(days=1))
        await write(connection, Unfinished("email", OLDER), at=now - timedelta(hours=23))


@pytest.mark.usefixtures("year")
async def test_an_unlimited_coordinator_sees_everything(database: Database, clock: Clock) -> None:
    seen = await counted(database, clock)
    now = clock()
    regions = SETUP.places.regions
    assert seen.statuses == {"approved": 3, "pending": 1, "needs_correction": 1, "refused": 1, "withdrawn": 1}
    assert (seen.joined, seen.drafts, seen.whole) == (5, 5, True)
    assert dict(seen.categories) == {OLDER: 3, WOMEN: 1, OTHER: 1}
    assert seen.categories[0] == (OLDER, 3)
    assert dict(seen.regions) == {regions["07"]: 2, regions["04"]: 2, None: 1}
    assert seen.stops == (
        Stop("association", 1, now - timedelta(days=1)),
        Stop("phone", 1, now - timedelta(days=3)),
        Stop("email", 2, now - timedelta(days=12)),
    )
    assert (len(seen.days), seen.days[0][1], sum(count for _, count in seen.days)) == (30, 1, 4)
    assert [count for _, count in seen.days[-2:]] == [1, 2]


@pytest.mark.usefixtures("year")
async def test_a_coordinator_of_one_category_sees_what_is_hers(database: Database, clock: Clock) -> None:
    seen = await counted(database, clock, frozenset({WOMEN}))
    assert seen.statuses == {"pending": 1, "withdrawn": 1}
    assert seen.categories == ((WOMEN, 1),)
    assert (seen.drafts, seen.whole) == (1, False)
    assert [(stop.question, stop.count) for stop in seen.stops] == [("phone", 1)]
    assert sum(count for _, count in seen.days) == 1

    both = await counted(database, clock, frozenset({OLDER, OTHER}))
    assert both.statuses == {"approved": 3, "needs_correction": 1, "refused": 1}
    assert [(stop.question, stop.count) for stop in both.stops] == [("email", 2)]
    assert both.drafts == 3


@pytest.mark.usefixtures("year")
async def test_a_coordinator_without_categories_sees_nothing(database: Database, clock: Clock) -> None:
    seen = await counted(database, clock, frozenset())
    assert (seen.joined, seen.drafts, seen.statuses, seen.stops) == (0, 0, {}, ())
    assert {count for _, count in seen.days} == {0}


async def test_before_the_first_application_everything_is_zero(database: Database, clock: Clock) -> None:
    seen = await counted(database, clock)
    assert (seen.joined, seen.drafts, seen.categories, seen.regions, seen.stops) == (0, 0, (), (), ())
    assert len(seen.days) == 30


@pytest.mark.usefixtures("year")
async def test_the_stuck_are_named_to_those_who_may_see_them(database: Database, clock: Clock) -> None:
    now = clock()
    async with database.read() as connection:
        everybody = await stuck_people(connection, None, now=now, limit=10)
        older = await stuck_people(connection, frozenset({OLDER}), now=now, limit=10)
    name = "جمعية دار الطالب النور"
    assert [(each.association, each.question, (now - each.since).days) for each in everybody] == [
        (None, "association", 1),
        (name, "phone", 3),
        (name, "email", 3),
        (name, "email", 12),
    ]
    assert older == [everybody[2], everybody[3]]


@pytest.mark.usefixtures("year")
async def test_the_stuck_come_page_by_page(database: Database, clock: Clock) -> None:
    pages: list[list[Stuck]] = []
    last: Stuck | None = None
    async with database.read() as connection:
        whole = await stuck_people(connection, None, now=clock(), limit=10)
        while page := await stuck_people(connection, None, now=clock(), limit=2, after=last):
            pages.append(page)
            last = page[-1]
    assert [len(page) for page in pages] == [2, 2]
    assert [each for page in pages for each in page] == whole
