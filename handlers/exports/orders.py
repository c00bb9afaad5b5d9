"""Who makes which file: kind of order → maker, for the workshop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.actions.committee import may_still_have
from bot.actions.signups import record_batches
from bot.actions.workshop import Job, Maker
from bot.core.errors import FileNotMade
from bot.reports.chart import PICTURE
from bot.reports.members import MEMBERS_TABLE, categories_of, members_sheet
from handlers.exports.files import SEPARATORS, csv_text
from handlers.exports.png import chart_png


async def _picture(job: Job) -> bytes:
    return await chart_png(job.order.parameters)


async def _members_table(job: Job) -> bytes:
    """The applications as they are now, told and written in a thread, some at a time."""
    if not await may_still_have(job.database, job.reader, categories_of(job.order)):
        raise FileNotMade("not allowed")
    speech = job.setup.speech(job.order.language, job.reader.channel)
    separator = SEPARATORS.get(speech.language, ",")
    heading = await asyncio.to_thread(csv_text, members_sheet((), job.setup.zone), speech, separator=separator)
    parts = [heading.encode("utf-8-sig")]
    async for records in record_batches(job.database, job.setup, categories_of(job.order)):
        sheet = members_sheet(records, job.setup.zone)
        rows = await asyncio.to_thread(csv_text, sheet, speech, separator=separator, headed=False)
        parts.append(rows.encode())
    return b"".join(parts)


MAKERS: Mapping[str, Maker] = {PICTURE: _picture, MEMBERS_TABLE: _members_table}
