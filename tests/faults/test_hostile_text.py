"""Hostile text into everything that is asked, on Telegram and on the page: never a fault of ours, kept byte for byte after the
cleaning that bot.core.bidi.clean states, never more than a platform takes, cut only between letters, never markup."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa
from aiohttp import ClientSession, CookieJar
from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st

from bot.core.bidi import clean, one_line, without_isolates
from bot.core.folding import fold
from handlers.web.visitors import COOKIE, Visitor
from storage.engine import Database
from storage.reference import load_words
from storage.tables import conversations, help_requests, outbox, parked, signups
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.clock import Clock
from tests.fakes.people import Person, Reply, TelegramPerson, WebPerson
from tests.faults.room import ASKED, Room, kept_answers
from tests.journeys.forms import FATIMA, answers_up_to

MOST_UNITS = 4096
_NAMES = ("association", "centre", "president")
CORPUS = (
    *("\x00جمعية\x00 أمل\x00", "a\x1b[31mb\x07\x08\x7f", "\ufeffجمعية\u200b أمل\u2060", "\ufffe\uffff\U0010ffff\ue000"),
    *(
        "\u202eجمعية أمل\u202c",
        "\u2066\u2067\u2068أمل \u2069\u2069",
        "جمعية\u200f\u200e\u061c أمل",
        "فا\u200cطمة العل\u200dوي",
    ),
    *("أ" + "\u064b" * 300, "Z\u0351\u036b\u0343 G" + "\u0337" * 100, "e\u0301" * 150, "ﷺ" * 150, "ﬀﬃ ﬆ" * 40),
    *("😀" * 400, "👨\u200d👩\u200d👧 👩🏽 🇲🇦🇲🇦 1\ufe0f\u20e3 " * 20, "𝒜𝒷𝒸 𝒟ℯ𝒻 " * 21, "각한글" * 50, "क्षि नमस्ते " * 20),
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</article></main><!-- ]]>", "<b>أمل</b> &amp; &lt;"),
    *("'; DROP TABLE people;--", "%s %d %n {0} {phone} {contact_phone}", "{{7*7}} ${7*7} #{7*7}", "\\u0000 \\x00 \\"),
    *("=HYPERLINK(0) +1 -1 @x", "*_[a](b)`~ > # + - | .!", "javascript:alert(1)//", "https://example.org/?a=1&b=<c>"),
    *("\t\t\n\n\r\n \u2028\u2029\x85\xa0x", "x", "جمعية أمل " * 400, "a\n" * 1900, "جمعية" + "\n" * 3900 + "أمل"),
    *("06 00 00 00 01 " * 250, "a@" * 300 + "b.co", "1" * 4000, "+212" + "6" * 300, "00212600000001 / 0600000002"),
    *("a" * 64 + "@" + "b" * 180 + ".example", "ا" * 151, "فاطمة العلوي" + "!" * 3000, "فاطمة العلوي" + "ي" * 3000),
)
PLAIN = ("؟", "Hostile Text")
_CLOSED = {"consent", "centre", "review", "announcements", "call", "language", "cancel", "erase"}
"""Left out on the page, whose every turn costs a whole page: choices, and what is read like something else in the list."""
_ODD = "\x00\x1f\u202e\u2066\u2069\u200d\u200c\u0301\u064b\ufe0f\U0001f3fd\n\t<>&\"'{}%\\ 😀ﷺأمل06@."
_AGREES = {"yes", "submit", "done"}


def _agrees_to_nothing(text: str) -> bool:
    """The room holds people who are asked whether all is to be deleted."""
    return fold(clean(text)) != "1" and load_words().intent(clean(text)) not in _AGREES and clean(text) != ""


HOSTILE = st.text(st.sampled_from(_ODD) | st.characters(exclude_categories=["Cs"]), max_size=120).filter(_agrees_to_nothing)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class Markup(HTMLParser):
    """What a page is made of, besides its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {f"{tag} {name}" for name, _ in attrs} | {tag}
        leads = [f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href", "action")]
        self.found |= {re.sub(r"\?start=r\d{10}$", "", each) for each in leads}

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 -- as it is called  # noqa: ARG002 -- as it is called
        self.found.add("comment")


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture(params=("telegram", "web"))
async def room(request: pytest.FixtureRequest, serve: Serve, bot_api: BotApi, clock: Clock) -> AsyncIterator[Room]:
    running = await serve(bot_api)
    made = Room(running, clock)
    if request.param == "telegram":
        people = [TelegramPerson(bot_api, running.settled) for _ in ASKED]
        await made.fills({key: (person, str(person.id)) for key, person in zip(ASKED, people, strict=True)})
        yield made
        return
    browsers: dict[str, tuple[Person, str]] = {}
    for key in ASKED.keys() - _CLOSED:
        cookie = f"invented-visitor-{key:-<20}"
        client = ClientSession(cookie_jar=CookieJar(unsafe=True), cookies={COOKIE: cookie})
        browsers[key] = WebPerson(running.url, client=client), Visitor(cookie, is_new=False).id
    await made.fills(browsers)
    made.said |= set(PLAIN)
    for plain in PLAIN:
        await made.says(plain)
        made.markup |= {part for person, _ in browsers.values() for part in markup(person)}
        await made.goes_back()
    yield made
    for person, _ in browsers.values():
        assert isinstance(person, WebPerson)
        await person.closes()


async def is_said(room: Room, text: str) -> None:
    """Everybody says it and is answered; what is kept of it is what was said, cleaned."""
    await room.goes_back()
    replies = await room.says(text)
    assert [key for key, told in replies.items() if not told] == []
    for key, row in (await room.rows()).items():
        kept = kept_answers(row).get(key)
        if kept is not None and kept["typed"] is not None and key not in kept_answers(room.seats[key].row):
            assert kept["typed"] == clean(text), key
            assert kept["value"] == one_line(clean(text)) or key not in _NAMES
        assert markup(room.seats[key].person) <= room.markup, key


def markup(person: Person) -> set[str]:
    """What the person's page is made of; nothing on a platform that knows none. No character of it may be invisible, but for
    the isolates on a button, which can hold no element."""
    if not isinstance(person, WebPerson):
        return set()
    assert person.page is not None
    html = person.page.html
    words = re.sub(r"<button[^>]*>\s*[^<]*</button>", lambda button: without_isolates(button[0]), html)
    assert [c for c in words if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cn") and c not in "\n\u200c\u200d"] == []
    return Markup(html).found


async def nothing_went_wrong(running: Running, said: set[str]) -> None:
    assert await running.rows(sa.select(parked.c.cause)) == []
    assert await running.rows(sa.select(outbox.c.parked).where(outbox.c.parked.is_not(None))) == []
    asked = await running.rows(sa.select(help_requests.c.text).where(help_requests.c.text.is_not(None)))
    roles = await running.rows(sa.select(signups.c.signer_role).where(signups.c.signer_role.is_not(None)))
    assert {row[0] for row in (*asked, *roles)} - said == set()


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(HOSTILE, min_size=4, max_size=4))
@example(texts=list(CORPUS))
async def test_hostile_text_is_answered_kept_as_cleaned_and_never_markup_wherever_it_is_said(
    room: Room, texts: list[str]
) -> None:
    room.said |= {clean(text) for text in texts}
    for text in texts:
        await is_said(room, text)
    await nothing_went_wrong(room.running, room.said)


LONGEST = {
    "two units each": ("𝒜𝒷" * 75, "𝒞𝒹" * 75, "𝒜 𝒷" * 26, "𝒜 𝒷" * 26, f"{'a' * 64}@{'b' * 60}.{'c' * 60}.org"),
    "line breaks": (*(("\n" * 3990).join(name) for name in (("أ", "بج"), ("د", "هو"), ("ف", "ع"), ("ك", "لم"))), "لا"),
}
"""Association, centre, president, city and e-mail, as long as they are taken."""


@pytest.mark.parametrize("name", LONGEST)
async def test_a_summary_of_the_longest_answers_is_one_message_that_fits(
    name: str, person: Person, clock: Clock, database: Database
) -> None:
    association, centre, president, city, email = LONGEST[name]
    answers = {"association": association, "centre": centre, "president": president, "city": city, "email": email}
    answers |= {"consent": "نعم", "category": "10", "category_other": f"{'ي ' * 74}يي", "phone": "+1 212 555 0100"}
    read: list[Reply] = []

    async def says(text: str) -> None:
        clock.advance(seconds=5)
        replies = await person.says(text)
        assert replies != [], text[:20]
        read.extend(replies)

    async def asked() -> str:
        async with database.read() as connection:
            talk = json.loads(await connection.scalar(sa.select(conversations.c.talk)) or "")
        return "doubt" if talk["stack"][-1]["doubt"] else str(talk["stack"][-1]["question"])

    await says("سلام")
    for _ in range(25):
        if (question := await asked()) == "review":
            break
        await says(answers.get(question, "نعم"))
    else:
        raise AssertionError(read[-1].text)
    for text in ("متابعة", "تعديل", "1", "رجوع", "/mydata_copy", "français", "/mydata_copy", "oui", president, "oui"):
        await says(text)
    for text in ("/status", "/start", "/edit", "/mydata_copy", "/help"):
        await says(text)
    assert max(units(reply.raw or reply.text) for reply in read) <= MOST_UNITS
    async with database.read() as connection:
        assert (await connection.execute(sa.select(signups.c.status))).scalars().all() == ["pending"]
        assert (await connection.execute(sa.select(outbox.c.id).where(outbox.c.parked.is_not(None)))).all() == []


async def test_a_message_too_long_for_the_platform_is_cut_between_letters(
    bot_api: BotApi, running: Running, clock: Clock
) -> None:
    """Nobody's answers are that long; being asked forty times whether to be written to is."""
    person = TelegramPerson(bot_api, running.settled)
    await answers_up_to(person, FATIMA, "end")
    for text in ("استئناف", "توقف") * 40:
        assert await bot_api.deliver(person.message(text=text)) == 200
    await person.reads()
    (copy,) = await person.says("/mydata_copy")
    assert units(copy.raw) <= MOST_UNITS
    assert copy.text.endswith("…")
