"""The table of the call: who applied, with what; as records, and as a sheet in the call's column order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.readers import show_phone_number
from bot.core.text import Value, t
from bot.flows.categories import named
from bot.reports.sheet import Sheet


@dataclass(frozen=True, slots=True)
class CentreRecord:
    """`city_code` is the census code of the commune; None for a place no list knows."""

    name: str
    category: str
    city: str
    city_code: str | None


@dataclass(frozen=True, slots=True)
class SignupRecord:
    """One application; what a draft has not answered yet is None. `phone` is E.164; `city` is the first centre's."""

    reference: str | None
    status: str
    association: str | None
    president: str | None
    phone: str | None
    email: str | None
    city: str | None
    signature: str | None
    language: str
    channel: str
    consent_at: datetime | None
    created_at: datetime
    centres: Sequence[CentreRecord]


STATUSES = {
    "prepared": t("Prepared, waiting for its president"),
    "draft": t("Not finished"),
    "pending": t("Under review"),
    "needs_correction": t("Waiting for information"),
    "approved": t("Accepted"),
    "refused": t("Not accepted"),
    "withdrawn": t("Withdrawn"),
    "merged": t("Joined to another request"),
}

_COLUMNS = (
    t("Managing association"),
    t("Centre"),
    t("Target category"),
    t("President"),
    t("Phone"),
    t("E-mail"),
    t("City"),
    t("Signature"),
    t("Reference"),
    t("Status"),
    t("Date"),
)


def signup_sheet(records: Iterable[SignupRecord], zone: ZoneInfo) -> Sheet:
    """A row a centre, the call's eight columns first; phones as people read them."""
    return Sheet(_COLUMNS, _rows(records, zone))


def _rows(records: Iterable[SignupRecord], zone: ZoneInfo) -> Iterator[Sequence[Value | None]]:
    for record in records:
        for centre in record.centres or (None,):
            yield (
                record.association,
                centre.name if centre else None,
                named(centre.category) if centre else None,
                record.president,
                show_phone_number(record.phone).value.replace("+", "00") if record.phone else None,
                record.email,
                centre.city if centre else record.city,
                record.signature,
                record.reference,
                STATUSES[record.status],
                f"{record.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
            )
