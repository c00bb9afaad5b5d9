"""The table of members as a file that a message carries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.messages import Order
from bot.core.text import Speech
from bot.reports.sheet import Sheet
from bot.reports.signups import SignupRecord, signup_sheet

MEMBERS_TABLE = "members-table"
"""The kind of order: the table of the call with every application that its reader may see."""
KEPT = timedelta(days=1)
"""It holds names and numbers, and a page keeps its messages: after a day it must be asked for again."""


def members_table(categories: frozenset[str] | None, speech: Speech, *, now: datetime) -> Order:
    """`categories` is what the reader may see, None: all; `now` in the reader's zone names the file."""
    return Order(
        kind=MEMBERS_TABLE,
        name=f"nidaa-{now:%Y-%m-%d}.csv",
        media_type="text/csv; charset=utf-8",
        language=speech.language,
        parameters={"categories": None if categories is None else sorted(categories)},
        until=now + KEPT,
    )


def categories_of(order: Order) -> frozenset[str] | None:
    categories = order.parameters["categories"]
    return None if categories is None else frozenset(categories)


def members_sheet(records: Iterable[SignupRecord], zone: ZoneInfo) -> Sheet:
    """The table of the call, without those who withdrew: they asked to be on no list."""
    return signup_sheet((record for record in records if record.status != "withdrawn"), zone)
