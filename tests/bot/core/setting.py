"""A conversation's surroundings for tests of values: real data, real catalogues, a standing clock."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import SecretStr

from bot.core.bidi import without_isolates
from bot.core.known import Known, Setup
from bot.core.text import Sayable
from bot.main import make_setup
from bot.settings import Settings

SETTINGS = Settings(
    _env_file=None,
    secret_key=SecretStr("a secret for the tests, long enough to be one"),
    controller_name="الجمعية المنسقة",
    contact_email="contact@example.org",
    contact_phone="+212524000001",
)
SETUP: Setup = make_setup(SETTINGS)
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def known(channel: str = "telegram", language: str = "ar") -> Known:
    return SETUP.known(language=language, channel=channel, now=NOW, chance=lambda: 1234567890)


KNOWN = known()


def told(text: Sayable, language: str = "ar") -> str:
    """As the reader sees it."""
    return without_isolates(SETUP.speech(language, "telegram").tell(text))
