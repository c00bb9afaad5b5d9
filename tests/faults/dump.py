"""A whole database as values that two runs of the same story can be compared by: ids, seals and codes, which are made anew
each time, stand as what they belong to."""

from __future__ import annotations

import json
import re
from typing import Any

import sqlalchemy as sa

from bot.rules.references import reference
from storage.tables import addresses, associations, metadata, people, signups
from tests.conftest import Running

_MADE_ANEW = {"update_id", "digest"}
_IN_ITS_OWN_TIME = {"heartbeats", "pairs"}
"""Heartbeats say when and not what; what looks alike is found by a tick, whenever its turn comes."""
_CODES = re.compile(r"[Rr]\d{5}-?\d{5}|\d{4}-\d{4}")


async def dump(running: Running) -> dict[str, list[Any]]:
    """Every table's rows, by its name, but for what a tick does in its own time."""
    names = await _names(running)
    whole = {}
    for table in metadata.sorted_tables:
        if table.name not in _IN_ITS_OWN_TIME:
            rows = await running.rows(sa.select(table))
            told = [_row(table, row._asdict(), names) for row in rows]
            whole[table.name] = sorted(told, key=lambda row: json.dumps(row, sort_keys=True, default=str))
    return whole


async def _names(running: Running) -> dict[tuple[str, int], str]:
    """What each row's id stands for, by its table and the id."""
    names: dict[tuple[str, int], str] = {}
    for row in await running.rows(sa.select(addresses).order_by(addresses.c.external_id)):
        names[people.name, row.person_id] = names.get((people.name, row.person_id), f"person at {row.external_id}")
        names[addresses.name, row.id] = row.external_id
    for row in await running.rows(sa.select(signups).order_by(signups.c.id)):
        names[signups.name, row.id] = f"sign-up of {names.get((people.name, row.person_id))}"
        if row.association_id is not None:
            names[associations.name, row.association_id] = f"association of {names[signups.name, row.id]}"
        assert row.reference in (None, reference(row.id))
    return names


def _row(table: sa.Table, row: dict[str, Any], names: dict[tuple[str, int], str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in row.items():
        points = [key.column.table.name for key in table.c[name].foreign_keys]
        if points or name == "id":
            told[name] = names.get((points[0] if points else table.name, value), value if value is None else "made anew")
        elif name == "reference":
            told[name] = value is not None
        elif name == "talk":
            told[name] = _talk(json.loads(value), names)
        elif name == "message":
            told[name] = _message(json.loads(value))
        elif name not in _MADE_ANEW and name != "compared_at":
            told[name] = value
    return told


def _talk(talk: dict[str, Any], names: dict[tuple[str, int], str]) -> dict[str, Any]:
    for state in talk["stack"]:
        state["subject"] = names.get((signups.name, state["subject"]))
    return talk


def _message(message: dict[str, Any]) -> tuple[Any, ...]:
    labels = [label for label, _ in message["buttons"]]
    heard = message["heard"].rpartition(":")[0] if ":" in (message["heard"] or "") else message["heard"]
    return without_codes(message["text"]), labels, heard


def without_codes(text: str) -> str:
    """A told sentence without the references and codes in it."""
    return _CODES.sub("…", text)


def differences(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> dict[str, tuple[list[Any], list[Any]]]:
    """By table, the rows that only the one has, and those that only the other has."""
    told = {}
    for name in one.keys() | other.keys():
        mine, theirs = one.get(name, []), other.get(name, [])
        only = [row for row in mine if row not in theirs], [row for row in theirs if row not in mine]
        if mine != theirs:
            told[name] = only
    return told
