"""Announcements: made, tried, acted on by the committee; their recipients written down; finished."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from bot.actions.job import Job
from bot.core import calendar
from bot.core.known import Known, Setup
from bot.core.messages import Outgoing
from bot.core.text import Sayable, paragraphs, t
from bot.flows.announcements import Rendered
from bot.flows.effects import Announce, ControlAnnouncement, TestSend
from storage import announcements, committee, deliveries
from storage.audit import Entry, Facts
from storage.conversations import Spoken
from storage.deliveries import LIVE
from storage.engine import Database
from storage.tables.base import Row

CHUNK = 10_000
"""People looked at in one transaction while recipients are written down."""
_A_LOOK = 20.0
_BREATH = 0.03
"""Seconds: how long one look goes on, and what it leaves others between two chunks, for one database has one writer."""
_OPEN = (*LIVE, "paused")

_WRAPPED = t("Announcement from the coordination team – {date}\n\n{body}\n\nTo stop announcements, write “Stop”.")
_CORRECTED = t("Correction from the coordination team – {date}\n\n{body}\n\nTo stop announcements, write “Stop”.")
_ARABIC_ONLY = t("This announcement was written in Arabic only.")


def wrapped(body_ar: str, body_fr: str | None, *, language: str, at: datetime, corrects: bool = False) -> Sayable:
    """What a reader of that language gets; the words stand as they were written. Who reads French gets Arabic where there
    is nothing else, and a line that says so. `at` carries the zone of the reader."""
    french = language == "fr" and body_fr is not None
    sentence = _CORRECTED if corrects else _WRAPPED
    said = sentence(body=(body_fr if french else body_ar) or "", date=calendar.day(at.date()))
    return paragraphs(_ARABIC_ONLY, said) if language == "fr" and not french else said


def rendered(setup: Setup, body_ar: str, body_fr: str | None, *, now: datetime) -> Rendered:
    """For the preview: the very words that leave."""
    at = now.astimezone(setup.zone)
    ar, fr = (
        setup.speech(language, "telegram").tell(wrapped(body_ar, body_fr, language=language, at=at))
        for language in ("ar", "fr")
    )
    return Rendered(ar, fr)


async def announce(job: Job, made: Sequence[tuple[Spoken, Announce]]) -> None:
    """Keep what was confirmed: it leaves at once, at its hour, or when a second coordinator has confirmed it."""
    for spoken, each in made:
        found = await committee.members(job.connection, [each.by])
        category = found[0].category if found else None
        zone = job.desktop.setup.zone
        due_at = instant(each.send_local, zone.key) if each.send_local else job.now
        facts = {
            "title": each.title,
            "body_ar": each.body_ar,
            "body_fr": each.body_fr,
            "audience": each.audience.within(category).to_json(),
            "category": category,
            "state": "waiting" if each.needs_review else _first_state(due_at, job.now),
            "urgent": each.urgent,
            "created_by": each.by,
            "created_at": job.now,
            "send_local": each.send_local,
            "zone": zone.key,
            "due_at": due_at,
        }
        id_ = await announcements.add_announcement(job.connection, facts)
        after: Facts = {"count": each.count, "urgent": each.urgent, "state": str(facts["state"])}
        job.note(Entry("announce", spoken.channel, each.by, "announcement", id_, after=after))


def _first_state(due_at: datetime, now: datetime) -> str:
    return "scheduled" if due_at > now else "freezing"


def instant(local: str, zone: str) -> datetime:
    """What wall time of that zone means, by the law that is known now."""
    return datetime.fromisoformat(local).replace(tzinfo=calendar.zone(zone)).astimezone(UTC)


_ACTIONS = {action: f"{action}_announcement" for action in ("pause", "resume", "stop", "approve", "cancel", "send_again")}
"""What is on record of each."""


async def control(job: Job, wanted: Sequence[tuple[Spoken, ControlAnnouncement]]) -> None:
    """Do what was asked where the announcement's state still allows it; else nothing. It holds from the commit on: what
    has left by then, and what is on its way in that moment, is sent."""
    for spoken, each in wanted:
        found = await announcements.hold_announcement(job.connection, each.announcement)
        facts = await _changes(job, each, found) if found is not None else None
        if found is None or facts is None:
            continue
        await announcements.change_announcement(job.connection, found.id, **facts)
        before, after = {"state": found.state}, {"state": str(facts["state"])}
        job.note(Entry(_ACTIONS[each.action], spoken.channel, each.by, "announcement", found.id, before=before, after=after))


async def _changes(job: Job, wanted: ControlAnnouncement, found: Row) -> dict[str, object] | None:
    """The columns to set; None: it cannot be done (any more)."""
    match wanted.action, found.state:
        case "pause", "freezing" | "sending":
            return {"state": "paused", "paused_from": found.state}
        case "resume", "paused":
            return {"state": found.paused_from, "paused_from": None}
        case "stop", "freezing" | "sending" | "paused":
            return {"state": "stopped", "paused_from": None}
        case "approve", "waiting" if found.created_by != wanted.by:
            due_at = _due(found, job.now)
            return {"state": _first_state(due_at, job.now), "approved_by": wanted.by, "due_at": due_at}
        case "cancel", "waiting" | "scheduled":
            return {"state": "cancelled", "told_at": job.now}
        case "send_again", "done" | "stopped":
            again = await deliveries.send_again(job.connection, found.id, now=job.now)
            return {"state": "sending", "told_at": None} if again else None
    return None


def _due(found: Row, now: datetime) -> datetime:
    """When it leaves: an hour that has passed meanwhile is now."""
    return max(now, instant(found.send_local, found.zone)) if found.send_local else now


async def test_send(job: Job, wanted: Sequence[tuple[Spoken, TestSend]]) -> None:
    """The author gets it as its readers will, in both languages where there are two texts."""
    for spoken, each in wanted:
        for language in ("ar", "fr") if each.body_fr is not None else ("ar",):
            await job.tell([spoken.person], _Test(each, language))


test_send.__test__ = False  # type: ignore[attr-defined]  # its name begins as those of tests do


@dataclass(frozen=True, slots=True)
class _Test:
    wanted: TestSend
    language: str

    def __call__(self, known: Known) -> Outgoing:
        texts = self.wanted.body_ar, self.wanted.body_fr
        return Outgoing(wrapped(*texts, language=self.language, at=known.now))


async def freeze(database: Database, now: datetime) -> int:
    """Let those leave whose hour has come, and write their recipients down, a chunk a transaction; how many people were
    looked at. Cut off at any moment it goes on where it was."""
    looked, since = 0, monotonic()
    for found in await _open(database):
        if found.state == "scheduled":
            await _let_begin(database, found.id, now)
        while found.state in ("scheduled", "freezing") and monotonic() - since < _A_LOOK:
            count = await _freeze_chunk(database, found.id)
            looked += count
            if count < CHUNK:
                break
            await asyncio.sleep(_BREATH)
    return looked


async def _open(database: Database) -> Sequence[Row]:
    async with database.read() as connection:
        return await deliveries.open_announcements(connection)


async def _let_begin(database: Database, id_: int, now: datetime) -> None:
    """The instant is worked out anew: the zone's law may have changed since it was confirmed."""
    async with database.write() as connection:
        found = await announcements.hold_announcement(connection, id_)
        if found is None or found.state != "scheduled":
            return
        due_at = instant(found.send_local, found.zone) if found.send_local else found.due_at
        if due_at <= now:
            await announcements.change_announcement(connection, id_, state="freezing", due_at=due_at)
        elif due_at != found.due_at:
            await announcements.change_announcement(connection, id_, due_at=due_at)


async def _freeze_chunk(database: Database, id_: int) -> int:
    async with database.write() as connection:
        found = await announcements.hold_announcement(connection, id_)
        if found is None or found.state != "freezing":
            return 0
        return await deliveries.freeze_chunk(connection, found, limit=CHUNK)


async def finish(database: Database, now: datetime) -> int:
    """What waited of an announcement that was stopped is skipped, and what has nothing left to send is done; how many are
    over by this look."""
    over = 0
    for found in await _open(database):
        if found.state == "stopped":
            await _skip_stopped(database, found.id, now)
        if found.state == "sending":
            over += await _end(database, found.id)
    return over


async def _skip_stopped(database: Database, id_: int, now: datetime) -> None:
    async with database.read() as connection:
        left = CHUNK if await deliveries.is_waiting(connection, id_) else 0
    while left == CHUNK:
        async with database.write() as connection:
            left = await deliveries.skip_stopped(connection, id_, now=now, limit=CHUNK)
        await asyncio.sleep(_BREATH)


async def _end(database: Database, id_: int) -> int:
    async with database.read() as connection:
        if await deliveries.is_waiting(connection, id_):
            return 0
    async with database.write() as connection:
        found = await announcements.hold_announcement(connection, id_)
        if found is None or found.state != "sending" or await deliveries.is_waiting(connection, id_):
            return 0
        await announcements.change_announcement(connection, id_, state="done")
        return 1
