"""Applications: drafts, what was signed, and the rows of the export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.folding import fold
from storage.ids import new_id
from storage.scope import application_in_scope
from storage.tables import associations, centres, consents, conversations, signups
from storage.tables.base import Row


@dataclass(frozen=True, slots=True)
class Application:
    """What a president signs: phone in E.164, `city_code` None for a place no list knows, `signature` None before it is
    given."""

    association: str
    centre: str
    category: str
    category_other: str | None
    president: str
    phone: str
    phone_verified: bool
    email: str | None
    city: str
    city_code: str | None
    signature: str | None
    signer_role: str | None


@dataclass(frozen=True, slots=True)
class Signing:
    """An application signed: which sign-up, by whom it was told to us, its reference."""

    signup: int
    application: Application
    reference: str
    language: str
    channel: str


async def open_drafts(
    connection: AsyncConnection, openers: Sequence[tuple[int, str, str]], *, now: datetime
) -> dict[int, int]:
    """New drafts for (person, language, channel) each; the draft's id by person. One that has a draft: IntegrityError."""
    names = ("person_id", "language", "channel")
    rows = [{"status": "draft", "created_at": now, **dict(zip(names, each, strict=True))} for each in openers]
    made = await connection.execute(_OPEN, rows)
    return {row.person_id: row.id for row in made}


_OPEN = signups.insert().returning(signups.c.id, signups.c.person_id)
_DROP = signups.delete().where(signups.c.id == sa.bindparam("signup"), signups.c.status == "draft")
_DROP_GATHERED = associations.delete().where(
    associations.c.id.in_(
        sa.select(signups.c.association_id).where(signups.c.id == sa.bindparam("signup"), signups.c.status == "draft")
    )
)
_SIGN = (
    signups.update()
    .where(signups.c.id == sa.bindparam("signup"))
    .values(
        association_id=sa.bindparam("association"),
        status="pending",
        reference=sa.bindparam("said"),
        language=sa.bindparam("in_language"),
        channel=sa.bindparam("on_channel"),
        category=sa.bindparam("for_category"),
        signature=sa.bindparam("signed"),
        signer_role=sa.bindparam("as_role"),
        signed_at=sa.func.coalesce(signups.c.signed_at, sa.bindparam("at", type_=signups.c.signed_at.type)),
        sent_at=sa.bindparam("at", type_=signups.c.sent_at.type),
        compared_at=None,
    )
)


async def drop_drafts(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Delete sign-ups that are still drafts, with what others had gathered for them; anything else stays."""
    rows = [{"signup": signup} for signup in ids]
    if rows:
        await connection.execute(_DROP_GATHERED, rows)
        await connection.execute(_DROP, rows)


async def drop_drafts_of(connection: AsyncConnection, person: int) -> None:
    drafts = sa.select(signups.c.id).where(signups.c.person_id == person, signups.c.status == "draft")
    await drop_drafts(connection, (await connection.execute(drafts)).scalars().all())


async def submit(connection: AsyncConnection, signings: Sequence[Signing], *, now: datetime) -> None:
    """Keep what was signed. Signed again (a change before the decision), it replaces what was sent; the reference and
    the day of the first signature stay."""
    query = sa.select(signups.c.id, signups.c.association_id).where(
        signups.c.id.in_([each.signup for each in signings]), signups.c.association_id.is_not(None)
    )
    known = {row.id: row.association_id for row in await connection.execute(query)}
    for signing in signings:
        if signing.signup in known:
            await _change_association(connection, known[signing.signup], signing.application)
    new = {each.signup: new_id() for each in signings if each.signup not in known}
    if new:
        await _add_associations(connection, [(new[s.signup], s.application) for s in signings if s.signup in new], now=now)
    rows = [
        {
            "signup": each.signup,
            "association": {**known, **new}[each.signup],
            "said": each.reference,
            "in_language": each.language,
            "on_channel": each.channel,
            "for_category": each.application.category,
            "signed": each.application.signature,
            "as_role": each.application.signer_role,
            "at": now,
        }
        for each in signings
    ]
    await connection.execute(_SIGN, rows)


async def _add_associations(connection: AsyncConnection, made: Sequence[tuple[int, Application]], *, now: datetime) -> None:
    """(id, application) each; several of one id are centres of the association that the first of them describes."""
    described = dict(reversed(made))
    await connection.execute(
        associations.insert(),
        [{"id": id_, "created_at": now, **_of_association(each)} for id_, each in reversed(described.items())],
    )
    await connection.execute(
        centres.insert(),
        [{"id": new_id(), "association_id": id_, "created_at": now, **_of_centre(each)} for id_, each in made],
    )


async def _change_association(connection: AsyncConnection, association: int, application: Application) -> None:
    await connection.execute(
        associations.update().where(associations.c.id == association).values(_of_association(application))
    )
    first = sa.select(sa.func.min(centres.c.id)).where(centres.c.association_id == association).scalar_subquery()
    await connection.execute(centres.update().where(centres.c.id == first).values(_of_centre(application)))


def _of_association(application: Application) -> dict[str, Any]:
    return {
        "name": application.association,
        "name_key": fold(application.association)[:300],
        "president": application.president,
        "phone": application.phone,
        "phone_verified": application.phone_verified,
        "email": application.email,
        "email_key": email_key(application.email),
    }


def email_key(email: str | None) -> str | None:
    """What e-mails are compared by."""
    return email.lower() if email else None


def _of_centre(application: Application) -> dict[str, Any]:
    return {
        "name": application.centre,
        "category": application.category,
        "category_other": application.category_other,
        "city": application.city,
        "city_code": application.city_code,
    }


async def add_prepared(
    connection: AsyncConnection,
    gathered: Sequence[tuple[Sequence[Application], str | None]],
    *,
    source: str,
    language: str,
    import_id: int | None,
    now: datetime,
) -> None:
    """Sign-ups that others prepared: (one application a centre, digest of the code that claims it) each."""
    made = [(new_id(), applications, digest) for applications, digest in gathered]
    await _add_associations(connection, [(id_, each) for id_, applications, _ in made for each in applications], now=now)
    rows = [
        {
            "association_id": id_,
            "status": "prepared",
            "language": language,
            "channel": source,
            "created_at": now,
            "source": source,
            "import_id": import_id,
            "claim_digest": digest,
        }
        for id_, _, digest in made
    ]
    await connection.execute(signups.insert(), rows)


async def latest_request(connection: AsyncConnection, person: int) -> Row | None:
    """The person's latest sign-up that was sent, with its association and first centre; None when there is none."""
    query = (
        with_association()
        .where(signups.c.person_id == person, signups.c.status != "draft")
        .order_by(signups.c.id.desc(), centres.c.id)
        .limit(1)
    )
    found: Row | None = (await connection.execute(query)).one_or_none()
    return found


async def sent_signup(connection: AsyncConnection, signup: int) -> Row | None:
    """A sign-up that was sent, with its association and first centre; None when there is none."""
    query = with_association().where(signups.c.id == signup, signups.c.status != "draft").order_by(centres.c.id).limit(1)
    found: Row | None = (await connection.execute(query)).one_or_none()
    return found


async def sent_by(connection: AsyncConnection, person: int) -> Sequence[int]:
    """The person's sign-ups that were sent."""
    query = sa.select(signups.c.id).where(signups.c.person_id == person, signups.c.status != "draft").order_by(signups.c.id)
    return (await connection.execute(query)).scalars().all()


async def sent_with_centres(connection: AsyncConnection, ids: Sequence[int]) -> Sequence[Row]:
    """Sign-ups that were sent, each with its association, a row a centre (`centre_id`), the first centre first."""
    query = (
        with_association()
        .add_columns(centres.c.id.label("centre_id"))
        .where(signups.c.id.in_(ids), signups.c.status != "draft")
        .order_by(signups.c.id, centres.c.id)
    )
    return (await connection.execute(query)).all()


async def lock_status(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, str]:
    """The statuses of these sign-ups, held until the transaction ends."""
    query = sa.select(signups.c.id, signups.c.status).where(signups.c.id.in_(ids)).order_by(signups.c.id).with_for_update()
    return {row.id: row.status for row in await connection.execute(query)}


def with_association() -> sa.Select[Any]:
    """Sign-ups with their association and centres, a row a centre; both may be missing."""
    return sa.select(
        signups,
        associations.c.name.label("association"),
        associations.c.name_key,
        associations.c.president,
        associations.c.phone,
        associations.c.phone_verified,
        associations.c.email,
        associations.c.email_key,
        centres.c.name.label("centre"),
        centres.c.category.label("centre_category"),
        centres.c.category_other,
        centres.c.city,
        centres.c.city_code,
    ).select_from(signups.outerjoin(associations).outerjoin(centres))


async def export_rows(
    connection: AsyncConnection, categories: frozenset[str] | None, *, at_once: int
) -> AsyncIterator[Sequence[Row]]:
    """The sign-ups of these categories (storage.scope; None: all), oldest first, so many rows at a time: a row a centre; a
    draft's row has its conversation in `talk` instead."""
    agreed = (
        sa.select(sa.func.min(consents.c.given_at))
        .where(consents.c.person_id == signups.c.person_id, consents.c.purpose == "signup")
        .scalar_subquery()
    )
    query = (
        with_association()
        .add_columns(conversations.c.talk, agreed.label("consent_at"))
        .outerjoin(
            conversations,
            sa.and_(conversations.c.person_id == signups.c.person_id, signups.c.status == "draft"),
        )
        .order_by(signups.c.id, centres.c.id)
    )
    if categories is not None:
        query = query.where(application_in_scope(categories, engine=connection.dialect.name))
    async with connection.stream(query, execution_options={"yield_per": at_once}) as rows:
        async for some in rows.partitions():
            yield some


async def forget_signer(connection: AsyncConnection, person: int) -> None:
    """Withdraw the person's sign-ups and null what is personal in them; drafts go. The bodies' own names stay."""
    await drop_drafts_of(connection, person)
    theirs = sa.select(signups.c.association_id).where(signups.c.person_id == person)
    await connection.execute(
        associations.update()
        .where(associations.c.id.in_(theirs))
        .values(president=None, phone=None, phone_verified=False, email=None, email_key=None)
    )
    await connection.execute(
        signups.update()
        .where(signups.c.person_id == person)
        .values(status="withdrawn", signature=None, signer_role=None, person_id=None)
    )
