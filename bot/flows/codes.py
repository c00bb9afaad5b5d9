"""Codes that people are shown: to go on elsewhere, and the address that takes one to our bot."""

from __future__ import annotations

from datetime import timedelta

from bot.core import calendar
from bot.core.known import Known
from bot.core.text import Ltr, Sayable, lines, t
from bot.flows.effects import Effect, KeepCode
from bot.rules.codes import RESUME, code_from, read_code

CODE_LASTS = timedelta(days=30)


def resume_code(known: Known) -> tuple[Sayable | None, tuple[Effect, ...]]:
    """On the web page, which is tied to one device: a code to go on elsewhere. Nothing on other channels."""
    if known.channel != "web":
        return None, ()
    code, expires = code_from(RESUME, known.chance()), known.now + CODE_LASTS
    say = t("To continue on another device, keep this code: {code}. It is valid until {deadline}.")
    told = say(code=Ltr(code.upper()), deadline=calendar.day(expires.date()))
    link = telegram_link(known, code)
    on_telegram = t("Continue on Telegram: {link}")(link=link) if link else None
    return lines(told, on_telegram), (KeepCode("resume", code, expires),)


def telegram_link(known: Known, code: str) -> Ltr | None:
    """The address that opens our bot there with this code; None where that channel is off."""
    return telegram_link_to(known.telegram, code) if known.telegram else None


def telegram_link_to(bot: str, code: str) -> Ltr:
    return Ltr(f"https://t.me/{bot}?start={read_code(code)}")
