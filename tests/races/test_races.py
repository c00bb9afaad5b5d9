"""Fifty at once: one code, one application. Four processes share a PostgreSQL; SQLite is one process. At length in
`make faults`: the rounds are functions of how many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.bot_api import BotApi
from tests.races.processes import Race, racing
from tests.races.rounds import claims, decided_at_once

ROUNDS = 50


@pytest.fixture
async def race(database_url: str, bot_api: BotApi, tmp_path: Path) -> AsyncIterator[Race]:
    processes = 1 if database_url.startswith("sqlite") else 4
    async with racing(database_url, bot_api, tmp_path, processes=processes) as made:
        yield made


async def test_one_effect_comes_of_fifty_claims_and_of_fifty_decisions_at_once(
    race: Race, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [await claims(race, rounds=ROUNDS), await decided_at_once(race, rounds=ROUNDS)]
    with capsys.disabled():
        print("", *figures, sep="\n")  # noqa: T201 -- figures that are asked for
