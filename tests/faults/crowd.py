"""Invented people who sign up over webhooks, all at once, while the product is being hurt; and Telegram between them and
it: one update of a chat in flight, sent again under the same number until it is answered 2xx.

Whatever was acknowledged stays here, to be compared with the database at the end.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from aiohttp import ClientError

from bot.core.bidi import without_isolates
from tests.fakes.bot_api import BotApi

_PRESIDENTS = ("فاطمة العلوي", "إبراهيم أيت علي", "نعيمة برادة", "يوسف الإدريسي", "خديجة بناني")
_PATIENCE = 0.3
"""How long a person counts as talking while a reply does not come."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What is said, and what the replies to it can be known by, in their order. `key`: the answer that is kept."""

    key: str
    replies: tuple[str, ...]


TURNS = (
    Turn("start", ("السلام عليكم ومرحبا بكم", "هل توافقون")),
    Turn("consent", ("السؤال 1 من 8",)),
    Turn("association", ("السؤال 2 من 8",)),
    Turn("centre", ("السؤال 3 من 8",)),
    Turn("category", ("السؤال 4 من 8",)),
    Turn("president", ("السؤال 5 من 8",)),
    Turn("phone", ("تم الحفظ", "السؤال 6 من 8")),
    Turn("email", ("السؤال 7 من 8",)),
    Turn("city", ("لن يتم إرسال الطلب إلا بعد توقيعكم",)),
    Turn("review", ("السؤال 8 من 8",)),
    Turn("signature", ("تم التوصل بطلبكم", "هل ترغبون في التوصل بالإعلانات")),
    Turn("optin", ("تم تسجيل رغبتكم",)),
)
REPLIES = tuple(reply for turn in TURNS for reply in turn.replies)


@dataclass(slots=True)
class Applicant:
    """A president. `acknowledged` are the keys of what was answered 2xx, in order; `updates` the numbers of what was sent;
    `place`: has one among those who talk at once, or has given it away while a reply does not come."""

    number: int
    chat: int
    acknowledged: list[str] = field(default_factory=list)
    updates: list[int] = field(default_factory=list)
    place: Literal["", "taken", "given away"] = ""

    @property
    def says(self) -> dict[str, str]:
        president = _PRESIDENTS[self.number % len(_PRESIDENTS)]
        return {
            "start": "/start",
            "consent": "واخا",
            "association": f"جمعية أمل للتنمية {self.number}",
            "centre": f"مركز الأمل {self.number}",
            "category": "2",
            "president": president,
            "phone": f"06000000{self.number % 100:02}",
            "email": f"p{self.number}@example.org",
            "city": "الصويرة",
            "review": "نعم",
            "signature": president,
            "optin": "واخا",
        }

    @property
    def signs(self) -> tuple[str, ...]:
        """What the table must say once it was signed: association, centre, category, president, phone, e-mail, city,
        signature."""
        says = self.says
        phone = f"+2126000000{self.number % 100:02}"
        return (
            *(says["association"], says["centre"], "women_victims_violence", says["president"], phone, says["email"]),
            *(says["city"], says["signature"]),
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """One delivery of an update: its HTTP status, None when no answer came."""

    asked_at: float
    answered_at: float
    status: int | None


@dataclass(frozen=True, slots=True)
class Kill:
    """When the product was killed, and how many messages each chat had by then."""

    at: float
    had: dict[int, int]


class Crowd:
    """`acknowledged` counts the answers 200."""

    def __init__(self, api: BotApi, *, at_once: int) -> None:
        self.api = api
        self.people: list[Applicant] = []
        self.answered: list[Answered] = []
        self.kills: list[Kill] = []
        self.acknowledged = 0
        self._places = asyncio.Semaphore(at_once)
        self._numbers = count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def signing_up(self, *, finish_within: float) -> AsyncIterator[None]:
        """So many talk all the time; whoever waits for a reply for long makes room for somebody else. At the end all
        finish: one who cannot is a TimeoutError."""
        arriving = asyncio.create_task(self._arrive())
        try:
            yield
            arriving.cancel()
            async with asyncio.timeout(finish_within):
                await asyncio.gather(*self._tasks)
        finally:
            arriving.cancel()
            for task in self._tasks:
                task.cancel()

    async def signs_up(self, person: Applicant) -> None:
        """From the first word to the last reply."""
        for turn in TURNS:
            await self.speaks(person, turn)
            await self.hears(person, turn)

    def newcomer(self) -> Applicant:
        number = next(self._numbers)
        person = Applicant(number, 6_000_000_000 + number)
        self.people.append(person)
        return person

    async def speaks(self, person: Applicant, turn: Turn) -> None:
        """Returns once it was acknowledged."""
        update = message_update(self.api, person.chat, person.says[turn.key])
        person.updates.append(update["update_id"])
        body = json.dumps(update).encode()
        wait = 0.02
        while await self._delivered(body) != 200:
            await asyncio.sleep(wait)
            wait = min(2 * wait, 0.1)
        person.acknowledged.append(turn.key)

    async def hears(self, person: Applicant, turn: Turn) -> None:
        """Returns once the last reply to this turn was read."""
        since, seen = time.monotonic(), 0
        while True:
            fresh = self.read_by(person, after=seen)
            if any(turn.replies[-1] in text for text in fresh):
                break
            seen += len(fresh)
            patient = time.monotonic() - since < _PATIENCE
            if person.place == "taken" and not patient:
                person.place = "given away"
                self._places.release()
            await asyncio.sleep(0.01 if patient else 0.1)
        if person.place == "given away":
            await self._places.acquire()
            person.place = "taken"

    def read_by(self, person: Applicant, *, after: int = 0) -> list[str]:
        """What reached the person, repeats and all; without so many of the first."""
        return [without_isolates(message.text or "") for message in self.api.accepted[person.chat][after:]]

    async def note_kill(self) -> None:
        """The product was just killed."""
        at = time.monotonic()
        for _ in range(10):  # what it had still sent is on its way through our own loop
            await asyncio.sleep(0.005)
        had = {chat: len(messages) for chat, messages in self.api.accepted.items()}
        self.kills.append(Kill(at, had))

    def first_answer(self, status: int | None, *, after: float) -> float:
        """How many seconds after that moment an update was first answered so."""
        return min(each.answered_at for each in self.answered if each.status == status and each.answered_at > after) - after

    def statuses(self, began: float, ended: float) -> Counter[int | None]:
        """What those were answered who wrote and were answered between these moments."""
        return Counter(each.status for each in self.answered if began < each.asked_at and each.answered_at < ended)

    def cut_off(self) -> int:
        """How many updates a kill left without their answer."""
        lost = [each for each in self.answered if each.status is None]
        return sum(each.asked_at < kill.at <= each.answered_at for each in lost for kill in self.kills)

    async def _delivered(self, body: bytes) -> int | None:
        asked_at, status = time.monotonic(), None
        try:
            async with asyncio.timeout(60):
                status = await self.api.deliver_raw(body)
        except (ClientError, OSError, TimeoutError):
            pass
        self.answered.append(Answered(asked_at, time.monotonic(), status))
        self.acknowledged += status == 200
        return status

    async def _arrive(self) -> None:
        while True:
            await self._places.acquire()
            self._tasks.add(asyncio.create_task(self._comes()))

    async def _comes(self) -> None:
        person = self.newcomer()
        person.place = "taken"
        await self.signs_up(person)
        self._places.release()


def message_update(api: BotApi, chat: int, text: str) -> dict[str, Any]:
    """A message as Telegram sends it."""
    sender = {"id": chat, "is_bot": False, "first_name": "Invented", "language_code": "ar"}
    message: dict[str, Any] = {
        "message_id": api.new_message_id(),
        "date": 1_763_899_200,
        "from": sender,
        "chat": {"id": chat, "first_name": "Invented", "type": "private"},
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"offset": 0, "length": len(text), "type": "bot_command"}]
    return {"update_id": api.new_update_id(), "message": message}
