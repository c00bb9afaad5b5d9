"""Environment → one frozen `Settings`. What is wrong stops the start and names the variable; secrets are never shown."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.core import calendar
from bot.core.errors import SettingWrong
from bot.core.text import Text, t

PREFIX = "NIDAA_"
_TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,}")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_OPTIONS = {"sslmode": "ssl", "host": "host", "port": "port"}
"""What may stand after `?` in a PostgreSQL address, and what our driver calls it; others fail only when it connects."""


class Settings(BaseSettings):
    """Every setting, from the environment or `.env`, each as `NIDAA_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True, str_strip_whitespace=True
    )

    data_dir: Path = Path("data")
    database_url: str = Field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = ""
    secret_key: SecretStr = SecretStr("")
    telegram_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    telegram_secret: SecretStr = SecretStr("")
    controller_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    contact_hours: str = ""
    cndp_reference: str = ""
    timezone: str = "Africa/Casablanca"
    languages: Annotated[tuple[Literal["ar", "fr"], ...], NoDecode] = ("ar", "fr")
    email_required: bool = False
    quiet_hours: str = "20:00-09:00"
    review_above: int = Field(default=200, ge=0)
    weekly_cap: int = Field(default=3, ge=0)
    metrics_token: SecretStr = SecretStr("")

    REASONS: ClassVar[Mapping[str, Text]] = {
        "database_url": t("Write an address such as sqlite:///data/nidaa.db or postgresql://user:password@host/name."),
        "host": t("Write an address of this machine, such as 127.0.0.1 or 0.0.0.0."),
        "port": t("Write a port number from 0 to 65535."),
        "public_url": t("Write the address people open, beginning with https:// or http://, without a path."),
        "secret_key": t("Write at least 32 characters that nobody can guess."),
        "telegram_token": t("Write the token as BotFather gave it: digits, a colon, letters."),
        "telegram_api_url": t("Write the base address of a Bot API server, beginning with https:// or http://."),
        "telegram_secret": t("Write 1 to 256 letters, digits, dashes or underscores."),
        "contact_email": t("Write one e-mail address, with “@”."),
        "contact_phone": t("Write the number people may call, such as +212600000001."),
        "timezone": t("Write a time zone’s name, such as Africa/Casablanca."),
        "languages": t("Write ar, fr, or both with a comma; the first is the default."),
        "email_required": t("Write true or false."),
        "quiet_hours": t("Write two hours, such as 20:00-09:00."),
        "review_above": t("Write a number of recipients, such as 200."),
        "weekly_cap": t("Write how many announcements somebody may get in a week, such as 3; 0 for no limit."),
        "metrics_token": t("Write 16 to 256 letters, digits, dashes or underscores."),
    }

    @field_validator("languages", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:  # noqa: ANN401 -- as it came
        return tuple(dict.fromkeys(part.strip() for part in value.split(","))) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _driver(cls, value: str, info: ValidationInfo) -> str:
        if not value:
            return f"sqlite+aiosqlite:///{info.data['data_dir'] / 'nidaa.db'}"
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError from None
        driver = _DRIVERS.get(url.get_backend_name())
        query = {_OPTIONS.get(name, name): told for name, told in url.query.items()}
        if driver is None or set(query) - set(_OPTIONS.values()):
            raise ValueError
        if driver.startswith("sqlite") and (query or url.database in (None, "", ":memory:")):
            raise ValueError
        return url.set(drivername=driver, query=query).render_as_string(hide_password=False)

    @field_validator("public_url", "telegram_api_url")
    @classmethod
    def _web_address(cls, value: str, info: ValidationInfo) -> str:
        parts = urlsplit(value)
        plain = not (parts.query or parts.fragment) and (parts.path in ("", "/") or info.field_name != "public_url")
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or not plain):
            raise ValueError
        return value.rstrip("/")

    @field_validator("secret_key", "telegram_token", "telegram_secret", "metrics_token")
    @classmethod
    def _secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        text = value.get_secret_value()
        good = {
            "secret_key": len(text) >= 32,
            "telegram_token": bool(_TOKEN.fullmatch(text)),
            "telegram_secret": bool(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", text)),
            "metrics_token": bool(re.fullmatch(r"[A-Za-z0-9_-]{16,256}", text)),
        }
        if text and not good[info.field_name or ""]:
            raise ValueError
        return value

    @field_validator("contact_email")
    @classmethod
    def _reachable(cls, value: str) -> str:
        try:
            return validate_email(value, check_deliverability=False).normalized if value else value
        except EmailNotValidError:
            raise ValueError from None

    @field_validator("contact_phone")
    @classmethod
    def _callable(cls, value: str) -> str:
        """In E.164; a short number stays as it is."""
        if not value or re.fullmatch(r"\d{3,6}", value):
            return value
        try:
            number = phonenumbers.parse(value, "MA")
        except phonenumbers.NumberParseException:
            raise ValueError from None
        if not phonenumbers.is_possible_number(number):
            raise ValueError
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            calendar.zone(value)
        except (KeyError, ValueError, OSError):
            raise ValueError from None
        return value

    @field_validator("languages")
    @classmethod
    def _some_language(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        if not _HOURS.fullmatch(value):
            raise ValueError
        return value

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def is_public(self) -> bool:
        """Does a web server of the operator's lead strangers to us? They then come from this machine's own address."""
        return bool(self.public_url) and urlsplit(self.public_url).hostname not in ("localhost", "127.0.0.1", "::1")

    @property
    def is_declared(self) -> bool:
        """Has the operator said who is in charge and how to reach them?"""
        return bool(self.controller_name and self.contact_email and self.contact_phone)

    @property
    def address(self) -> str:
        """Where people open the web chat."""
        host = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else self.host  # noqa: S104 -- compared
        return self.public_url or f"http://{host}:{self.port}"


def load_settings() -> Settings:
    """The settings, complete. The first one that cannot be used: SettingWrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise SettingWrong(variable(name), Settings.REASONS.get(name, t("This value cannot be used."))) from None
    if settings.secret_key.get_secret_value():
        return settings
    if not settings.is_sqlite:
        why = t("On PostgreSQL this secret must be set: every process that shares the database needs the same one.")
        raise SettingWrong(variable("secret_key"), why)
    return settings.model_copy(update={"secret_key": SecretStr(_kept_secret(settings.data_dir))})


def variable(name: str) -> str:
    """`data_dir` → `NIDAA_DATA_DIR`."""
    return f"{PREFIX}{name.upper()}"


def unknown_variables() -> list[str]:
    """Variables that begin with our prefix and are none of ours: misspelt, or of another release."""
    ours = {variable(name) for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in ours)


def _kept_secret(folder: Path) -> str:
    """The secret in the data folder, made at the first start. Two first starts at once end with the same one."""
    file = folder / "secret_key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            _make_secret(file)
        kept = file.read_text(errors="replace").strip()
    except OSError:
        raise SettingWrong(variable("data_dir"), t("This folder cannot be written to.")) from None
    if len(kept) < 32:
        raise SettingWrong(variable("secret_key"), t("The secret kept in the data folder is damaged. Set one yourself."))
    return kept


def _make_secret(file: Path) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
        made.write(secrets.token_urlsafe(48))
        made.flush()
        os.fsync(made.fileno())
