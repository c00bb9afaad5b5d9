"""Claims: a prepared sign-up found by its code or by the number it waits for, and made its president's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.signups import answers_of
from bot.core.flow import Answer
from bot.core.known import Known
from bot.flows import moves, signup
from bot.flows.claims import WELCOME, Claimed, Offered
from bot.flows.standing import Outcome, Standing
from bot.rules.imports import PREPARED_LASTS
from storage.claims import Claim, claim_prepared, prepared_for


async def claim_by_code(connection: AsyncConnection, standing: Standing, known: Known, digest: str) -> Outcome | None:
    """The person goes on with the sign-up this code is for, consent first; None when no sign-up waits for the code.

    Whoever has a sign-up must not get here: it would be replaced.
    """
    claimed = await _claim(connection, standing, known, Claim(digest=digest))
    if claimed is None:
        return None
    hello = WELCOME(association=claimed.answers["association"].value or "")
    notes = (signup.banner(known), hello, claimed.about_further())
    return moves.opened(
        replace(standing.talk, stack=(), tries=0, tries_until=None),
        known,
        signup.NAME,
        notes=tuple(note for note in notes if note is not None),
        answers=claimed.answers,
        subject=claimed.id,
    )


async def load(
    connection: AsyncConnection, standing: Standing, known: Known, *, number: str | None, claim: tuple[int, str] | None
) -> Mapping[str, Any]:
    """`offered`: the one sign-up prepared for this number. `claimed`: the one said to be the person's, which it is from now
    on, in place of the person's own draft; None when somebody else was first."""
    if claim is not None:
        signup_id, phone = claim
        return {"claimed": await _claim(connection, standing, known, Claim(signup=signup_id, phone=phone))}
    found = await prepared_for(connection, standing.person, number or "", since=known.now - PREPARED_LASTS)
    return {"offered": Offered(found.id, found.association) if found else None}


async def _claim(connection: AsyncConnection, standing: Standing, known: Known, which: Claim) -> Claimed | None:
    rows = await claim_prepared(
        connection,
        which,
        person=standing.person,
        language=standing.language,
        channel=standing.channel,
        since=known.now - PREPARED_LASTS,
    )
    if not rows:
        return None
    return Claimed(rows[0].id, _left_open(answers_of(rows[0]), known), tuple(row.centre for row in rows[1:]))


def _left_open(answers: Mapping[str, Answer], known: Known) -> Mapping[str, Answer]:
    """An e-mail that was not gathered is asked where it is required, else taken as skipped."""
    if known.email_required and answers["email"].value is None:
        return {key: answer for key, answer in answers.items() if key != "email"}
    return answers
