"""Order: Telegram queues a person's messages and presses apart, so that two may swap or come at once. The answers are then
the same, or one polite sentence says what was not taken; nothing kept before is lost, and saying it again mends it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa
import telegram

from storage.tables import addresses, conversations
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.people import TelegramPerson, gather
from tests.journeys.forms import FATIMA, answers_up_to

PAIRS = {
    "consent": ("consent", "أوافق", FATIMA.association),
    "category": ("category", "النساء ضحايا العنف", FATIMA.president),
    "no e-mail": ("email", "لا أتوفر على بريد", FATIMA.city),
    "back": ("president", "رجوع", "4"),
    "help": ("city", "مساعدة", FATIMA.city),
    "review": ("review", "كل شيء صحيح", FATIMA.signature),
}
"""Where, the button pressed, and what is written right after it."""
POLITE = (
    *(
        "لا يطابق أي فئة",
        "لم نتمكن من فهم هذا الجواب",
        "هذا الزر يخص مرحلة سابقة",
        "تنقص هذا العنوان علامة",
        "يتضمن الاسم أرقاما",
    ),
)


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


class Someone:
    """A person at a question, who presses and then writes."""

    def __init__(self, running: Running, api: BotApi) -> None:
        self.running = running
        self.api = api
        self.person = TelegramPerson(api, running.settled)

    async def arrives(self, key: str) -> None:
        if key == "consent":
            await self.person.says("السلام عليكم")
        else:
            await answers_up_to(self.person, FATIMA, key)

    async def answers(self) -> dict[str, Any]:
        """What is kept of each answer, and what is asked."""
        query = sa.select(conversations.c.talk).join(addresses, addresses.c.person_id == conversations.c.person_id)
        (row,) = await self.running.rows(query.where(addresses.c.external_id == str(self.person.id)))
        talk = json.loads(row.talk)
        state = talk["stack"][-1] if talk["stack"] else {"question": None, "answers": {}}
        kept = {key: (answer["value"], answer["typed"]) for key, answer in state["answers"].items() if key != "consent"}
        return {"asked": state["question"], **kept}


Deliver = Callable[[BotApi, telegram.Update, telegram.Update], Awaitable[Any]]


async def in_order(api: BotApi, press: telegram.Update, text: telegram.Update) -> None:
    assert (await api.deliver(press), await api.deliver(text)) == (200, 200)


async def swapped(api: BotApi, press: telegram.Update, text: telegram.Update) -> None:
    assert (await api.deliver(text), await api.deliver(press)) == (200, 200)


async def at_once(api: BotApi, press: telegram.Update, text: telegram.Update) -> None:
    assert await gather(api.deliver(press), api.deliver(text)) == [200, 200]


async def at_once_the_other_way(api: BotApi, press: telegram.Update, text: telegram.Update) -> None:
    assert await gather(api.deliver(text), api.deliver(press)) == [200, 200]


async def acts(someone: Someone, label: str, text: str, deliver: Deliver) -> tuple[dict[str, Any], list[str]]:
    """What is kept, and what was read, after the press and the words have come in this way."""
    press = someone.person.press(someone.person.payload(label))
    await deliver(someone.api, press, someone.person.message(text=text))
    return await someone.answers(), [reply.text for reply in await someone.person.reads()]


@pytest.mark.parametrize("name", PAIRS)
async def test_a_press_and_a_message_may_swap_or_come_at_once(name: str, running: Running, bot_api: BotApi) -> None:
    where, label, text = PAIRS[name]
    first, *others = (Someone(running, bot_api) for _ in range(4))
    await first.arrives(where)
    wanted, _ = await acts(first, label, text, in_order)
    for deliver, other in zip((swapped, at_once, at_once_the_other_way), others, strict=True):
        await other.arrives(where)
        before = await other.answers()
        kept, replies = await acts(other, label, text, deliver)
        if kept == wanted:
            continue
        assert sum(any(sentence in reply for sentence in POLITE) for reply in replies) == 1, replies
        assert kept | before | {"asked": kept["asked"]} == kept
        await other.person.says(text)
        assert await other.answers() == wanted


@pytest.mark.parametrize("labels", [("النساء ضحايا العنف",) * 2, ("النساء ضحايا العنف", "الأشخاص المسنون")])
async def test_two_presses_at_once_are_one_answer_and_at_most_one_polite_sentence(
    labels: tuple[str, str], running: Running, bot_api: BotApi
) -> None:
    someone = Someone(running, bot_api)
    await someone.arrives("category")
    presses = [someone.person.press(someone.person.payload(label)) for label in labels]
    assert await gather(*(bot_api.deliver(press) for press in presses)) == [200, 200]
    replies = [reply.text for reply in await someone.person.reads()]
    assert (await someone.answers())["asked"] == "president"
    assert [text.startswith("هذا الزر يخص مرحلة سابقة") for text in replies] == [False, True][: len(set(labels))]


async def test_answers_of_many_people_cross_without_touching_each_other(running: Running, bot_api: BotApi) -> None:
    crowd = [Someone(running, bot_api) for _ in range(20)]
    await asyncio.gather(*(someone.arrives("category") for someone in crowd))
    updates = [
        (someone.person.press(someone.person.payload("النساء ضحايا العنف")), someone.person.message(text=FATIMA.president))
        for someone in crowd
    ]
    await asyncio.gather(*(bot_api.deliver(press) for press, _ in updates))
    await asyncio.gather(*(bot_api.deliver(text) for _, text in updates))
    kept = [await someone.answers() for someone in crowd]
    assert kept == [kept[0]] * 20
    assert (kept[0]["asked"], kept[0]["president"]) == ("phone", (FATIMA.president, FATIMA.president))
