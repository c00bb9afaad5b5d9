"""A backup taken while people talk is one moment of it: held against what they were told, which is kept outside nidaa."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from time import time

import sqlalchemy as sa

from bot.flows import signup
from storage.conversations import decode_talk
from storage.engine import Database
from storage.tables import addresses, associations, centres, consents, conversations, inbox, signups
from tests.bot.flows.chat import GOOD
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import TelegramPerson

AT_ONCE, OLD_ROWS = 8, 20_000
KEYS = ("association", "centre", "category", "president", "phone", "email", "city")
_BEGINNINGS, _ENDINGS = (
    ("أمل", "نور", "رحمة", "وفاء", "تضامن", "كرامة", "بسمة"),
    ("سوس", "الأطلس", "الساحل", "الواحة", "الجبل"),
)


@dataclass(slots=True)
class Said:
    """One message: when it was sent, and when it was acknowledged (None: not before the end)."""

    update_id: str
    sent_at: float
    kept_at: float | None = None


@dataclass(slots=True)
class Witness:
    """What one person said and was told; `name` is the association's, a different one for each."""

    person: TelegramPerson
    name: str
    said: list[Said] = field(default_factory=list)

    @property
    def texts(self) -> tuple[str, ...]:
        answers = (self.name, *(GOOD[key] for key in KEYS[1:]))
        return ("سلام", "أوافق", *answers, "نعم", GOOD["president"], "نعم")


@dataclass(slots=True)
class Crowd:
    """People who talk over the webhook, each waiting for the acknowledgement before saying the next thing."""

    api: BotApi
    running: Running
    witnesses: list[Witness] = field(default_factory=list)
    stopped: bool = False
    _numbers: count[int] = field(default_factory=count)

    @property
    def said(self) -> list[Said]:
        return [said for witness in self.witnesses for said in witness.said]

    async def talk(self) -> None:
        while not self.stopped:
            number = next(self._numbers)
            name = f"جمعية {_BEGINNINGS[number % 7]} {_ENDINGS[number % 5]} {'ابتثجحخد'[number % 8]}{number}"
            witness = Witness(TelegramPerson(self.api, self.running.settled), name)
            self.witnesses.append(witness)
            for text in witness.texts:
                if self.stopped:
                    return
                update = witness.person.message(text=text)
                said = Said(str(update.update_id), time())
                witness.said.append(said)
                assert await self.api.deliver(update) == 200
                said.kept_at = time()

    async def until_finished(self, people: int) -> None:
        async with asyncio.timeout(60):
            while sum(len(witness.said) == len(witness.texts) for witness in self.witnesses) < people:
                await asyncio.sleep(0.01)


async def test_a_backup_taken_while_people_talk_is_one_moment_of_what_they_were_told(
    serve: Serve, bot_api: BotApi, database: Database, twin: Database, tmp_path: Path
) -> None:
    await _old_rows(database)
    crowd = Crowd(bot_api, await serve(bot_api, ticking=True))
    talking = [asyncio.create_task(crowd.talk()) for _ in range(AT_ONCE)]
    await crowd.until_finished(AT_ONCE)
    began = time()
    await _nidaa(database, tmp_path, "backup", "nidaa.zip")
    ended = time()
    crowd.stopped = True
    await asyncio.gather(*talking)

    await _nidaa(twin, tmp_path, "restore", "nidaa.zip")
    kept = await _updates(twin)
    _is_one_moment(crowd.said, kept, began=began, ended=ended)
    for witness in crowd.witnesses:
        heard = [said.update_id in kept for said in witness.said]
        assert heard == sorted(heard, reverse=True), "a later message without an earlier one"
        assert await _found(twin, witness) == _expected(witness, sum(heard))
    taken = json.loads(zipfile.ZipFile(io.BytesIO((tmp_path / "nidaa.zip").read_bytes())).read("manifest.json"))["taken_at"]
    meanwhile = [said for said in crowd.said if said.kept_at and _moment(taken) < said.kept_at < ended]
    assert len(meanwhile) > AT_ONCE, "nobody talked while it was written"


def _is_one_moment(said: Sequence[Said], kept: set[str], *, began: float, ended: float) -> None:
    """All that was acknowledged before it began, nothing said after it ended, and nothing of which something acknowledged
    before it is missing."""
    missing = [each for each in said if each.update_id not in kept]
    there = [each for each in said if each.update_id in kept]
    assert [each for each in missing if each.kept_at is not None and each.kept_at < began] == []
    assert [each for each in there if each.sent_at > ended] == []
    first_missing = min((each.kept_at for each in missing if each.kept_at is not None), default=float("inf"))
    assert max(each.sent_at for each in there) < first_missing


def _expected(witness: Witness, heard: int) -> dict[str, object]:
    """What is kept of somebody who said that much."""
    answers = dict(zip(KEYS, witness.texts[2:], strict=False))
    signed = heard >= 11
    return {
        "known": heard >= 1,
        "consents": min(heard // 2, 1) + (heard == 12),
        "signup": None if heard < 2 else "pending" if signed else "draft",
        "association": witness.name if signed else None,
        "centre": answers["centre"] if signed else None,
        "answered": list(KEYS[: max(0, min(heard - 2, 7))]) if heard >= 2 and not signed else None,
        "named": witness.name if heard >= 3 and not signed else None,
        "draft is the sign-up": heard >= 2 and not signed,
    }


async def _found(database: Database, witness: Witness) -> dict[str, object]:
    query = (
        sa.select(
            conversations.c.talk,
            signups.c.id,
            signups.c.status,
            associations.c.name,
            centres.c.name.label("centre"),
            sa.select(sa.func.count())
            .where(consents.c.person_id == addresses.c.person_id)
            .scalar_subquery()
            .label("consents"),
        )
        .select_from(
            addresses.join(conversations, conversations.c.person_id == addresses.c.person_id)
            .outerjoin(signups, signups.c.person_id == addresses.c.person_id)
            .outerjoin(associations, associations.c.id == signups.c.association_id)
            .outerjoin(centres, centres.c.association_id == associations.c.id)
        )
        .where(addresses.c.external_id == str(witness.person.id))
    )
    async with database.read() as connection:
        row = (await connection.execute(query)).one_or_none()
    draft = decode_talk(row.talk).draft(signup.NAME) if row else None
    answers = {key: draft.answers[key] for key in KEYS if key in draft.answers} if draft else {}
    return {
        "known": row is not None,
        "consents": row.consents if row else 0,
        "signup": row.status if row else None,
        "association": row.name if row else None,
        "centre": row.centre if row else None,
        "answered": list(answers) if draft and draft.subject else None,
        "named": answers["association"].value if "association" in answers else None,
        "draft is the sign-up": bool(row and draft and draft.subject and draft.subject == row.id),
    }


async def _updates(database: Database) -> set[str]:
    async with database.read() as connection:
        found = await connection.execute(sa.select(inbox.c.update_id).where(inbox.c.channel == "telegram"))
        return set(found.scalars())


async def _old_rows(database: Database) -> None:
    """Enough that writing the backup takes longer than a message."""
    for first in range(0, OLD_ROWS, 5000):
        rows = [{"channel": "old", "update_id": str(first + place), "received_at": Clock()()} for place in range(5000)]
        async with database.write() as connection:
            await connection.execute(inbox.insert(), rows)


async def _nidaa(database: Database, folder: Path, *arguments: str) -> None:
    """The command in a process of its own, over this database."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        env={
            **os.environ,
            "PYTHONPATH": str(Path.cwd()),
            "NIDAA_DATA_DIR": str(folder),
            "NIDAA_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "NIDAA_SECRET_KEY": "a secret for the tests, long enough to be one",
        },
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told = await process.communicate()
    assert process.returncode == 0, told


def _moment(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()
