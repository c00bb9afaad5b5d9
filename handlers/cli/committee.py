"""The committee from the command line: letting the first ones in, looking at the team and at the audit trail."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import typer

from bot.actions.committee import invite as keep_invite
from bot.core import calendar
from bot.core.errors import CommandRefused
from bot.core.text import Ltr, Text, Value, t
from bot.flows.categories import CATEGORIES
from bot.flows.codes import telegram_link_to
from bot.flows.committee import INVITE_LASTS, described
from bot.rules.codes import INVITE, code_from
from handlers.cli.tools import Tools
from storage import audit, committee

_LISTED = 200


async def invite(tools: Tools, *, name: str, role: str, category: str | None) -> None:
    """Make a one-time code and say where it is used; the code alone stands in the last line."""
    keys = [each.key for each in CATEGORIES]
    if category is not None and category not in keys:
        unknown = t("{value} is no category. They are: {list}")
        raise CommandRefused(unknown(value=category, list=Ltr(", ".join(keys))))
    if role == "owner" and category is not None:
        raise CommandRefused(t("Who is in charge of the team is in charge of all categories: leave the category out."))
    if not 3 <= len(name.strip()) <= 60:
        raise CommandRefused(t("Write a name of 3 to 60 characters: the people who are answered will see it."))
    code, now = code_from(INVITE, secrets.randbelow(10**10)), datetime.now(UTC)
    database = tools.database()
    try:
        await keep_invite(database, tools.seals(), name=name.strip(), role=role, category=category, code=code, now=now)
    finally:
        await database.close()
    until = calendar.day((now + INVITE_LASTS).astimezone(tools.setup().zone).date())
    tools.say(
        t("Give this code to {name}: {code}\nIt works once, until {deadline}.")(
            name=name.strip(), code=Ltr(code.upper()), deadline=until
        )
    )
    bot = await tools.telegram_name()
    if bot is not None:
        tools.say(t("On Telegram they only press this link: {link}")(link=telegram_link_to(bot, code)))
    where: Text = t("On the web page, they open {web_link}, press “{label}” and write the code.")
    tools.say(where(web_link=Ltr(tools.settings().address), label=t("I have a code to continue")))
    typer.echo(f"code: {code.upper()}")  # for scripts, in no language


async def show_team(tools: Tools) -> None:
    database = tools.database()
    try:
        async with database.read() as connection:
            members = await committee.team(connection)
    finally:
        await database.close()
    for member in members:
        tools.say(described(member))
    if not members:
        tools.say(t("Nobody is in the team yet. Let the first person in with: nidaa coordinators invite"))


async def show_audit(tools: Tools) -> None:
    """The newest entries, newest first; they name nobody but the committee's members."""
    database = tools.database()
    try:
        async with database.read() as connection:
            entries = await audit.newest_entries(connection, limit=_LISTED)
    finally:
        await database.close()
    for entry in entries:
        facts: dict[str, Value] = {
            "when": Ltr(f"{entry.at:%Y-%m-%d %H:%M:%S}"),
            "who": entry.actor or "–",
            "channel": Ltr(entry.channel),
            "action": Ltr(entry.action),
            "subject": Ltr(f"{entry.subject or ''} {entry.subject_id or ''}".strip()),
            "facts": Ltr(" → ".join(part for part in (entry.before, entry.after) if part)),
        }
        tools.say(t("{when}  {who}  {channel}  {action}  {subject}  {facts}")(**facts))
    if not entries:
        tools.say(t("Nothing has been done yet."))
