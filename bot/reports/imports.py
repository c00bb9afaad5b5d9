"""What an import leaves in the operator's hands: the codes to print or tell, and the rows to correct."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.readers import show_phone_number
from bot.core.text import Joined, Ltr, Sayable, Text, t
from bot.flows.imports import RowRefused
from bot.flows.signup import SIGNUP
from bot.reports.sheet import Sheet
from bot.rules.imports import FIELDS, Columns, Line


@dataclass(frozen=True, slots=True)
class Printed:
    """A code, once, with whom it is for; `phone` is E.164."""

    association: str
    president: str
    phone: str
    code: str


def codes_sheet(printed: Iterable[Printed]) -> Sheet:
    columns = (t("Managing association"), t("President"), t("Phone"), t("Code"))
    rows = (
        (each.association, each.president, show_phone_number(each.phone).value.replace("+", "00"), Ltr(each.code))
        for each in printed
    )
    return Sheet(columns, rows)


def refused_sheet(refused: Sequence[RowRefused], lines: Mapping[int, Line], columns: Columns) -> Sheet:
    """The rows as they stand in the file, the reason after them; corrected, they can be loaded again."""
    header = columns.header
    names = [_as_it_is(cell) for cell in header.cells] if header else [field_label(name) for name in FIELDS]
    width = max([len(names), *(len(lines[each.row].cells) for each in refused)])
    names += [_as_it_is("")] * (width - len(names))
    rows = ((*lines[each.row].cells, *[None] * (width - len(lines[each.row].cells)), _reasons(each)) for each in refused)
    return Sheet((*names, t("Reason")), rows)


def _as_it_is(cell: str) -> Text:
    return Text("{cell}")(cell=cell)


def field_label(key: str) -> Text:
    """What an answer of the sign-up is called."""
    question = SIGNUP.question(key)
    if question is None or question.label is None:
        raise LookupError(f"the sign-up has no answer named {key}")
    return question.label


def _reasons(refused: RowRefused) -> Sayable:
    """All that is wrong with a row, an answer after the other."""
    of_one = t("{field_label}: {why}")
    return Joined(tuple(of_one(field_label=each.label or "", why=why) for each, why in refused.why), " ")
