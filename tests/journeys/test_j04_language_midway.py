"""J04: the language changes half-way."""

from __future__ import annotations

import sqlalchemy as sa

from bot.core.bidi import FSI, LRI
from bot.core.flow import Answer
from storage.conversations import decode_talk
from storage.tables import conversations
from tests.conftest import Running, Serve
from tests.fakes.bot_api import BotApi
from tests.fakes.people import Person, TelegramPerson, WebPerson
from tests.journeys.forms import FATIMA, answers_up_to


async def test_answers_stay_when_the_language_changes_there_and_back(person: Person) -> None:
    await answers_up_to(person, FATIMA, "president")

    (french,) = await person.says("français")
    assert french.text.startswith("La conversation se poursuit en français.")
    assert "Question 4 sur 8" in french.text
    *_, phone = await person.says("Youssef Amrani")
    assert "Question 5 sur 8" in phone.text
    assert "Exemple\u00a0: 06 00 00 00 01" in phone.text
    *_, arabic = await person.says("العربية")
    assert "ستتواصل المحادثة باللغة العربية." in "".join(reply.text for reply in [*_, arabic])
    assert "السؤال 5 من 8" in arabic.text

    await person.says(FATIMA.phone)
    await person.says("youssef@example.com")
    (review,) = await person.says("الصويرة")
    assert "1. الجمعية المسيرة: جمعية أمل للتنمية والتضامن" in review.text
    assert "4. رئيس(ة) الجمعية: Youssef Amrani" in review.text


async def test_what_was_answered_is_kept_as_typed_in_the_first_language(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    youssef = TelegramPerson(bot_api, running.settled)
    await answers_up_to(youssef, FATIMA, "president")
    kept = await _answers(running)
    await youssef.says("français")
    assert await _answers(running) == kept
    assert kept["association"] == Answer(FATIMA.association, FATIMA.association)
    assert kept["category"] == Answer("women_victims_violence", "٢")


async def _answers(running: Running) -> dict[str, Answer]:
    (row,) = await running.rows(sa.select(conversations.c.talk))
    return dict(decode_talk(row.talk).stack[0].answers)


async def test_values_are_isolated_so_that_nothing_is_shown_reversed(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    fatima = TelegramPerson(bot_api, running.settled)
    (review,) = await answers_up_to(fatima, FATIMA, "review")
    assert f"{LRI}06 00 00 00 01" in review.raw
    assert f"{FSI}فاطمة العلوي" in review.raw


async def test_english_is_answered_politely_and_nothing_restarts(person: Person) -> None:
    await answers_up_to(person, FATIMA, "president")
    (again,) = await person.says("english")
    assert again.text.startswith("هذه الخدمة متوفرة حاليا بالعربية والفرنسية. ويمكنكم الكتابة بالدارجة.")
    assert "السؤال 4 من 8" in again.text


async def test_the_language_is_asked_first_when_the_channel_names_one_we_do_not_speak(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    fatima = TelegramPerson(bot_api, running.settled, language_code="en")
    (choose,) = await fatima.says("/start")
    assert choose.text == "المرجو اختيار اللغة.\nVeuillez choisir votre langue."
    assert choose.labels == ["العربية", "Français"]

    hello, consent = await fatima.presses("Français")
    assert hello.text.startswith("Bienvenue.")
    assert consent.labels[0] == "J’accepte"


async def test_french_is_spoken_from_the_first_word_when_the_channel_says_so(serve: Serve, bot_api: BotApi) -> None:
    running = await serve(bot_api)
    youssef = TelegramPerson(bot_api, running.settled, language_code="fr")
    hello, _ = await youssef.says("/start")
    assert hello.text.startswith("Bienvenue.")

    page = WebPerson(running.url, language="fr")
    await page.opens()
    assert page.page is not None
    assert (page.page.language, page.page.direction) == ("fr", "ltr")
    hello, _ = await page.says("bonjour")
    assert hello.text.startswith("Bienvenue.")
    await page.closes()
