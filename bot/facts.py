"""What sentences may say of this installation without being told: who is in charge, whom to call, how long things stay."""

from __future__ import annotations

from bot.actions.retention import INBOX_DAYS
from bot.core.readers import shared_phone, show_phone_number
from bot.core.text import Ltr, Value, n, t
from bot.settings import Settings

WEB, TELEGRAM = "web", "telegram"
REFUSED_DAYS = 90


def facts_of(settings: Settings, channel: str) -> dict[str, Value]:
    undeclared = t("not declared yet")
    phone = shared_phone(settings.contact_phone) if settings.contact_phone.startswith("+") else None
    return {
        "controller": settings.controller_name or undeclared,
        "contact_phone": show_phone_number(phone) if phone else Ltr(settings.contact_phone or "–"),
        "contact_email": Ltr(settings.contact_email) if settings.contact_email else undeclared,
        "contact_hours": settings.contact_hours or t("during working hours"),
        "cndp_ref": settings.cndp_reference or undeclared,
        "web_link": Ltr(settings.address),
        "channel_name": t("Telegram") if channel == TELEGRAM else t("this page"),
        "mydata_command": Ltr("/mydata") if channel == TELEGRAM else t("“My data”"),
        "retention_period": n("{n} day", "{n} days", REFUSED_DAYS),
        "inbox_period": n("{n} day", "{n} days", INBOX_DAYS),
    }
