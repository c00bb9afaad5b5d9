"""Two presidents of one association, and the coordinator who compares what they signed."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes.people import TelegramPerson
from tests.journeys.forms import FATIMA, Form, answers_up_to

ZAHRA = Form(
    "جمعيه امل للتنميه والتضامن",
    "دار الأمل للأطفال",
    "١",
    "الزهراء الإدريسي",
    "0600000011",
    "zahra@example.org",
    "الصويره",
    "الزهراء الإدريسي",
)
"""She signs up the association that Fatima has signed up, spelled otherwise, with another centre."""
FATIMA_AGAIN = replace(FATIMA, phone="0600000021", email="amal@example.org")
"""The same person, from another telephone."""


async def signs_up(person: TelegramPerson, form: Form) -> None:
    await answers_up_to(person, form, "")
    await person.says("لا")
