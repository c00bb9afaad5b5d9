"""What a message orders is what its reader gets: the table of members, in scope, as a spreadsheet of the country opens it."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from bot.actions.workshop import Workshop
from bot.core.errors import FileNotMade
from bot.core.messages import Address
from bot.reports.chart import picture
from bot.reports.figures import report_chart
from bot.reports.members import members_table
from handlers.exports.orders import MAKERS
from storage import committee, people
from storage.engine import Database
from tests.bot.actions.applications import Unfinished, Written, write
from tests.bot.core.setting import SETUP
from tests.bot.reports.test_figures import counted
from tests.fakes.clock import Clock

READER = Address("telegram", "1")


@pytest.fixture
async def workshop(database: Database, clock: Clock) -> Workshop:
    """Its reader is a coordinator of all categories."""
    async with database.write() as connection:
        (reader,) = await people.add_people(connection, [(READER, "ar")], now=clock())
        facts = {"name": "خديجة", "role": "coordinator", "category": None}
        await committee.add_coordinator(connection, person=reader.person, now=clock(), **facts)
    return Workshop(database, SETUP, MAKERS, clock=clock)


async def rows(workshop: Workshop, clock: Clock, categories: frozenset[str] | None, language: str = "ar") -> list[list[str]]:
    order = members_table(categories, SETUP.speech(language, "telegram"), now=clock())
    content = await workshop.make(order, READER)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


async def test_the_table_has_a_row_a_centre_in_the_order_of_the_call(
    database: Database, workshop: Workshop, clock: Clock
) -> None:
    async with database.write() as connection:
        sent = Written([("older_persons", "07.211.01.09"), ("other", None)], name="=جمعية; «أمل»")
        await write(connection, sent, Unfinished("phone", "other"), at=clock() - timedelta(days=1))
        await write(connection, Written([("other", None)], "withdrawn"), at=clock())
    heading, first, second, draft = await rows(workshop, clock, None)
    call = "الجمعية المسيرة|المركز|الفئة المستهدفة|رئيس(ة) الجمعية|رقم الهاتف|البريد الإلكتروني|المدينة|التوقيع"
    assert "|".join(heading[:8]) == call
    assert first[:5] == ["'=جمعية; «أمل»", "مركز 1", "الأشخاص المسنون", "فاطمة العلوي", "06 00 00 00 01"]
    assert re.fullmatch(r"\d{4}-\d{4}", first[8])
    assert first[9:] == ["مقبول", "2026-11-22 10:00"]
    assert second[:3] == [first[0], "مركز 2", "فئة أخرى"]
    assert draft[:3] == ["جمعية دار الطالب النور", "المركز", "فئة أخرى"]
    assert draft[9] == "غير مكتمل"


async def test_whoever_is_suspended_meanwhile_gets_no_table(database: Database, workshop: Workshop, clock: Clock) -> None:
    async with database.write() as connection:
        (khadija,) = await committee.team(connection)
        await committee.change_coordinator(connection, khadija.id, category="other")
    assert len(await rows(workshop, clock, frozenset({"other"}))) == 1
    with pytest.raises(FileNotMade):
        await rows(workshop, clock, None)
    async with database.write() as connection:
        await committee.change_coordinator(connection, khadija.id, active=False)
    with pytest.raises(FileNotMade):
        await rows(workshop, clock, frozenset({"other"}))


async def test_the_table_holds_what_its_reader_may_see(database: Database, workshop: Workshop, clock: Clock) -> None:
    async with database.write() as connection:
        await write(
            connection,
            Written([("older_persons", None), ("other", None)], name="أ"),
            Written([("other", None), ("older_persons", None)], name="ب"),
            Unfinished("phone", "other", name="ج"),
            Unfinished("phone", "older_persons", name="د"),
            Unfinished("centre", name="ه"),
            at=clock(),
        )
    seen = {}
    for categories in (frozenset({"older_persons"}), frozenset({"other"}), frozenset[str](), None):
        _, *table = await rows(workshop, clock, categories)
        seen[categories] = [row[0] for row in table]
    assert seen == {
        frozenset({"older_persons"}): ["أ", "أ", "د"],
        frozenset({"other"}): ["ب", "ب", "ج"],
        frozenset(): [],
        None: ["أ", "أ", "ب", "ب", "ج", "د", "ه"],
    }


async def test_a_long_table_is_whole_and_in_order(database: Database, workshop: Workshop, clock: Clock) -> None:
    async with database.write() as connection:
        wanted = [Written([("other", None)] * (1 + number % 3), name=f"{number}") for number in range(700)]
        await write(connection, *wanted, at=clock())
    _, *table = await rows(workshop, clock, None, "fr")
    assert [row[0] for row in table] == [f"{number}" for number in range(700) for _ in range(1 + number % 3)]
    assert {len(row) for row in table} == {11}


async def test_the_report_is_drawn(workshop: Workshop) -> None:
    order = picture(report_chart(counted([("pending", "other", None, 3)])), SETUP.speech("ar", "telegram"), name="x.png")
    assert (await workshop.make(order, READER)).startswith(b"\x89PNG")
