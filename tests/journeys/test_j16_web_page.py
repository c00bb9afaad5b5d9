"""J16: the web page by keyboard, for a screen reader, without script, on a weak line."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect
from pydantic import SecretStr

from storage.tables import conversations, signups
from tests.conftest import Running, Serve
from tests.fakes.browser import CHROMIUM, running_browser, transferred
from tests.journeys.forms import FATIMA, NAIMA

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed here")
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def database_url(tmp_path: Path, sqlite_template: Path) -> str:
    """Pages are the same over any database: one is enough here."""
    shutil.copy(sqlite_template, tmp_path / "nidaa.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'nidaa.db'}"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest.fixture
async def running(serve: Serve) -> Running:
    return await serve(ticking=True)


@pytest.fixture
async def phone(browser: Browser) -> BrowserContext:
    return await browser.new_context(viewport=PHONE)  # type: ignore[arg-type]


@pytest.fixture
async def page(phone: BrowserContext, running: Running) -> AsyncIterator[Page]:
    page = await phone.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    yield page
    assert faults == []


async def starts(page: Page, running: Running) -> None:
    await page.goto(running.url)
    await page.get_by_role("button", name="بدء التسجيل").click()
    await expect(page.get_by_role("log")).to_be_visible()


async def types(page: Page, text: str, until: str) -> None:
    await page.locator("#text").fill(text)
    await page.keyboard.press("Enter")
    await expect(page.locator("#log .bot").last).to_contain_text(until)


async def up_to_question_5(page: Page, running: Running) -> None:
    await starts(page, running)
    await types(page, "واخا", "السؤال 1 من 8")
    await types(page, FATIMA.association, "السؤال 2 من 8")
    await types(page, FATIMA.centre, "السؤال 3 من 8")
    await types(page, "2", "السؤال 4 من 8")
    await types(page, FATIMA.president, "السؤال 5 من 8")


async def test_the_whole_form_is_filled_by_keyboard_alone(page: Page, running: Running) -> None:
    await page.goto(running.url)
    await tabs_to(page, "بدء التسجيل")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_be_visible()

    await tabs_to(page, "أوافق")
    await page.keyboard.press("Space")
    await expect(page.locator("#log .bot").last).to_contain_text("السؤال 1 من 8")
    await expect(page.locator("#text")).to_be_focused()
    for typed, until in (
        (NAIMA.association, "السؤال 2 من 8"),
        (NAIMA.centre, "السؤال 3 من 8"),
        ("رجوع", "جوابكم السابق"),
        ("Centre Espoir 2", "السؤال 3 من 8"),
        ("3", "السؤال 4 من 8"),
        (NAIMA.president, "السؤال 5 من 8"),
        (NAIMA.phone, "السؤال 6 من 8"),
        (NAIMA.email, "السؤال 7 من 8"),
        (NAIMA.city, "2. المركز"),
    ):
        await page.keyboard.type(typed)
        await page.keyboard.press("Enter")
        await expect(page.locator("#log .bot").last).to_contain_text(until)
        await expect(page.locator("#text")).to_be_focused()
    await tabs_to(page, "تعديل جواب", backwards=True)
    await page.keyboard.press("Enter")
    await expect(page.locator("#log .bot").last).to_contain_text("ما هو الجواب الذي تودون تعديله؟")
    await page.keyboard.type("2\n")
    await expect(page.locator("#log .bot").last).to_contain_text("الجواب الحالي")
    await page.keyboard.type("Centre Espoir\n")
    await expect(page.locator("#log .bot").last).to_contain_text("2. المركز: Centre Espoir")
    await page.keyboard.type("نعم\n")
    await expect(page.locator("#log .bot").last).to_contain_text("السؤال 8 من 8")
    await page.keyboard.type("Naima Berrada\n")
    await expect(page.locator("#log")).to_contain_text("تم التوصل بطلبكم")
    assert [row.status for row in await running.rows(sa.select(signups.c.status))] == ["pending"]


async def tabs_to(page: Page, label: str, *, backwards: bool = False) -> None:
    """Tab until the button with this label is focused, and see that the focus shows. Never more than the page holds."""
    for _ in range(40):
        await page.keyboard.press("Shift+Tab" if backwards else "Tab")
        text = await page.evaluate("document.activeElement.textContent.trim()")
        if text == label:
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            shadow = await page.evaluate("getComputedStyle(document.activeElement).boxShadow")
            assert outline != "none" or shadow != "none"
            return
    raise AssertionError(f"no way to {label!r} by keyboard")


async def test_the_log_is_a_log_and_each_message_is_added_once(page: Page, running: Running) -> None:
    await starts(page, running)
    log = page.get_by_role("log", name="المحادثة")
    assert await log.get_attribute("aria-live") == "polite"
    await page.evaluate(
        "window.added = []; new MutationObserver(all => all.forEach(one => one.addedNodes.forEach("
        "node => node.id && window.added.push(node.id)))).observe(document.getElementById('log'), {childList: true})"
    )
    await types(page, "واخا", "السؤال 1 من 8")
    await types(page, FATIMA.association, "السؤال 2 من 8")
    await page.wait_for_timeout(500)
    added = await page.evaluate("window.added")
    assert len(added) == len(set(added)) == 2

    count = await page.locator("#log .bot").count()
    await page.reload()
    assert await page.locator("#log .bot").count() == count


async def test_an_error_is_tied_to_the_box_and_says_that_it_is_one(page: Page, running: Running) -> None:
    await up_to_question_5(page, running)
    box = page.locator("#text")
    assert (await box.get_attribute("dir"), await box.get_attribute("inputmode")) == ("ltr", "tel")
    assert await box.get_attribute("autocomplete") == "tel"

    await types(page, "0600", "خطأ:")
    assert await box.get_attribute("aria-invalid") == "true"
    assert await box.get_attribute("aria-describedby") == "error"
    await expect(page.locator("#error")).to_contain_text("خطأ: تنقص هذا الرقم بعض الأرقام.")
    await page.reload()
    assert await page.locator("#text").get_attribute("aria-describedby") == "error"

    await types(page, FATIMA.phone, "السؤال 6 من 8")
    assert await page.locator("#text").get_attribute("aria-invalid") is None
    for name, value in (("dir", "ltr"), ("inputmode", "email"), ("autocomplete", "email")):
        assert await box.get_attribute(name) == value
    await types(page, "ماعنديش", "السؤال 7 من 8")
    for name, value in (("dir", "auto"), ("inputmode", "text"), ("autocomplete", "off")):
        assert await box.get_attribute(name) == value


async def test_the_page_says_its_language_and_that_of_french_values(page: Page, running: Running) -> None:
    await starts(page, running)
    root = page.locator("html")
    assert (await root.get_attribute("lang"), await root.get_attribute("dir")) == ("ar", "rtl")
    await types(page, "واخا", "السؤال 1 من 8")
    await types(page, NAIMA.association, "السؤال 2 من 8")
    await types(page, "رجوع", NAIMA.association)
    assert await page.locator("#log .bot bdi[lang=fr]").last.text_content() == NAIMA.association


LONG = "جمعية الأمل للتنمية والتضامن ومساعدة النساء في وضعية صعبة بإقليم الصويرة ونواحيها"
FORMS = {
    "ar": (
        *(("واخا", "السؤال 1 من 8"), (LONG, "السؤال 2 من 8"), (FATIMA.centre, "السؤال 3 من 8"), ("2", "السؤال 4 من 8")),
        *((FATIMA.president, "السؤال 5 من 8"), ("0600", "خطأ:"), (FATIMA.phone, "السؤال 6 من 8")),
        *(("a.very.long.address.of.an.association@example.org", "السؤال 7 من 8"), (FATIMA.city, "7. المدينة")),
        *(("نعم", "السؤال 8 من 8"), (FATIMA.president, "هل ترغبون في التوصل")),
    ),
    "fr": (
        *(("oui", "Question 1 sur 8"), (LONG, "Question 2 sur 8"), (NAIMA.centre, "Question 3 sur 8")),
        *(
            ("2", "Question 4 sur 8"),
            (NAIMA.president, "Question 5 sur 8"),
            ("0600", "Erreur"),
            (NAIMA.phone, "Question 6 sur 8"),
        ),
        *((NAIMA.email, "Question 7 sur 8"), (NAIMA.city, "7. Ville"), ("oui", "Question 8 sur 8")),
        *(((NAIMA.president, "Souhaitez-vous recevoir"),)),
    ),
}


async def fits(page: Page) -> None:
    """At 320 pixels, at twice the size of text, and at both at once (as 400 % zoom): no sideways scroll, and room to write."""
    for width, zoom in ((320, 100), (640, 200), (320, 200)):
        await page.set_viewport_size({"width": width, "height": 640})
        await page.evaluate(f"document.documentElement.style.fontSize = '{18 * zoom / 100}px'")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, zoom)
        if await page.locator("#text").count():
            box, send = await page.locator("#text, #say button").evaluate_all(
                "all => all.map(one => one.getBoundingClientRect().toJSON())"
            )
            assert box["width"] > 120
            assert box["bottom"] <= send["top"] or box["left"] >= send["right"] or box["right"] <= send["left"]
    await page.evaluate("document.documentElement.style.fontSize = ''")


@pytest.mark.parametrize("language", ["ar", "fr"])
async def test_nothing_is_cut_on_a_narrow_screen_and_with_large_text(page: Page, running: Running, language: str) -> None:
    await page.goto(f"{running.url}/{language}")
    await fits(page)
    await page.locator(".start button").click()
    await expect(page.get_by_role("log")).to_be_visible()
    for typed, until in FORMS[language]:
        await types(page, typed, until)
        await fits(page)
    heights = await page.locator("button:visible, input:visible").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44


SMALL = {"width": 320, "height": 480}


async def test_a_phone_number_is_never_cut_over_two_lines(page: Page, running: Running) -> None:
    await page.set_viewport_size(SMALL)  # type: ignore[arg-type]
    await up_to_question_5(page, running)
    await types(page, "0524000001", "هذا رقم هاتف ثابت")
    number = page.locator("#log .bot").last.locator("bdi")
    assert await number.text_content() == "05 24 00 00 01"
    height = await number.evaluate("one => one.getBoundingClientRect().height")
    line = await number.evaluate("one => parseFloat(getComputedStyle(one).lineHeight)")
    assert height < 1.5 * line


async def test_what_is_new_is_read_from_its_beginning_on_a_small_screen(page: Page, running: Running) -> None:
    await page.set_viewport_size(SMALL)  # type: ignore[arg-type]
    await up_to_question_5(page, running)
    for typed, until in (
        *((FATIMA.phone, "السؤال 6 من 8"), ("ماعنديش", "السؤال 7 من 8"), (FATIMA.city, "7. المدينة")),
        *(("نعم", "السؤال 8 من 8"), (FATIMA.president, "هل ترغبون في التوصل")),
    ):
        await types(page, typed, until)
    await expect(page.get_by_text("المرجع:")).to_be_in_viewport()
    await page.reload()
    await expect(page.get_by_text("المرجع:")).to_be_in_viewport()


async def test_a_long_question_is_read_from_its_beginning_without_script(browser: Browser, running: Running) -> None:
    context = await browser.new_context(viewport=SMALL, java_script_enabled=False)  # type: ignore[arg-type]
    page = await context.new_page()
    await starts(page, running)
    await page.get_by_role("button", name="أوافق", exact=True).click()
    for typed in (FATIMA.association, FATIMA.centre):
        await page.locator("#text").fill(typed)
        await page.get_by_role("button", name="إرسال").click()
    await expect(page.get_by_text("السؤال 3 من 8")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_accessibility_fault_is_found_on_any_step(page: Page, running: Running, scheme: str) -> None:
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await page.goto(running.url)
    assert (await Axe().run(page)).response["violations"] == []
    await up_to_question_5(page, running)
    await types(page, "0600", "خطأ:")
    assert (await Axe().run(page)).response["violations"] == []
    for typed, until in FORMS["ar"][6:]:
        await types(page, typed, until)
        if until in ("7. المدينة", "هل ترغبون في التوصل"):
            assert (await Axe().run(page)).response["violations"] == []


async def test_the_same_questions_are_answered_without_script(browser: Browser, running: Running) -> None:
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    page = await context.new_page()
    await starts(page, running)
    await page.get_by_role("button", name="أوافق", exact=True).click()
    for typed in (FATIMA.association, FATIMA.centre, "2", FATIMA.president, "0600", FATIMA.phone):
        await page.locator("#text").fill(typed)
        await page.get_by_role("button", name="إرسال").click()
    await page.get_by_role("button", name="لا أتوفر على بريد").click()
    await page.locator("#text").fill("كازا")
    await page.get_by_role("button", name="إرسال").click()
    await expect(page.locator("#log .bot").last).to_contain_text("7. المدينة: الدار البيضاء")
    assert "خطأ: تنقص هذا الرقم بعض الأرقام." in await page.content()
    await page.get_by_role("button", name="كل شيء صحيح").click()
    await page.locator("#text").fill(FATIMA.president)
    await page.get_by_role("button", name="إرسال").click()
    await expect(page.locator("#log")).to_contain_text("المرجع:")


async def test_without_script_there_is_a_way_back_and_the_same_draft_with_script(browser: Browser, running: Running) -> None:
    plain = await browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    page = await plain.new_page()
    await starts(page, running)
    await page.get_by_role("button", name="أوافق", exact=True).click()
    for typed in (FATIMA.association, FATIMA.centre):
        await page.locator("#text").fill(typed)
        await page.get_by_role("button", name="إرسال").click()
    await page.get_by_role("button", name="رجوع").click()
    await expect(page.locator("#log .bot").last).to_contain_text(f"جوابكم السابق: {FATIMA.centre}")

    scripted = await browser.new_context(viewport=PHONE, storage_state=await plain.storage_state())  # type: ignore[arg-type]
    again = await scripted.new_page()
    await again.goto(running.url)
    await again.get_by_role("button", name="الإبقاء عليه").click()
    await expect(again.locator("#log .bot").last).to_contain_text("السؤال 3 من 8")


async def test_an_answer_typed_offline_is_sent_once_when_the_line_returns(
    page: Page, phone: BrowserContext, running: Running
) -> None:
    await up_to_question_5(page, running)
    await phone.set_offline(True)
    await page.locator("#text").fill(FATIMA.phone)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("انقطع الاتصال. ما كتبتموه محفوظ على هذا الجهاز")
    assert await page.locator("#text").is_editable()

    await phone.set_offline(False)
    await expect(page.locator("#log .bot").last).to_contain_text("السؤال 6 من 8")
    await expect(page.locator("#log .you").last).not_to_have_class(re.compile("waiting"))
    assert await page.locator("#log .you", has_text=FATIMA.phone).count() == 1
    await page.reload()
    assert await page.locator("#log .you", has_text=FATIMA.phone).count() == 1
    rows = await running.rows(sa.select(conversations.c.question))
    assert [row.question for row in rows] == ["email"]


async def test_what_was_typed_offline_survives_closing_the_page(page: Page, phone: BrowserContext, running: Running) -> None:
    await up_to_question_5(page, running)
    await phone.set_offline(True)
    await page.locator("#text").fill(FATIMA.phone)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).not_to_be_empty()
    await page.close()

    await phone.set_offline(False)
    again = await phone.new_page()
    await again.goto(running.url)
    await expect(again.locator("#log .bot").last).to_contain_text("السؤال 6 من 8")


@pytest.mark.parametrize(("status", "told"), [(503, "ما كتبتموه محفوظ على هذا الجهاز"), (429, "وصلت عدة رسائل في وقت وجيز")])
async def test_an_answer_that_was_not_taken_is_kept_and_sent_again_and_the_reason_said(
    page: Page, running: Running, status: int, told: str
) -> None:
    await up_to_question_5(page, running)
    await page.route("**/say", lambda route: route.fulfill(status=status), times=1)
    await page.locator("#text").fill(FATIMA.phone)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text(told)
    await expect(page.locator("#log .bot").last).to_contain_text("السؤال 6 من 8")
    await expect(page.get_by_role("status")).to_be_empty()


async def test_what_was_typed_is_in_the_box_when_the_page_must_be_opened_anew(
    page: Page, running: Running, serve: Serve
) -> None:
    await up_to_question_5(page, running)
    await running.service.stop()
    port = int(running.url.rpartition(":")[2])
    await serve(ticking=True, port=port, secret_key=SecretStr("another secret for the tests, long enough"))
    await page.locator("#text").fill(FATIMA.phone)
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value(FATIMA.phone)
    await expect(page.locator("#log .you.waiting")).to_have_count(0)
    await page.locator("#text").press("Enter")
    await expect(page.locator("#log .bot").last).to_contain_text("السؤال 6 من 8")


async def test_the_first_load_is_small_and_quick_on_a_slow_line(page: Page, running: Running) -> None:
    """A line of 400 ms and 400 kbit/s, as the browser itself plays it."""
    assert await transferred(page, running.url) < 100_000
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.clearBrowserCache")
    slow = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    await session.send("Network.emulateNetworkConditions", slow)
    began = asyncio.get_running_loop().time()
    await page.goto(running.url)
    await expect(page.get_by_role("button", name="بدء التسجيل")).to_be_visible()
    assert asyncio.get_running_loop().time() - began < 5
