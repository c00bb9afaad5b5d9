"""Sign-ups that coordinators fill by phone: kept for their presidents, who get a copy where we can reach them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from bot.actions.job import Job
from bot.actions.signups import application
from bot.core.flow import Answer
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.flows.effects import PrepareSignup
from bot.flows.phone_entry import copy_for
from bot.rules.codes import read_code
from storage import help_requests, signups
from storage.audit import Entry
from storage.conversations import Spoken


async def prepare(job: Job, prepared: Sequence[tuple[Spoken, PrepareSignup]]) -> None:
    """Keep each; a person who asked to be called at that number is sent a copy with the code."""
    for spoken, each in prepared:
        applied = application(each.answers, job.desktop.setup.places)
        digest = job.desktop.seals.digest(read_code(each.code) or each.code)
        await signups.add_prepared(
            job.connection, [([applied], digest)], source="phone", language=spoken.language, import_id=None, now=job.now
        )
        job.note(Entry("fill_by_phone", spoken.channel, each.by, after={"category": applied.category}))
        person = await help_requests.who_asked_from(job.connection, applied.phone)
        if person is not None:
            await job.tell([person], partial(_copy, answers=each.answers, code=each.code))


def _copy(known: Known, *, answers: Mapping[str, Answer], code: str) -> Outgoing:
    return copy_for(answers, code, known)
