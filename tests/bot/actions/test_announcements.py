"""Announcements: everybody reached exactly once, nobody who does not want it, and the numbers always add up."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.actions import announcements as actions, people as people_actions
from bot.core.errors import ChannelBusy, ChannelUnreachable, MessageRefused, RecipientGone
from bot.core.pacing import Pace
from bot.rules.audience import Audience, Part
from storage import announcements, deliveries as queries, outbox, people as people_queries
from storage.announcements import Reach, Sums
from storage.engine import Database
from storage.tables import addresses, associations, centres, deliveries, merges, signups
from storage.tables.outbox import outbox as outbox_table
from tests.bot.actions.broadcasting import (
    BODY,
    KHADIJA,
    OMAR,
    Wire,
    add_coordinators,
    add_members,
    announce,
    control,
    freeze,
    sending,
    sent_out,
    state_of,
    sums,
    until,
    walking,
)
from tests.fakes.clock import Clock

STOP = "لإيقاف التوصل بالإعلانات، المرجو كتابة «توقف»."
NAMES = [f"{number}" for number in range(1000, 1040)]


@pytest.fixture(autouse=True)
async def _committee(database: Database, clock: Clock) -> None:
    await add_coordinators(database, clock, khadija=None, omar="older_persons")


async def applies(database: Database, clock: Clock, person: int, **facts: Any) -> int:
    """An application of this person: `category`, `status`, `commune`; its id."""
    async with database.write() as connection:
        id_ = person + 1
        await connection.execute(
            associations.insert().values(id=id_, name="جمعية أمل", name_key="جمعيه امل", created_at=clock())
        )
        await connection.execute(
            centres.insert().values(
                id=id_,
                association_id=id_,
                name="دار أمل",
                category=facts.get("category", "older_persons"),
                city="الصويرة",
                city_code=facts.get("commune", "07211001"),
                created_at=clock(),
            )
        )
        await connection.execute(
            signups.insert().values(
                id=id_,
                person_id=person,
                association_id=id_,
                status=facts.get("status", "approved"),
                language="ar",
                channel="telegram",
                category=facts.get("category", "older_persons"),
                created_at=clock(),
                signed_at=clock(),
            )
        )
        return id_


async def reach(database: Database, *parts: tuple[str, str | None], category: str | None = None) -> Reach:
    async with database.read() as connection:
        audience = Audience(tuple(Part(*part) for part in parts))
        return await announcements.count_audience(connection, audience, category=category)


async def wishes(database: Database, person: int, wish: str) -> None:
    async with database.write() as connection:
        await people_queries.set_announcements(connection, [(person, wish)])


async def test_everybody_gets_it_once_and_the_figures_add_up(database: Database, clock: Clock) -> None:
    wire = Wire()
    await add_members(database, clock, NAMES)
    made = await announce(database, clock)
    assert await state_of(database, made) == "freezing"
    assert await freeze(database, clock) == len(NAMES)
    assert await sums(database, made) == Sums(targeted=40, waiting=40)
    async with sending(database, clock, wire):
        assert await sent_out(database, clock, made) == Sums(targeted=40, sent=40)
    assert sorted(wire.took) == NAMES
    assert {tuple(texts) for texts in wire.took.values()} == {
        (f"إعلان من فريق التنسيق – الاثنين 23 نونبر 2026\n\n\u2068{BODY}\u2069\n\n{STOP}",)
    }
    assert await actions.finish(database, clock()) == 1
    assert await state_of(database, made) == "done"
    assert await actions.finish(database, clock()) == 0


async def test_recipients_are_written_down_in_chunks_and_sending_begins_with_the_first(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "CHUNK", 15)
    await add_members(database, clock, NAMES)
    made = await announce(database, clock)
    assert await actions._freeze_chunk(database, made) == 15
    wire = Wire()
    async with sending(database, clock, wire):
        await until(lambda: wire.total == 15)
        assert await state_of(database, made) == "freezing"
        assert await freeze(database, clock) == 25
        assert await sent_out(database, clock, made) == Sums(targeted=40, sent=40)
    assert await state_of(database, made) == "sending"
    assert {len(texts) for texts in wire.took.values()} == {1}


async def test_whoever_comes_after_the_confirmation_is_not_in(database: Database, clock: Clock) -> None:
    await add_members(database, clock, NAMES[:3])
    made = await announce(database, clock)
    await add_members(database, clock, NAMES[3:5])
    await freeze(database, clock)
    assert await sums(database, made) == Sums(targeted=3, waiting=3)


async def test_audiences_are_counted_as_they_are_written_down(database: Database, clock: Clock) -> None:
    ids = await add_members(database, clock, NAMES[:6])
    ids |= await add_members(database, clock, ["fr"], language="fr", channel="web")
    ids |= await add_members(database, clock, ["stopped"], wish="no")
    ids |= await add_members(database, clock, ["member"], wish="unasked")
    ids |= await add_members(database, clock, ["passer-by"], wish="unasked")
    first, second, third, fourth = (ids[name] for name in NAMES[:4])
    await applies(database, clock, first)
    await applies(database, clock, second, category="abandoned_children", commune="06141001", status="pending")
    seat = await applies(database, clock, third, status="needs_correction", commune="07211002")
    joined = await applies(database, clock, fourth, status="merged", category="abandoned_children", commune="01051001")
    await applies(database, clock, ids["member"])
    await applies(database, clock, ids["stopped"])
    async with database.write() as connection:
        gone = addresses.update().where(addresses.c.person_id == ids[NAMES[4]])
        await connection.execute(gone.values(gone_at=clock()))
        merge = {"id": 1, "first_id": seat, "second_id": joined, "merged_at": clock(), "taken": "", "centres": "[]"}
        await connection.execute(merges.insert().values(first_status="pending", second_status="pending", **merge))
    everybody = Reach((("telegram", "ar", 5), ("web", "fr", 1)), recipients=6, opted_out=2, unreachable=1)
    assert await reach(database, ("all", None)) == everybody
    assert await reach(database) == Reach()
    assert await reach(database, ("language", "fr")) == Reach((("web", "fr", 1),), 1)
    assert await reach(database, ("category", "older_persons")) == Reach((("telegram", "ar", 2),), 2, opted_out=2)
    assert await reach(database, ("status", "pending")) == Reach((("telegram", "ar", 1),), 1)
    assert (await reach(database, ("status", "needs_correction"))).recipients == 2
    assert (await reach(database, ("region", "07"))).recipients == 3
    assert (await reach(database, ("commune", "07211002"))).recipients == 2
    assert (await reach(database, ("category", "abandoned_children"), ("region", "06"))).recipients == 2
    assert (await reach(database, ("all", None), category="abandoned_children")).recipients == 2
    assert (await reach(database, ("category", "older_persons"), category="abandoned_children")).recipients == 0
    assert (await reach(database, ("language", "ar"), category="older_persons")).recipients == 2
    made = await announce(database, clock)
    await freeze(database, clock)
    assert await sums(database, made) == Sums(targeted=6, waiting=6, opted_out=2, unreachable=1)
    both = Audience((Part("category", "older_persons"), Part("region", "07"), Part("language", "ar")))
    made = await announce(database, clock, both, by=OMAR)
    await freeze(database, clock)
    assert (await sums(database, made)).targeted == 2


async def test_each_reads_it_in_their_language_and_arabic_where_there_is_nothing_else(
    database: Database, clock: Clock
) -> None:
    wire = Wire()
    await add_members(database, clock, ["ar"])
    await add_members(database, clock, ["fr"], language="fr")
    await announce(database, clock, body_fr="L’assemblée {title} se tient samedi.")
    await announce(database, clock)
    await freeze(database, clock)
    async with sending(database, clock, wire):
        await until(lambda: wire.total == 4)
    plain = [text.replace("\u2068", "").replace("\u2069", "") for text in wire.took["fr"]]
    assert plain[0] == (
        "Annonce de l’équipe de coordination – lundi 23 novembre 2026\n\nL’assemblée {title} se tient samedi.\n\n"
        "Pour ne plus recevoir les annonces, écrivez « Stop »."
    ).replace("« Stop »", "«\u00a0Stop\u00a0»")
    assert plain[1].startswith("Cette annonce n’a été rédigée qu’en arabe.\n\nAnnonce de l’équipe")
    assert BODY in plain[1]
    assert BODY in wire.took["ar"][0]


async def test_a_pause_holds_within_a_second_and_outlives_its_sender(database: Database, clock: Clock) -> None:
    wire = Wire()
    wire.slowness = 0.01
    await add_members(database, clock, [f"{number}" for number in range(400)])
    made = await announce(database, clock)
    await freeze(database, clock)
    async with sending(database, walking(clock), wire, pace=Pace(60)):
        await until(lambda: wire.total >= 20)
        await control(database, clock, made, "pause")
        asked = time.monotonic()
        await asyncio.sleep(1)
        held = wire.total
        assert time.monotonic() - asked < 1.5
        await asyncio.sleep(1)
        assert wire.total == held < 200
    async with sending(database, walking(clock), wire, sender="after the restart"):
        await asyncio.sleep(0.3)
        assert wire.total == held
        assert await sums(database, made) == Sums(targeted=400, sent=held, waiting=400 - held)
        await control(database, clock, made, "resume")
        await until(lambda: wire.total == 400)
    assert {len(texts) for texts in wire.took.values()} == {1}


async def test_what_is_stopped_goes_to_nobody_else(database: Database, clock: Clock) -> None:
    wire = Wire()
    await add_members(database, clock, NAMES)
    made = await announce(database, clock)
    await freeze(database, clock)
    async with sending(database, walking(clock), wire, pace=Pace(20)):
        await until(lambda: wire.total >= 5)
        await control(database, clock, made, "stop")
        await asyncio.sleep(1)
        sent = wire.total
        await actions.finish(database, clock())
        assert await sums(database, made) == Sums(targeted=40, sent=sent, skipped={"stopped": 40 - sent})
        await control(database, clock, made, "resume")
        await asyncio.sleep(0.3)
        assert (await state_of(database, made), wire.total) == ("stopped", sent)


async def test_what_is_stopped_while_recipients_are_written_down_looks_for_no_more(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "CHUNK", 10)
    await add_members(database, clock, NAMES)
    made = await announce(database, clock)
    await actions._freeze_chunk(database, made)
    await control(database, clock, made, "pause")
    assert await freeze(database, clock) == 0
    await control(database, clock, made, "resume")
    assert await state_of(database, made) == "freezing"
    await control(database, clock, made, "stop")
    assert await freeze(database, clock) == 0
    await actions.finish(database, clock())
    assert await sums(database, made) == Sums(targeted=10, skipped={"stopped": 10})


async def test_a_stop_word_counts_from_the_next_message_on(database: Database, clock: Clock) -> None:
    wire = Wire()
    ids = await add_members(database, clock, NAMES[:3])
    made = await announce(database, clock)
    await freeze(database, clock)
    await wishes(database, ids[NAMES[1]], "no")
    async with sending(database, clock, wire):
        assert await sent_out(database, clock, made) == Sums(targeted=3, sent=2, skipped={"opted_out": 1})
    assert NAMES[1] not in wire.took


async def test_the_erased_stay_as_a_count_and_nothing_else(database: Database, clock: Clock) -> None:
    wire = Wire()
    ids = await add_members(database, clock, NAMES[:3])
    first, made = await announce(database, clock), 0
    await freeze(database, clock)
    async with sending(database, clock, wire):
        await sent_out(database, clock, first)
    made = await announce(database, clock)
    await freeze(database, clock)
    async with database.write() as connection:
        await people_actions.forget(connection, ids[NAMES[0]], channel="telegram", now=clock())
    async with sending(database, clock, wire):
        assert await sent_out(database, clock, made) == Sums(targeted=3, sent=2, skipped={"erased": 1})
    assert await sums(database, first) == Sums(targeted=3, sent=3)
    async with database.read() as connection:
        theirs = sa.select(deliveries.c.recipient).where(deliveries.c.person_id == ids[NAMES[0]])
        assert (await connection.execute(theirs)).scalars().all() == ["", ""]
    assert len(wire.took[NAMES[0]]) == 1


async def test_nobody_gets_more_than_three_in_a_week(database: Database, clock: Clock) -> None:
    wire = Wire()
    await add_members(database, clock, NAMES[:1])
    async with sending(database, clock, wire):
        for _ in range(3):
            made = await announce(database, clock)
            await freeze(database, clock)
            assert await sent_out(database, clock, made) == Sums(targeted=1, sent=1)
            clock.advance(hours=1)
        made = await announce(database, clock)
        await freeze(database, clock)
        assert await sent_out(database, clock, made) == Sums(targeted=1, skipped={"fatigue": 1})
        clock.advance(days=7)
        made = await announce(database, clock)
        await freeze(database, clock)
        assert await sent_out(database, clock, made) == Sums(targeted=1, sent=1)
    assert wire.total == 4


async def test_quiet_hours_and_friday_noon_hold_what_is_not_urgent(database: Database, clock: Clock) -> None:
    wire = Wire()
    await add_members(database, clock, NAMES[:1])
    await add_members(database, clock, ["a page"], channel="web")
    clock.now = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
    patient = await announce(database, clock)
    urgent = await announce(database, clock, urgent=True)
    await freeze(database, clock)
    async with sending(database, clock, wire):
        await until(lambda: wire.total == 1)
        await asyncio.sleep(0.2)
        assert (await sums(database, urgent)).sent == 2
        assert (await sums(database, patient)).sent == 1  # the page disturbs nobody
        clock.now = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
        await asyncio.sleep(0.2)
        assert wire.total == 1
        clock.now = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
        await until(lambda: wire.total == 2)


async def test_it_leaves_at_the_hour_on_the_clocks_of_morocco(database: Database, clock: Clock) -> None:
    await add_members(database, clock, NAMES[:2])
    made = await announce(database, clock, send_local="2026-11-24T11:00")
    assert await state_of(database, made) == "scheduled"
    clock.now = datetime(2026, 11, 24, 10, 59, tzinfo=UTC)
    assert await freeze(database, clock) == 0
    clock.now = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    assert await freeze(database, clock) == 2
    cancelled = await announce(database, clock, send_local="2026-11-25T11:00")
    await control(database, clock, cancelled, "cancel")
    clock.advance(days=3)
    assert await freeze(database, clock) == 0
    assert await state_of(database, cancelled) == "cancelled"


async def test_one_to_many_waits_for_somebody_else_to_confirm_it(database: Database, clock: Clock) -> None:
    await add_members(database, clock, NAMES[:2])
    made = await announce(database, clock, needs_review=True)
    assert (await state_of(database, made), await freeze(database, clock)) == ("waiting", 0)
    await control(database, clock, made, "approve", by=KHADIJA)
    assert await state_of(database, made) == "waiting"
    await control(database, clock, made, "approve", by=OMAR)
    assert await freeze(database, clock) == 2
    late = await announce(database, clock, needs_review=True, send_local="2026-11-23T11:00")
    clock.advance(hours=2)
    await control(database, clock, late, "approve", by=OMAR)
    assert await state_of(database, late) == "freezing"


async def test_what_fails_is_told_by_reason_and_only_that_is_sent_again(database: Database, clock: Clock) -> None:
    wire = Wire()
    ids = await add_members(database, clock, NAMES[:5])
    made = await announce(database, clock)
    await freeze(database, clock)
    troubles = {NAMES[0]: RecipientGone("403"), NAMES[1]: MessageRefused("400"), NAMES[2]: RecipientGone("403")}
    wire.fails = troubles.get
    async with database.write() as connection:
        page = {"id": 5, "person_id": ids[NAMES[2]], "channel": "web", "external_id": "her page", "created_at": clock()}
        await connection.execute(addresses.insert().values(**page))
    async with sending(database, clock, wire):
        await until(lambda: wire.total == 2)
        found = await sent_out(database, clock, made)
        assert found == Sums(targeted=5, sent=3, failed={"gone": 1, "refused": 1})
        await actions.finish(database, clock())
        wire.fails = lambda _: None
        async with database.write() as connection:
            await people_queries.revive_address(connection, await _address(connection, NAMES[0]))
        await control(database, clock, made, "send_again")
        assert await sent_out(database, clock, made) == Sums(targeted=5, sent=5)
    assert {name: len(texts) for name, texts in wire.took.items() if texts} == dict.fromkeys(NAMES[:2] + NAMES[3:5], 1)
    async with database.read() as connection:
        shown = await outbox.page_messages(connection, channel="web", recipient="her page")
    assert len(shown) == 1


async def _address(connection: Any, name: str) -> int:
    return int(await connection.scalar(sa.select(addresses.c.id).where(addresses.c.external_id == name)))


async def test_members_on_the_web_find_it_on_their_page(database: Database, clock: Clock) -> None:
    told = Wire("web", pushes=False)
    await add_members(database, clock, NAMES, channel="web")
    made = await announce(database, clock)
    await freeze(database, clock)
    async with sending(database, clock, told), sending(database, clock, sender="elsewhere"):
        assert await sent_out(database, clock, made) == Sums(targeted=40, sent=40)
    async with database.read() as connection:
        rows = (await connection.execute(sa.select(outbox_table.c.recipient, outbox_table.c.lane))).all()
        shown = await outbox.page_messages(connection, channel="web", recipient=NAMES[0])
    assert sorted(rows) == [(name, 2) for name in NAMES]
    assert [BODY in owed.message.text for owed, _ in shown] == [True]


async def test_a_chat_that_must_wait_gets_it_later_and_holds_nobody_up(database: Database, clock: Clock) -> None:
    wire = Wire()
    await add_members(database, clock, NAMES[:3])
    made = await announce(database, clock)
    await freeze(database, clock)
    busy = [ChannelBusy(timedelta(seconds=30))]
    wire.fails = lambda name: busy.pop() if name == NAMES[0] and busy else None
    async with sending(database, clock, wire):
        await until(lambda: wire.total == 2)
        await asyncio.sleep(0.1)
        assert (await sums(database, made)) == Sums(targeted=3, sent=2, waiting=1)
        clock.advance(seconds=30)
        await until(lambda: wire.total == 3)
    assert await sums(database, made) == Sums(targeted=3, sent=3)


async def test_a_channel_that_must_wait_sends_nothing_until_then(database: Database, clock: Clock) -> None:
    wire = Wire()
    tried: list[str] = []
    await add_members(database, clock, NAMES)
    made = await announce(database, clock)
    await freeze(database, clock)

    def refuses(name: str) -> ChannelBusy | None:
        tried.append(name)
        return ChannelBusy(timedelta(seconds=2.5)) if len(tried) <= 3 else None

    wire.fails = refuses
    now = walking(clock)
    async with sending(database, now, wire, pace=Pace(100)):
        await until(lambda: len(tried) >= 3)
        begun = time.monotonic()
        await asyncio.sleep(0.1)
        sent = wire.total
        await asyncio.sleep(1.5)
        assert (wire.total, len(tried)) == (sent, sent + 3)
        await until(lambda: wire.total == len(NAMES))
        assert time.monotonic() - begun > 2.3
    assert await sums(database, made) == Sums(targeted=40, sent=40)


async def test_a_line_lost_before_the_message_left_is_no_repeat_and_one_lost_after_may_be(
    database: Database, clock: Clock
) -> None:
    wire = Wire()
    await add_members(database, clock, NAMES[:2])
    made = await announce(database, clock)
    await freeze(database, clock)
    lost = {NAMES[0]: [ChannelUnreachable("away")], NAMES[1]: [ChannelUnreachable("cut", perhaps_taken=True)]}
    wire.fails = lambda name: lost[name].pop() if lost[name] else None
    async with sending(database, clock, wire):
        await until(lambda: not any(lost.values()))
        await until(lambda: sent_out(database, clock, made))
        clock.advance(seconds=1)
        await until(lambda: wire.total == 2)
    assert await sums(database, made) == Sums(targeted=2, sent=2, repeats=1)


async def test_one_sender_owns_the_channel_and_another_takes_over_when_it_stops(database: Database, clock: Clock) -> None:
    first, second = Wire(), Wire()
    first.open.clear()
    await add_members(database, clock, NAMES[:3])
    made = await announce(database, clock)
    await freeze(database, clock)
    async with sending(database, clock, first, sender="first", cut_off=True) as broadcasts:
        await until(lambda: any(line.in_flight for line in broadcasts._lines))
        async with sending(database, clock, second, sender="second"):
            await asyncio.sleep(0.2)
            assert second.total == 0
    clock.advance(seconds=15)
    async with sending(database, clock, second, sender="second"):
        found = await sent_out(database, clock, made)
    assert (first.total, second.total) == (0, 3)
    assert found == Sums(targeted=3, sent=3, repeats=3)


async def test_a_sender_that_slept_sends_nothing_stale(database: Database, clock: Clock) -> None:
    """It wakes after a minute, with deliveries in hand that another has sent meanwhile."""
    asleep, awake = Wire(), Wire()
    await add_members(database, clock, NAMES[:4])
    made = await announce(database, clock)
    await freeze(database, clock)
    pace = Pace(1)
    pace.spend("somebody", clock())
    async with sending(database, clock, asleep, sender="asleep", pace=pace):
        await until(lambda: _held_by(database, "asleep"))
        clock.advance(seconds=60)  # its hands are full, and the pace lets the next one go only now
        async with sending(database, clock, awake, sender="awake"):
            await until(lambda: awake.total == 4)
            await asyncio.sleep(0.2)
    assert asleep.total == 0
    assert (await sums(database, made)).sent == 4


async def _held_by(database: Database, sender: str) -> bool:
    async with database.read() as connection:
        held = sa.select(sa.func.count()).where(deliveries.c.leased_by == sender)
        return bool(await connection.scalar(held))


async def test_a_message_that_left_is_never_set_back_to_waiting(database: Database, clock: Clock) -> None:
    await add_members(database, clock, NAMES[:1])
    made = await announce(database, clock)
    await freeze(database, clock)
    how: dict[str, Any] = {"since": clock(), "cap": 3, "limit": 5, "lease": timedelta(seconds=15)}
    async with database.write() as connection:
        (old,), _ = await queries.take_in_hand(connection, made, "telegram", sender="old", fence=1, now=clock(), **how)
    clock.advance(seconds=15)
    async with database.write() as connection:
        (new,), _ = await queries.take_in_hand(connection, made, "telegram", sender="new", fence=2, now=clock(), **how)
        await queries.mark(connection, [queries.Postponed(old, clock())], channel="telegram", sender="old")
        await queries.mark(connection, [queries.Refused(old)], channel="telegram", sender="old")
    assert await sums(database, made) == Sums(targeted=1, waiting=1, repeats=1)
    async with database.write() as connection:
        await queries.mark(connection, [queries.Delivered(old, clock())], channel="telegram", sender="old")
        await queries.mark(connection, [queries.Postponed(new, clock())], channel="telegram", sender="new")
    assert await sums(database, made) == Sums(targeted=1, sent=1, repeats=1)


def test_an_audience_is_a_union_kept_to_its_authors_category() -> None:
    all_, older, region = Part("all"), Part("category", "older_persons"), Part("region", "07")
    union = Audience((older,)) | Audience((region, older))
    assert union == Audience((older, region))
    assert Audience.from_json(union.to_json()) == union
    assert union.within(None) == union
    assert union.within("older_persons") == Audience((all_, region))
    assert union.within("abandoned_children") == Audience((region,))
    for wrong in ('{"parts": [["all", "x"]]}', '{"parts": [["nobody", null]]}', '{"parts": [["region", null]]}', "[]", "{}"):
        with pytest.raises(ValueError, match="audience"):
            Audience.from_json(wrong)
