"""A wrong setting stops the start and names its variable; a secret is never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.core.errors import SettingWrong
from bot.settings import Settings, load_settings, unknown_variables

SECRET = "a secret for the tests, long enough to be one"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours, no .env, an empty folder."""
    for name in list(os.environ):
        if name.startswith("NIDAA_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("url", "public"),
    [("", False), ("https://nidaa.example.org", True), ("http://127.0.0.1:8080", False), ("http://localhost", False)],
)
def test_an_address_of_this_machine_is_not_public(monkeypatch: pytest.MonkeyPatch, url: str, public: bool) -> None:
    monkeypatch.setenv("NIDAA_PUBLIC_URL", url)
    assert load_settings().is_public == public


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.database_url == "sqlite+aiosqlite:///data/nidaa.db"
    assert (settings.languages, settings.is_declared, settings.email_required) == (("ar", "fr"), False, False)
    assert settings.address == "http://localhost:8080"


def test_the_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first, second = load_settings(), load_settings()
    assert first.secret_key.get_secret_value() == second.secret_key.get_secret_value()
    file = tmp_path / "data" / "secret_key"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NIDAA_DATABASE_URL", "mysql://x/y"),
        ("NIDAA_DATABASE_URL", "not an address"),
        ("NIDAA_DATABASE_URL", "sqlite://"),
        ("NIDAA_DATABASE_URL", "sqlite:///:memory:"),
        ("NIDAA_DATABASE_URL", "sqlite:///data/nidaa.db?mode=ro"),
        ("NIDAA_DATABASE_URL", "postgresql://u:p@h/d?channel_binding=require"),
        ("NIDAA_PORT", "eighty"),
        ("NIDAA_PORT", "70000"),
        ("NIDAA_PUBLIC_URL", "nidaa.example.org"),
        ("NIDAA_PUBLIC_URL", "https://nidaa.example.org/chat"),
        ("NIDAA_SECRET_KEY", "short"),
        ("NIDAA_TELEGRAM_TOKEN", "token"),
        ("NIDAA_TELEGRAM_API_URL", "telegram"),
        ("NIDAA_TELEGRAM_SECRET", "with spaces"),
        ("NIDAA_CONTACT_EMAIL", "contact"),
        ("NIDAA_CONTACT_EMAIL", "one@example.org, two@example.org"),
        ("NIDAA_CONTACT_PHONE", "12"),
        ("NIDAA_CONTACT_PHONE", "the office"),
        ("NIDAA_TIMEZONE", "Africa/Essaouira"),
        ("NIDAA_LANGUAGES", "ar,en"),
        ("NIDAA_LANGUAGES", ","),
        ("NIDAA_EMAIL_REQUIRED", "perhaps"),
        ("NIDAA_QUIET_HOURS", "at night"),
        ("NIDAA_METRICS_TOKEN", "short"),
        ("NIDAA_METRICS_TOKEN", "sixteen or more, with spaces"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingWrong) as caught:
        load_settings()
    assert caught.value.name == name
    assert str(caught.value) == name


def test_every_setting_that_can_be_wrong_says_what_to_write() -> None:
    free = {"data_dir", "controller_name", "contact_hours", "cndp_reference"}
    assert set(Settings.REASONS) == set(Settings.model_fields) - free


@pytest.mark.parametrize("url", ["postgresql://u:p@h/d", "postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"])
def test_postgresql_needs_a_secret_of_its_own(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("NIDAA_DATABASE_URL", url)
    with pytest.raises(SettingWrong, match="NIDAA_SECRET_KEY"):
        load_settings()
    monkeypatch.setenv("NIDAA_SECRET_KEY", SECRET)
    assert load_settings().database_url == "postgresql+asyncpg://u:p@h/d"


def test_the_way_hosts_write_that_a_connection_is_sealed_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIDAA_DATABASE_URL", "postgresql://u:p@h/d?sslmode=require")
    monkeypatch.setenv("NIDAA_SECRET_KEY", SECRET)
    assert load_settings().database_url == "postgresql+asyncpg://u:p@h/d?ssl=require"


def test_a_damaged_secret_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret_key").write_text("cut off")
    with pytest.raises(SettingWrong, match="NIDAA_SECRET_KEY"):
        load_settings()


def test_a_folder_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "data", tmp_path / "file"):
        monkeypatch.setenv("NIDAA_DATA_DIR", str(folder))
        with pytest.raises(SettingWrong, match="NIDAA_DATA_DIR"):
            load_settings()


@pytest.mark.parametrize("number", ["+212600000001", "0600000001", "06 00-00 00 01", " 00212600000001 "])
def test_a_contact_number_may_be_written_in_any_way(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    monkeypatch.setenv("NIDAA_CONTACT_PHONE", number)
    assert load_settings().contact_phone == "+212600000001"


def test_a_name_of_spaces_declares_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIDAA_CONTROLLER_NAME", "  ")
    monkeypatch.setenv("NIDAA_CONTACT_EMAIL", "contact@example.org")
    monkeypatch.setenv("NIDAA_CONTACT_PHONE", "5757")
    assert not load_settings().is_declared


def test_the_env_file_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NIDAA_PORT=9000\nNIDAA_LANGUAGES=fr, ar\n")
    assert (load_settings().port, load_settings().languages) == (9000, ("fr", "ar"))


def test_a_misspelt_variable_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIDAA_TELEGRAM_TOKN", "x")
    assert unknown_variables() == ["NIDAA_TELEGRAM_TOKN"]


def test_secrets_do_not_show_in_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIDAA_SECRET_KEY", SECRET)
    monkeypatch.setenv("NIDAA_DATABASE_URL", "postgresql://u:hidden@h/d")
    assert SECRET not in repr(load_settings())
    assert "hidden" not in repr(load_settings())
