"""Who asked for a human: whom to call, what was asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.readers import show_phone_number
from bot.core.text import t
from bot.flows.signup import SIGNUP
from bot.reports.sheet import Sheet


@dataclass(frozen=True, slots=True)
class HelpRecord:
    """`phone` (E.164) is whom to call; `question` what was written; `stuck_at` the question the person was at."""

    asked_at: datetime
    phone: str | None
    question: str | None
    stuck_at: str | None
    language: str


def help_sheet(records: Iterable[HelpRecord], zone: ZoneInfo) -> Sheet:
    labels = {question.key: question.label for question in SIGNUP.questions}
    columns = (t("Date"), t("Phone"), t("Question"), t("Stopped at"), t("Language"))
    rows = (
        (
            f"{record.asked_at.astimezone(zone):%Y-%m-%d %H:%M}",
            show_phone_number(record.phone).value.replace("+", "00") if record.phone else None,
            record.question,
            labels.get(record.stuck_at or "") or record.stuck_at,
            record.language,
        )
        for record in records
    )
    return Sheet(columns, rows)
