"""Fifty at once: one code, one application. Four processes share a PostgreSQL; SQLite is one process. A thousand rounds in
`make faults`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.bot_api import BotApi
from tests.races.processes import Race, racing
from tests.races.rounds import claims, decided_at_once

ROUNDS, LONG = 50, 1000


@pytest.fixture
async def race(database_url: str, bot_api: BotApi, tmp_path: Path) -> AsyncIterator[Race]:
    processes = 1 if database_url.startswith("sqlite") else 4
    async with racing(database_url, bot_api, tmp_path, processes=processes) as made:
        yield made


async def test_one_effect_comes_of_fifty_claims_and_of_fifty_decisions_at_once(
    race: Race, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = LONG if pytestconfig.getoption("--long") else ROUNDS
    figures = [await claims(race, rounds=rounds), await decided_at_once(race, rounds=rounds)]
    with capsys.disabled():
        print("", *figures, sep="\n")  # noqa: T201 -- figures that are asked for
