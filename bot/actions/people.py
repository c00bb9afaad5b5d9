"""People: what a conversation needs to know of a person, a code redeemed, a person forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions import claims, contacts
from bot.actions.contacts import Heir
from bot.actions.desktop import Desktop
from bot.actions.job import Job
from bot.core import calendar
from bot.core.engine import show
from bot.core.flow import Answer
from bot.core.known import Known
from bot.core.messages import Content, Typed
from bot.core.readers import show_phone_number
from bot.core.seals import Seals
from bot.core.text import Ltr, Sayable, t
from bot.flows import merges as merge_flows, moves, pairs, signup
from bot.flows.commands import NOTHING_HELD
from bot.flows.standing import Outcome, Request, Standing
from bot.rules.codes import PREPARED, read_code, wait_after
from bot.rules.references import reference
from storage import audit, committee, conversations, deliveries, help_requests, inbox, merges, outbox, people, signups
from storage.conversations import Spoken
from storage.erasures import Erasure


async def held(connection: AsyncConnection, standing: Standing, request: Request | None, known: Known) -> Sequence[Sayable]:
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
    if request is not None:
        lines += await _kept_of_merges(connection, request.id, known)
    for purpose, _, _, given_at, withdrawn_at in await people.consents_of(connection, standing.person):
        agreed = _AGREED[purpose](date=calendar.day(given_at.astimezone(known.zone).date()))
        lines.append(agreed)
        if withdrawn_at is not None:
            lines.append(t("Withdrawn on {date}.")(date=calendar.day(withdrawn_at.astimezone(known.zone).date())))
    for row in await help_requests.requests_of(connection, standing.person):
        on = calendar.day(row.asked_at.astimezone(known.zone).date())
        asked = t("You asked the team on {date}: “{text}”")(date=on, text=row.text) if row.text else None
        called = (
            t("You asked for a call on {date}: {phone}")(date=on, phone=show_phone_number(row.phone)) if row.phone else None
        )
        answered = t("Answer of the team: “{text}”")(text=row.answer) if row.answer else None
        lines.extend(line for line in (asked, called, answered) if line is not None)
    return lines or [NOTHING_HELD]


async def _kept_of_merges(connection: AsyncConnection, signup: int, known: Known) -> list[Sayable]:
    """Former values of the person's own, kept in case a merge is undone."""
    told: list[Sayable] = []
    for merge in await merges.merges_into(connection, signup):
        kept, until = merges.kept_in(merge), merge_flows.until(merge.merged_at, known)
        for key, question in pairs.QUESTIONS.items():
            value = kept.get(merges.COLUMNS[key][0], (None, None))[0]
            if key in merge.taken.split() and value is not None:
                line = t("Kept until {date}, in case a merge is undone: {field_label}: {value}")
                shown = show(question, Answer(value, value), known)
                told.append(line(date=until, field_label=pairs.LABELS[key], value=shown))
    return told


_AGREED = {
    "signup": t("You agreed to the use of your data on {date}."),
    "announcements": t("You agreed to receive announcements on {date}."),
}


def code_in(content: Content, *kinds: str) -> str | None:
    """The code of one of these kinds that a message is, alone or after /start; None when it is none."""
    if not isinstance(content, Typed) or len(content.text) > 40:
        return None
    code = read_code(content.text.strip().removeprefix("/start").removeprefix("@").strip())
    return code if code is not None and code.startswith(kinds) else None


async def redeem(
    connection: AsyncConnection, standing: Standing, spoken: Spoken, known: Known, code: str, *, desktop: Desktop
) -> tuple[Spoken | None, Outcome | None]:
    """Use a code: the person a resume code leads to, now reached at this address too; or what is said instead, for the code
    of a prepared sign-up its first question.

    A wrong code counts; after five in a row the next try waits, twice as long each time.
    """
    talk, now = standing.talk, known.now
    waits = must_wait(standing, known)
    if waits is not None:
        return None, waits
    if await _has_own_signup(connection, standing):
        busy = t("This conversation already has a sign-up of its own. Finish it, or write “Cancel” to give it up first.")
        return None, moves.ask_again(talk, known, (busy,))
    digest, owner = desktop.seals.digest(code), None
    if code.startswith(PREPARED):
        outcome = await claims.claim_by_code(connection, standing, known, digest)
        if outcome is not None:
            return None, outcome
    else:
        owner = await people.use_code(connection, digest, kind="resume", now=now)
    if owner is None:
        return None, wrong_code(standing, known)
    if owner != spoken.person:
        if len(await people.addresses_of(connection, spoken.person)) == 1:  # nobody is left who could hold a place
            await committee.carry_over(connection, leaving=spoken.person, to=owner)
        await people.move_address(connection, spoken.address, to=owner, leaving=spoken.person)
    found = await conversations.load_spoken(connection, spoken.channel, [spoken.external_id], sender=desktop.sender)
    return found[0], None


def must_wait(standing: Standing, known: Known) -> Outcome | None:
    """What is said to somebody whose last codes were wrong too often; None when the next try is free."""
    talk = standing.talk
    if talk.tries_until is None or known.now >= talk.tries_until:
        return None
    wait = t("Too many codes did not work. Try again after {time}, or write “Start” to begin anew.")
    until = talk.tries_until.astimezone(known.zone)
    return moves.ask_again(talk, known, (wait(time=calendar.clock(until)),))


def wrong_code(standing: Standing, known: Known) -> Outcome:
    """Counts the wrong try, and says so."""
    tries = standing.talk.tries + 1
    talk = replace(standing.talk, tries=tries, tries_until=wait_after(tries, known.now))
    wrong = t("This code does not work: it was used, it has expired, or a digit is wrong. Check it and write it again.")
    return moves.ask_again(talk, known, (wrong,))


async def _has_own_signup(connection: AsyncConnection, standing: Standing) -> bool:
    draft = standing.talk.draft(signup.NAME)
    if draft is not None and draft.subject is not None:
        return True
    request = await signups.latest_request(connection, standing.person)
    return request is not None


async def erase(job: Job, spoken: Spoken, *, farewell: Sequence[int]) -> None:
    """Forget a person, once that is durable outside the database: the farewell (ids of the outbox) is still delivered, and
    whoever holds a seat from now on is told. JournalUnavailable: it could not be written down, and nothing was done."""
    if job.desktop.journal is not None:
        mark = erased_mark(spoken.person, job.desktop.seals)
        await job.desktop.journal.write([Erasure(mark, job.now, journal_key(job.desktop.seals))])
    heirs = await forget(job.connection, spoken.person, channel=spoken.channel, now=job.now, farewell=farewell)
    await contacts.tell_heirs(job, heirs)


async def forget(
    connection: AsyncConnection, person: int, *, channel: str, now: datetime, farewell: Sequence[int] = ()
) -> Sequence[Heir]:
    """Personal values are nulled, those that merges keep too; addresses, messages, parked updates, consents and codes go.
    Who holds the person's seats from now on: that is on record."""
    heirs = await contacts.release(connection, person, now=now)
    await audit.add_entries(connection, [heir.entry(channel) for heir in heirs], now=now)
    reached_at = await people.addresses_of(connection, person)
    await outbox.erase_messages(connection, reached_at, keep=farewell)
    await inbox.erase_parked(connection, reached_at)
    await committee.forget_coordinator(connection, person)
    await signups.forget_signer(connection, person)
    await deliveries.erase_deliveries(connection, person)
    await people.delete_person(connection, person)
    return heirs


def erased_mark(person: int, seals: Seals) -> str:
    """What the erasure journal says of a person."""
    return seals.digest(f"erased person {person}")


def journal_key(seals: Seals) -> str:
    """What the erasure journal says of the key its marks are made with."""
    return seals.digest("the key of the erasure journal")[:8]
