"""Data as files."""

from __future__ import annotations

from pathlib import Path

from bot.actions.signups import export_records
from bot.core.text import Ltr, t
from bot.reports.help_requests import HelpRecord, help_sheet
from bot.reports.signups import signup_sheet
from handlers.cli.tools import Tools, writing
from handlers.exports.files import write_csv, write_json
from storage import help_requests as stored


async def signups(tools: Tools, output: Path, *, table: bool, language: str) -> None:
    setup, database = tools.setup(), tools.database()
    try:
        records = await export_records(database, setup)
    finally:
        await database.close()
    with writing(output):
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
    with writing(output):
        if table:
            write_csv(output, help_sheet(records, setup.zone), setup.speech(language, "web"))
        else:
            write_json(output, records)
    tools.say(t("Written: {file} ({count})")(file=Ltr(str(output)), count=len(records)))
