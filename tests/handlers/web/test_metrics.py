"""/metrics: what was counted, for those who may read it, about nobody."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.requests import Request

from bot.core.counters import Counters
from handlers.web.metrics import Metrics
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.outage import Outage
from tests.fakes.people import TelegramPerson, WebPerson
from tests.journeys.forms import FATIMA, answers_up_to

TOKEN = "a-token-for-the-tests"
on_one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def scrape(running: Running, **headers: str) -> tuple[int, str]:
    async with ClientSession() as client, client.get(f"{running.url}/metrics", headers=headers) as response:
        return response.status, await response.text()


def samples(text: str) -> dict[str, float]:
    """Each sample by its name and labels, as it is written."""
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_turns_deliveries_and_refusals_are_counted(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api, ticking=True)
    fatima, somebody = TelegramPerson(bot_api, running.settled), WebPerson(running.url)
    await answers_up_to(fatima, FATIMA, "centre")
    await somebody.says("السلام عليكم")
    again = fatima.message(text=FATIMA.centre)
    assert [await bot_api.deliver(again) for _ in range(3)] == [200] * 3
    assert await bot_api.deliver_raw(b"{}", secret="forged") == 403
    bot_api.refuse(429, "Too Many Requests", parameters={"retry_after": 0.01})
    await fatima.says("2")
    await fatima.reads()
    status, text = await scrape(running)
    await somebody.closes()
    found = samples(text)
    assert status == 200
    assert {name: value for name, value in found.items() if name.startswith(("nidaa_turns", "nidaa_refusals"))} == {
        "nidaa_turns_total['taken', 'telegram']": 5,
        "nidaa_turns_total['repeat', 'telegram']": 2,
        "nidaa_turns_total['taken', 'web']": 1,
        "nidaa_refusals_total['403', 'telegram']": 1,
    }
    sent = len(bot_api.accepted[fatima.id])
    assert found["nidaa_deliveries_total['sent', 'telegram']"] == sent
    assert found["nidaa_deliveries_total['busy', 'telegram']"] == 1
    assert found["nidaa_deliveries_total['stored', 'web']"] == 2
    assert found["nidaa_turn_seconds_count[]"] == 8
    assert 0 < found["nidaa_turn_seconds_sum[]"] < 60
    assert found["nidaa_batch_turns_sum[]"] == 8
    assert (found["nidaa_up[]"], found["nidaa_owed_messages['telegram']"], found["nidaa_parked_updates[]"]) == (1, 0, 0)
    assert found["nidaa_ticks_total['done', 'forget_updates']"] == 1
    assert found["process_resident_memory_bytes[]"] > 2**20


@on_one_engine
async def test_nothing_in_it_is_about_anybody(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    fatima = TelegramPerson(bot_api, running.settled)
    await answers_up_to(fatima, FATIMA, "review")
    _, text = await scrape(running)
    labels = {
        (name, value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name, value in sample.labels.items()
    }
    assert {name for name, _ in labels} <= {"channel", "outcome", "status", "tick", "warning", "le"}
    assert {value for name, value in labels if name == "channel"} == {"telegram"}
    assert [value for name, value in labels if name != "le" and not re.fullmatch("[a-z_]{3,30}", value)] == []
    assert not [value for value in (FATIMA.president, "600000001", str(fatima.id)) if value in text]


@on_one_engine
async def test_an_outage_is_counted_and_told(serve: Serve) -> None:
    running = await serve(database_url="postgresql+asyncpg://nidaa@127.0.0.1:9/nobody")
    status, text = await scrape(running)
    found = samples(text)
    assert (status, found["nidaa_up[]"]) == (200, 0)
    assert "nidaa_parked_updates[]" not in found


async def test_turns_that_could_not_be_stored_are_counted(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    outage = Outage(running.service.database.url.render_as_string(hide_password=False), times=1)
    running.service.desk._database = outage
    statuses = [await bot_api.deliver(TelegramPerson(bot_api, running.settled).message(text="سلام")) for _ in range(2)]
    await outage.close()
    found = samples((await scrape(running))[1])
    assert statuses == [503, 200]
    assert found["nidaa_storage_unavailable_total[]"] == 1
    assert found["nidaa_turns_total['telegram', 'unavailable']"] == 1
    assert found["nidaa_refusals_total['503', 'telegram']"] == 1


@on_one_engine
@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto", "X-Forwarded-Host"]
)
async def test_who_comes_through_a_proxy_is_refused_whatever_he_says(serve: Serve, header: str) -> None:
    running = await serve()
    for value in ("127.0.0.1", "203.0.113.5, 127.0.0.1", "for=127.0.0.1"):
        assert (await scrape(running, **{header: value}))[0] == 403


@on_one_engine
async def test_behind_a_public_address_it_takes_the_token(serve: Serve) -> None:
    running = await serve(public_url="https://nidaa.example.org")
    assert (await scrape(running))[0] == 403
    guarded = await serve(public_url="https://nidaa.example.org", metrics_token=SecretStr(TOKEN))
    assert [
        (await scrape(guarded, **headers))[0]
        for headers in (
            {"Authorization": f"Bearer {TOKEN}"},
            {"Authorization": f"bearer {TOKEN}", "X-Forwarded-For": "203.0.113.5"},
            {},
            {"Authorization": f"Bearer {TOKEN}x"},
            {"Authorization": "Bearer "},
            {"Authorization": f"Basic {TOKEN}"},
            {"Authorization": TOKEN},
        )
    ] == [200, 200, 401, 401, 401, 401, 401]


@on_one_engine
@pytest.mark.parametrize(
    ("peer", "status"),
    [
        (("127.0.0.1", 5), 200),
        (("::1", 5), 200),
        (("::ffff:127.0.0.1", 5), 200),
        (("203.0.113.5", 5), 403),
        (("::ffff:203.0.113.5", 5), 403),
        (("10.0.0.1", 5), 403),
        (("not an address", 5), 403),
        (None, 403),
    ],
)
async def test_without_a_token_only_this_machine_may_read_it(
    serve: Serve, peer: tuple[str, int] | None, status: int
) -> None:
    running = await serve()
    metrics = Metrics(Counters(), running.service.health, SecretStr(""), is_public=False)
    scope: Mapping[str, object] = {"type": "http", "method": "GET", "path": "/metrics", "headers": [], "client": peer}
    assert (await metrics.show(Request(dict(scope)))).status_code == status


async def test_batches_are_counted_by_their_size(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    people = [TelegramPerson(bot_api, running.settled) for _ in range(20)]
    await asyncio.gather(*(bot_api.deliver(each.message(text="سلام")) for each in people))
    found = samples((await scrape(running))[1])
    assert found["nidaa_batch_turns_sum[]"] == 20
    assert 1 <= found["nidaa_batch_turns_count[]"] <= 20
    assert found["nidaa_batch_turns_bucket['+Inf']"] == found["nidaa_batch_turns_count[]"]
