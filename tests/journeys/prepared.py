"""Sign-ups that the team prepared from what presidents had sent, for the tests about claiming them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from bot.actions.imports import Load, apply_import
from bot.core.known import Setup
from bot.flows.imports import Prepared, read_row
from bot.reports.imports import Printed
from storage.engine import Database
from tests.conftest import Running
from tests.journeys.forms import Form


async def prepare(running: Running, *forms: Form) -> list[str]:
    """One import of these forms; the codes that claim them, one an association."""
    service = running.service
    return await load(service.database, service.setup, service.seals.digest, service._clock(), *forms)


async def load(
    database: Database,
    setup: Setup,
    digest: Callable[[str], str],
    now: datetime,
    *forms: Form,
    file: str | None = None,
    random: Callable[[], int] = lambda: secrets.randbelow(10**10),
) -> list[str]:
    """The same without a service; `file` stands for its digest, a new one each time where it is not given."""
    known = setup.known(language="ar", channel="web", now=now, keyboard_up=False)
    rows = [read_row(number, asdict(form), known) for number, form in enumerate(forms, 2)]
    codes: list[str] = []

    def keep(_: int, printed: Sequence[Printed]) -> None:
        codes.extend(each.code for each in printed)

    prepared = [row for row in rows if isinstance(row, Prepared)]
    assert len(prepared) == len(forms), rows
    await apply_import(
        database,
        Load(file or secrets.token_hex(32), len(rows), prepared),
        setup,
        digest=digest,
        random=random,
        keep_codes=keep,
        now=now,
    )
    return codes
