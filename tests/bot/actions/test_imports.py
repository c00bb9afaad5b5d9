"""An import is brought in whole or not at all, once, and taken back; what nobody claims is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, replace

import pytest
import sqlalchemy as sa

from bot.actions import retention
from bot.actions.imports import Load, apply_import, undo_import
from bot.actions.signups import export_records
from bot.core.errors import CommandRefused
from bot.core.text import t
from bot.flows.imports import Prepared, read_row
from storage.engine import Database
from storage.tables import associations, centres, conversations, imports, metadata, signups
from tests.bot.actions.updates import SEALS, OpenDesk, open_desk
from tests.bot.core.setting import KNOWN, SETUP
from tests.bot.flows.chat import GOOD
from tests.fakes.clock import Clock
from tests.journeys.forms import BRAHIM, FATIMA, Form
from tests.journeys.prepared import load

SENT = replace(FATIMA, category="النساء ضحايا العنف", email="")
OTHER = replace(BRAHIM, category="دار الطالب")
SIGNED = ("سلام", "أوافق", *(GOOD[key] for key in GOOD if key != "category_other"), "نعم", GOOD["president"], "نعم")


@pytest.fixture
async def desk(database: Database, clock: Clock) -> AsyncIterator[OpenDesk]:
    async with open_desk(database, clock) as opened:
        yield opened


async def loads(database: Database, clock: Clock, *forms: Form, file: str | None = None) -> list[str]:
    return await load(database, SETUP, SEALS.digest, clock(), *forms, file=file)


async def count(database: Database, table: sa.Table) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


async def test_an_import_keeps_what_was_sent_and_only_the_digest_of_its_codes(database: Database, clock: Clock) -> None:
    (code,) = await loads(database, clock, SENT, replace(SENT, centre="مركز ثان", email="fatima@example.org"))
    async with database.read() as connection:
        (row,) = (await connection.execute(sa.select(signups))).all()
        (association,) = (await connection.execute(sa.select(associations))).all()
        (loaded,) = (await connection.execute(sa.select(imports))).all()
        everything = str([list(await connection.execute(sa.select(table))) for table in metadata.sorted_tables])
    assert (row.status, row.source, row.import_id, row.person_id, row.reference, row.signed_at) == (
        *("prepared", "import", 1),
        *(None, None, None),
    )
    assert (association.president, association.phone, association.phone_verified) == (
        "فاطمة العلوي",
        "+212600000001",
        False,
    )
    assert association.email == "fatima@example.org"
    assert (loaded.rows, loaded.taken, loaded.imported_at, loaded.undone_at) == (2, 2, clock(), None)
    assert code.replace("-", "").lower() not in everything
    assert code[1:6] not in everything


async def test_what_is_prepared_is_in_the_export_under_its_own_status(database: Database, clock: Clock) -> None:
    await loads(database, clock, SENT, replace(SENT, centre="مركز ثان"))
    (record,) = await export_records(database, SETUP)
    assert (record.status, record.reference, record.channel, record.consent_at) == ("prepared", None, "import", None)
    assert [centre.name for centre in record.centres] == [SENT.centre, "مركز ثان"]


async def test_the_same_file_is_refused_unless_its_import_was_undone(database: Database, clock: Clock) -> None:
    await loads(database, clock, SENT, file="a")
    with pytest.raises(CommandRefused):
        await loads(database, clock, SENT, file="a")
    await undo_import(database, 1, now=clock())
    assert len(await loads(database, clock, SENT, file="a")) == 1


async def test_nothing_is_kept_when_the_codes_cannot_be(database: Database, clock: Clock) -> None:
    def full(*_: object) -> None:
        raise CommandRefused(t("The disk is full."))

    row = read_row(2, asdict(SENT), KNOWN)
    assert isinstance(row, Prepared)
    with pytest.raises(CommandRefused):
        await apply_import(
            database, Load("x", 1, [row]), SETUP, digest=SEALS.digest, random=lambda: 1, keep_codes=full, now=clock()
        )
    assert [await count(database, table) for table in (imports, signups, associations, centres)] == [0, 0, 0, 0]


async def test_what_is_there_already_is_not_brought_again(desk: OpenDesk, database: Database, clock: Clock) -> None:
    await desk.dialogue("1", *SIGNED)
    signed = replace(SENT, association=GOOD["association"], phone="0600000099")
    with pytest.raises(CommandRefused):
        await loads(database, clock, signed)
    assert len(await loads(database, clock, signed, OTHER)) == 1
    assert await count(database, signups) == 2


async def test_no_two_sign_ups_wait_for_one_code(database: Database, clock: Clock) -> None:
    numbers = iter([1, 1, 2])
    assert await load(database, SETUP, SEALS.digest, clock(), SENT, OTHER, random=lambda: next(numbers)) == [
        "P00000-00001",
        "P00000-00002",
    ]
    numbers = iter([2, 1, 3])
    third = replace(SENT, association="جمعية ثالثة", phone="0600000033")
    assert await load(database, SETUP, SEALS.digest, clock(), third, random=lambda: next(numbers)) == ["P00000-00003"]


async def test_two_imports_at_once_bring_an_association_once(database: Database, clock: Clock) -> None:
    results = await asyncio.gather(
        *(loads(database, clock, SENT, file=str(number)) for number in range(4)), return_exceptions=True
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [CommandRefused] * 3
    assert await count(database, signups) == 1


async def test_undoing_takes_back_everything_of_one_import_and_nothing_else(database: Database, clock: Clock) -> None:
    await loads(database, clock, SENT)
    await loads(database, clock, OTHER)
    undone = await undo_import(database, 1, now=clock())
    assert (undone.deleted, undone.claimed) == (1, [])
    async with database.read() as connection:
        assert (await connection.execute(sa.select(associations.c.name))).scalars().all() == [OTHER.association]
        assert (await connection.execute(sa.select(imports.c.undone_at).order_by(imports.c.id))).scalars().all() == [
            clock(),
            None,
        ]
    assert await count(database, centres) == 1
    for number in (1, 7):
        with pytest.raises(CommandRefused):
            await undo_import(database, number, now=clock())


async def test_a_claim_and_an_undo_at_once_never_halve_a_sign_up(desk: OpenDesk, database: Database, clock: Clock) -> None:
    for person in range(1, 9):
        (code,) = await loads(database, clock, SENT)
        (said,), undone = await asyncio.gather(desk.dialogue(str(person), code), undo_import(database, person, now=clock()))
        claimed = "هيأ فريق التنسيق" in said
        assert (claimed, undone.deleted) in ((True, 0), (False, 1))
        assert await count(database, associations) == claimed
        if claimed:
            await desk.dialogue(str(person), "لا أوافق")


async def test_what_nobody_has_claimed_is_forgotten_after_ninety_days(database: Database, clock: Clock) -> None:
    await loads(database, clock, SENT)
    clock.advance(days=89)
    await loads(database, clock, OTHER)
    assert await retention.forget_unclaimed(database, clock()) == 0
    clock.advance(days=2)
    assert [await retention.forget_unclaimed(database, clock()) for _ in range(2)] == [1, 0]
    async with database.read() as connection:
        assert (await connection.execute(sa.select(associations.c.name))).scalars().all() == [OTHER.association]


async def test_what_was_claimed_without_an_agreement_is_forgotten_too_and_its_claimer_can_begin_anew(
    desk: OpenDesk, database: Database, clock: Clock
) -> None:
    codes = await loads(database, clock, SENT, OTHER)
    await desk.dialogue("1", codes[0])
    await desk.dialogue("2", codes[1], "أوافق")
    clock.advance(days=91)
    assert [await retention.forget_unclaimed(database, clock()) for _ in range(2)] == [1, 0]
    async with database.read() as connection:
        assert (await connection.execute(sa.select(associations.c.name))).scalars().all() == [OTHER.association]
        talks = str((await connection.execute(sa.select(conversations.c.talk))).scalars().all())
    assert "العلوي" not in talks

    told = await desk.dialogue("1", "نعم", "بدء", "أوافق")
    assert "السؤال 1 من 8" in told[-1]
    (review,) = await desk.dialogue("2", "نعم")
    assert "السؤال 8 من 8" in review
