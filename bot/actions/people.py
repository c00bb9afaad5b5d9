"""People: what a conversation needs to know of a person, a code redeemed, a person forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions import signups as signup_actions
from bot.actions.desktop import Desktop
from bot.core import calendar
from bot.core.engine import show
from bot.core.known import Known
from bot.core.messages import Content, Typed
from bot.core.seals import Seals
from bot.core.text import Ltr, Sayable, t
from bot.flows import moves, signup
from bot.flows.standing import Outcome, Request, Standing
from bot.rules.codes import read_code, wait_after
from bot.rules.references import reference
from storage import conversations, inbox, outbox, people, signups
from storage.conversations import Spoken
from storage.erasures import Erasure


async def load(connection: AsyncConnection, needs: frozenset[str], standing: Standing, known: Known) -> Mapping[str, Any]:
    """What a command said it needs, by name: `request` is a Request or None, `held` a list of lines."""
    if not needs:
        return {}
    row = await signups.latest_request(connection, standing.person)
    request = signup_actions.request_from(row) if row and row.status != "withdrawn" else None
    loaded: dict[str, Any] = {"request": request}
    if "held" in needs:
        loaded["held"] = await _held(connection, standing, request, known)
    return loaded


async def _held(connection: AsyncConnection, standing: Standing, request: Request | None, known: Known) -> Sequence[Sayable]:
    """Everything kept about a person, a line a fact."""
    lines: list[Sayable] = []
    draft = standing.talk.draft(signup.NAME)
    answers = draft.answers if draft else request.answers if request else {}
    if request is not None:
        lines.append(t("Reference: {ref}")(ref=Ltr(reference(request.id))))
    for question in signup.SIGNUP.questions:
        if question.key in answers and question.label is not None:
            line = t("{field_label}: {value}")
            lines.append(line(field_label=question.label, value=show(question, answers[question.key], known)))
    for purpose, _, _, given_at, withdrawn_at in await people.consents_of(connection, standing.person):
        agreed = _AGREED[purpose](date=calendar.day(given_at.astimezone(known.zone).date()))
        lines.append(agreed)
        if withdrawn_at is not None:
            lines.append(t("Withdrawn on {date}.")(date=calendar.day(withdrawn_at.astimezone(known.zone).date())))
    return lines or [t("Nothing but the address of this conversation.")]


_AGREED = {
    "signup": t("You agreed to the use of your data on {date}."),
    "announcements": t("You agreed to receive announcements on {date}."),
}


def code_in(content: Content, kind: str) -> str | None:
    """The code of that kind that a message is, alone or after /start; None when it is none."""
    if not isinstance(content, Typed) or len(content.text) > 40:
        return None
    code = read_code(content.text.strip().removeprefix("/start").removeprefix("@").strip())
    return code if code is not None and code.startswith(kind) else None


async def redeem(
    connection: AsyncConnection, standing: Standing, spoken: Spoken, known: Known, code: str, *, desktop: Desktop
) -> tuple[Spoken | None, Outcome | None]:
    """Use a resume code: the person it leads to, now reached at this address too; or what is said instead.

    A wrong code counts; after five in a row the next try waits, twice as long each time.
    """
    talk, now = standing.talk, known.now
    if talk.tries_until is not None and now < talk.tries_until:
        wait = t("Too many codes did not work. Try again after {time}, or write “Start” to begin anew.")
        until = talk.tries_until.astimezone(known.zone)
        return None, moves.ask_again(talk, known, (wait(time=calendar.clock(until)),))
    if await _has_own_signup(connection, standing):
        busy = t("This conversation already has a sign-up of its own. Finish it, or write “Cancel” to give it up first.")
        return None, moves.ask_again(talk, known, (busy,))
    owner = await people.use_code(connection, desktop.seals.digest(code), kind="resume", now=now)
    if owner is None:
        tries = talk.tries + 1
        talk = replace(talk, tries=tries, tries_until=wait_after(tries, now))
        wrong = t("This code does not work: it was used, it has expired, or a digit is wrong. Check it and write it again.")
        return None, moves.ask_again(talk, known, (wrong,))
    if owner != spoken.person:
        await people.move_address(connection, spoken.address, to=owner, leaving=spoken.person)
    found = await conversations.load_spoken(connection, spoken.channel, [spoken.external_id], sender=desktop.sender)
    return found[0], None


async def _has_own_signup(connection: AsyncConnection, standing: Standing) -> bool:
    draft = standing.talk.draft(signup.NAME)
    if draft is not None and draft.subject is not None:
        return True
    request = await signups.latest_request(connection, standing.person)
    return request is not None


async def erase(
    connection: AsyncConnection, person: int, *, farewell: Sequence[int], desktop: Desktop, now: datetime
) -> None:
    """Forget a person, once that is durable outside the database: the farewell (ids of the outbox) is still delivered.
    JournalUnavailable: it could not be written down, and nothing was done."""
    if desktop.journal is not None:
        mark = erased_mark(person, desktop.seals)
        await desktop.journal.write([Erasure(mark, now, journal_key(desktop.seals))])
    await forget(connection, person, farewell=farewell)


async def forget(connection: AsyncConnection, person: int, *, farewell: Sequence[int] = ()) -> None:
    """Personal values are nulled; addresses, messages, parked updates, consents and codes go."""
    reached_at = await people.addresses_of(connection, person)
    await outbox.erase_messages(connection, reached_at, keep=farewell)
    await inbox.erase_parked(connection, reached_at)
    await signups.forget_signer(connection, person)
    await people.delete_person(connection, person)


def erased_mark(person: int, seals: Seals) -> str:
    """What the erasure journal says of a person."""
    return seals.digest(f"erased person {person}")


def journal_key(seals: Seals) -> str:
    """What the erasure journal says of the key its marks are made with."""
    return seals.digest("the key of the erasure journal")[:8]
