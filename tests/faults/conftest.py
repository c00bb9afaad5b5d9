"""The product as a process, the crowd that talks to it, and how long the faults go on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.bot_api import BotApi
from tests.faults.product import Product, Starter, running_starter

_FIGURES = "figures"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The figures travel with the reports of the tests, from other processes, too."""
    if not config.getoption("--long", default=False):
        return
    for outcome in ("passed", "failed"):
        for told in terminalreporter.stats.get(outcome, []):
            for name, figures in told.user_properties if told.when == "call" else ():
                if name == _FIGURES:
                    terminalreporter.write_line(figures)


@dataclass(frozen=True, slots=True)
class Report:
    """`is_long`: is this `make faults`? Then the faults go on for longer, and take minutes."""

    test: str
    is_long: bool
    properties: list[tuple[str, object]]

    def tell(self, figures: str) -> None:
        """Keep a line of figures, to be printed when all tests are over."""
        self.properties.append((_FIGURES, f"{self.test}: {figures}"))


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    is_long = bool(request.config.getoption("--long", default=False))
    return Report(request.node.name, is_long, request.node.user_properties)


@pytest.fixture(scope="session")
def starter() -> Iterator[Starter]:
    with running_starter() as made:
        yield made


@pytest.fixture
async def product(database_url: str, bot_api: BotApi, tmp_path: Path, starter: Starter) -> AsyncIterator[Product]:
    """The product, not started yet, on a database of its own."""
    made = Product.on(database_url, tmp_path, bot_api, starter)
    yield made
    made.kill()
