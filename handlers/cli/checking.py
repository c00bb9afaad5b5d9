"""`nidaa check`: what each setting is, whether database and channels answer, what is wrong and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from bot.core import calendar
from bot.core.errors import CommandRefused, JournalUnavailable, SettingWrong, StorageUnavailable
from bot.core.text import Ltr, Sayable, t
from bot.reports import health
from bot.reports.health import HealthReport
from bot.settings import Settings, unknown_variables, variable
from handlers.cli.tools import Tools


@dataclass(frozen=True, slots=True)
class Finding:
    """`wrong`: it keeps the service from working as it should."""

    what: Sayable
    wrong: bool = False


async def check(tools: Tools) -> None:
    """Print everything; anything wrong: CommandRefused at the end, after all was looked at."""
    settings = tools.settings()
    looked_at = (_service, _journal, _channels)
    findings = [*_settings(settings), *_declared(settings), *[each for look in looked_at for each in await look(tools)]]
    for finding in findings:
        mark = "✗" if finding.wrong else "✓"
        tools.say(t("{mark} {finding}")(mark=Ltr(mark), finding=finding.what))
    wrong = sum(finding.wrong for finding in findings)
    if wrong:
        raise CommandRefused(t("To mend: {count}")(count=wrong))
    tools.say(t("Everything is in order."))


def _settings(settings: Settings) -> Iterator[Finding]:
    for name in Settings.model_fields:
        value = getattr(settings, name)
        line = t("{setting} = {value}")(setting=Ltr(variable(name)), value=Ltr(_shown(name, value)))
        yield Finding(line)
    for name in unknown_variables():
        unknown = t("{setting} is not a setting of this release. Check how it is written.")
        yield Finding(unknown(setting=Ltr(name)), wrong=True)


def _shown(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return "••••" if value.get_secret_value() else "–"
    if name == "database_url":
        return make_url(str(value)).render_as_string(hide_password=True)
    if isinstance(value, tuple):
        return ",".join(value)
    if name.endswith("_url"):
        value = _USER_INFO.sub("://•••@", str(value))
    return str(value) if value != "" else "–"


_USER_INFO = re.compile(r"://[^/@]*@")


def _declared(settings: Settings) -> Iterator[Finding]:
    if not settings.is_declared:
        yield Finding(
            t(
                "Nobody is declared to be in charge: every welcome says that this is a trial. Set {name}, {email} and"
                " {phone}."
            )(
                name=Ltr(variable("controller_name")),
                email=Ltr(variable("contact_email")),
                phone=Ltr(variable("contact_phone")),
            )
        )
    offset = datetime.now(UTC).astimezone(calendar.zone(settings.timezone)).strftime("%H:%M %z")
    yield Finding(t("Local time now: {time}")(time=Ltr(offset)))


async def _service(tools: Tools) -> list[Finding]:
    """What /health tells, as far as it can be told from here."""
    database = tools.database()
    try:
        with suppress(StorageUnavailable):  # the report says so
            await database.reach()
        report = await tools.health(database).report()
    except SettingWrong as error:
        return [Finding(t("{setting}: {why}")(setting=Ltr(error.name), why=error.why), wrong=True)]
    finally:
        await database.close()
    return [_database(report), *_left_undone(report), *_surroundings(report)]


def _database(report: HealthReport) -> Finding:
    match report.cause:
        case None:
            return Finding(t("The database answers and its tables are ready."))
        case health.NOT_MIGRATED:
            return Finding(t("The database answers, but its tables are not ready. Run nidaa migrate."), wrong=True)
    unreachable = t("The database does not answer. Check {setting}, and that the server runs and lets this user in.")
    return Finding(unreachable(setting=Ltr(variable("database_url"))), wrong=True)


def _left_undone(report: HealthReport) -> Iterator[Finding]:
    for channel, owed in (report.owed or {}).items():
        if owed.count:
            line = t("Owed on {channel}: {count}; the oldest message has waited {seconds} seconds.")
            yield Finding(line(channel=Ltr(channel), count=owed.count, seconds=round(owed.oldest_seconds or 0)))
    if report.updates.parked:
        line = t("Parked: {count}. {command} lists them.")
        yield Finding(line(count=report.updates.parked, command=Ltr("nidaa parked")))


def _surroundings(report: HealthReport) -> Iterator[Finding]:
    yield Finding(t("Time-zone database: {version}")(version=Ltr(report.time.tzdata or "?")))
    yield Finding(t("Free on the disk of the data folder: {size}")(size=Ltr(f"{report.disk.free_bytes // 2**20} MiB")))
    for warned in report.warnings:
        yield Finding(warned.what, wrong=True)


async def _journal(tools: Tools) -> list[Finding]:
    journal = tools.journal()
    try:
        await journal.write(())
    except JournalUnavailable:
        broken = t(
            "The erasure journal {file} cannot be written: nobody can be erased. Check {setting}, and that its folder may be"
            " written to."
        )
        return [Finding(broken(file=Ltr(str(journal.file)), setting=Ltr(variable("data_dir"))), wrong=True)]
    return [Finding(t("The erasure journal can be written."))]


async def _channels(tools: Tools) -> list[Finding]:
    findings = [Finding(t("The web chat is at {link}")(link=Ltr(tools.settings().address)))]
    probes = tools.probes()
    if not probes:
        off = t("Telegram is off. To switch it on, set {setting}.")
        findings.append(Finding(off(setting=Ltr(variable("telegram_token")))))
    for name, probe in probes.items():
        trouble = await probe()
        if trouble is None:
            findings.append(Finding(t("{channel} answers.")(channel=Ltr(name))))
        else:
            failing = t("{channel} does not answer ({cause}). Check its token and that this machine reaches it.")
            findings.append(Finding(failing(channel=Ltr(name), cause=Ltr(trouble)), wrong=True))
    return findings
