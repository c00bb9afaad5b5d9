"""Sign-ups: applications signed, and all of them as records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.bidi import one_line
from bot.core.flow import Answer, How
from bot.core.known import Setup
from bot.core.places import Places
from bot.flows import decisions as decision_flows, signup
from bot.flows.effects import Submit
from bot.flows.standing import Request
from bot.reports.signups import CentreRecord, SignupRecord
from bot.rules.references import reference
from storage import conversations, decisions, merges, signups
from storage.conversations import Spoken
from storage.engine import Database
from storage.tables.base import Row

_MAY_CHANGE = frozenset({"draft", "pending", "needs_correction", "refused"})
_AT_ONCE = 200


async def submit(
    connection: AsyncConnection, signed: Sequence[tuple[Spoken, Submit]], setup: Setup, *, now: datetime
) -> tuple[list[int], dict[int, str]]:
    """Keep what was signed; which sign-ups that were, and what had been decided on some of them. A decision taken meanwhile
    that the person was not told of gives way to what was just signed; an application that was accepted, and told so, is
    not changed by signing again."""
    statuses = await signups.lock_status(connection, [effect.signup for _, effect in signed])
    void: dict[int, str] = {}
    for id_, status in statuses.items():
        if status not in ("draft", "pending") and await decisions.undo_decision(connection, id_, now=now) is not None:
            statuses[id_], void[id_] = "pending", status
    signed = [(spoken, effect) for spoken, effect in signed if statuses.get(effect.signup) in _MAY_CHANGE]
    if not signed:
        return [], void
    signings = [
        signups.Signing(
            signup=effect.signup,
            application=application(effect.answers, setup.places),
            reference=reference(effect.signup),
            language=spoken.language,
            channel=spoken.channel,
        )
        for spoken, effect in signed
    ]
    await signups.submit(connection, signings, now=now)
    return [each.signup for each in signings], void


def application(answers: Mapping[str, Answer], places: Places) -> signups.Application:
    """The answers of a sign-up as what is applied for; of one that is not signed yet, too."""
    city = answers["city"]
    place = places.by_code.get(city.value or "")
    return signups.Application(
        association=answers["association"].value or "",
        centre=answers["centre"].value or "",
        category=answers["category"].value or "",
        category_other=_value(answers, "category_other"),
        president=answers["president"].value or "",
        phone=answers["phone"].value or "",
        phone_verified=answers["phone"].how == "shared",
        email=_value(answers, "email"),
        city=place.name.ar if place else one_line(city.typed or ""),
        city_code=place.code if place else None,
        signature=_value(answers, "signature"),
        signer_role=_value(answers, "signer_role"),
    )


def _value(answers: Mapping[str, Answer], key: str) -> str | None:
    return answers[key].value if key in answers else None


def answers_of(row: Row) -> dict[str, Answer]:
    """What a stored application answers, with its first centre, ready to be shown and changed."""
    answers = {
        "association": Answer(row.association, row.association),
        "centre": Answer(row.centre, row.centre),
        "category": Answer(row.centre_category),
        "president": Answer(row.president, row.president),
        "phone": Answer(row.phone, how="shared" if row.phone_verified else "typed"),
        "email": Answer(row.email),
        "city": Answer(row.city_code, row.city),
    }
    if row.category_other:
        answers["category_other"] = Answer(row.category_other, row.category_other)
    how: How = "on_behalf" if row.signer_role else "typed"
    if row.signature:
        answers["signature"] = Answer(row.signature, row.signature, how)
    if row.signer_role:
        answers["signer_role"] = Answer(row.signer_role, row.signer_role)
    return answers


async def latest_request(connection: AsyncConnection, person: int) -> Request | None:
    """The person's latest application that was sent and not withdrawn. A decision or a merge that the person has not been
    told of yet does not show: it can still be undone."""
    row = await signups.latest_request(connection, person)
    return None if row is None or row.status == "withdrawn" else await _request_from(connection, row)


async def _request_from(connection: AsyncConnection, row: Row) -> Request:
    answers = {"consent": Answer("agree"), **answers_of(row)}
    request = Request(id=row.id, status=row.status, since=row.signed_at, answers=answers)
    if row.status == "merged" and (merge := await merges.merge_of(connection, row.id)) is not None:
        seat = await signups.sent_signup(connection, merge.first_id) if merge.told_at is not None else None
        if seat is not None:
            joined = await _request_from(connection, seat)
            return replace(request, seat=joined.seat or joined)
        request = replace(request, status=merge.second_status)
    if request.status == "pending":
        return request
    decision = await decisions.last_decision(connection, row.id)
    if decision is None or decision.told_at is None:
        return replace(request, status="pending")
    why = decision_flows.why(decision.reason, decision.remark)
    return replace(request, decided_at=decision.decided_at, reason=why, reopens=decision.reopens)


async def export_records(database: Database, setup: Setup) -> list[SignupRecord]:
    """Every sign-up, oldest first, drafts with what they have answered so far."""
    return [record async for records in record_batches(database, setup, None) for record in records]


async def record_batches(
    database: Database, setup: Setup, categories: frozenset[str] | None
) -> AsyncIterator[list[SignupRecord]]:
    """The sign-ups of these categories (storage.scope; None: all), oldest first, some hundreds at a time."""
    rows: list[Row] = []
    async with database.read() as connection:
        async for some in signups.export_rows(connection, categories, at_once=_AT_ONCE):
            rows += some
            last = [row for row in rows if row.id == rows[-1].id]  # its other centres may still come
            if len(last) < len(rows):
                yield _records(rows[: -len(last)], setup.places)
            rows = last
    if rows:
        yield _records(rows, setup.places)


def _records(rows: Sequence[Row], places: Places) -> list[SignupRecord]:
    return [_record(list(of_one), places) for _, of_one in groupby(rows, key=lambda row: row.id)]


def _record(rows: Sequence[Row], places: Places) -> SignupRecord:
    first = rows[0]
    if first.status == "draft":
        return _draft_record(rows, places)
    counted = rows if first.status != "merged" else ()  # its centres are the other one's, or are listed there too
    centres = [CentreRecord(r.centre, r.centre_category, r.city, r.city_code) for r in counted if r.centre is not None]
    return SignupRecord(
        reference=first.reference,
        status=first.status,
        association=first.association,
        president=first.president,
        phone=first.phone,
        email=first.email,
        city=centres[0].city if centres else None,
        signature=first.signature,
        language=first.language,
        channel=first.channel,
        consent_at=first.consent_at,
        created_at=first.created_at,
        centres=centres,
    )


def _draft_record(rows: Sequence[Row], places: Places) -> SignupRecord:
    """The first centre as the conversation has it; further ones were gathered by others."""
    row, *further = rows
    state = conversations.decode_talk(row.talk).draft(signup.NAME) if row.talk else None
    answers = state.answers if state else {}
    place = places.by_code.get(_value(answers, "city") or "")
    typed_city = one_line(answers["city"].typed or "") if "city" in answers else None
    city = place.name.ar if place else typed_city
    name, category = _value(answers, "centre"), _value(answers, "category")
    centres = [CentreRecord(name, category or "", city or "", place.code if place else None)] if name else []
    centres += [CentreRecord(r.centre, r.category, r.city, r.city_code) for r in further]
    return SignupRecord(
        reference=None,
        status="draft",
        association=_value(answers, "association"),
        president=_value(answers, "president"),
        phone=_value(answers, "phone"),
        email=_value(answers, "email"),
        city=city,
        signature=None,
        language=row.language,
        channel=row.channel,
        consent_at=row.consent_at,
        created_at=row.created_at,
        centres=centres,
    )
