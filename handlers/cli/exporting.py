"""Data as files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.actions.signups import export_records
from bot.core.errors import CommandRefused
from bot.core.text import Ltr, t
from bot.reports.help_requests import HelpRecord, help_sheet
from bot.reports.signups import signup_sheet
from handlers.cli.tools import Tools
from handlers.exports.files import write_csv, write_json
from storage import help_requests as stored


async def signups(tools: Tools, output: Path, *, table: bool, language: str) -> None:
    setup, database = tools.setup(), tools.database()
    try:
        records = await export_records(database, setup)
    finally:
        await database.close()
    with refusals(output):
        if table:
            write_csv(output, signup_sheet(records, setup.zone), setup.speech(language, "web"))
        else:
            write_json(output, records)
    tools.say(t("Written: {file} ({count})")(file=Ltr(str(output)), count=len(records)))


async def help_requests(tools: Tools, output: Path, *, table: bool, language: str) -> None:
    setup, database = tools.setup(), tools.database()
    try:
        async with database.read() as connection:
            rows = await stored.all_help_requests(connection)
    finally:
        await database.close()
    records = [HelpRecord(row.asked_at, row.phone, row.text, row.stuck_at, row.language) for row in rows]
    with refusals(output):
        if table:
            write_csv(output, help_sheet(records, setup.zone), setup.speech(language, "web"))
        else:
            write_json(output, records)
    tools.say(t("Written: {file} ({count})")(file=Ltr(str(output)), count=len(records)))


@contextmanager
def refusals(output: Path) -> Iterator[None]:
    """The file's troubles, in words. Those of the network below OSError are not the file's."""
    try:
        yield
    except (TimeoutError, ConnectionError):
        raise
    except OSError:
        raise CommandRefused(NOT_WRITABLE(file=Ltr(str(output)))) from None


NOT_WRITABLE = t("The file {file} cannot be written. Choose a folder that exists and that you may write to.")
