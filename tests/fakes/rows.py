"""Rows for every table there is, made from the tables themselves: a new table is tried without anybody remembering to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import metadata
from storage.tables.base import Moment

_numbers = count(1)
_NASTY = ("فاطمة\u200c العلوي", '"\\\n\r\t{}', "", "\u2066\u202e😀", "ÿ" * 400, "'; --", "null")
_FIRST = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)


async def fill(connection: AsyncConnection, *, rows: int = 7, only: str | None = None) -> None:
    """Add rows to every table, or to one and those it hangs on: texts that are hard to keep, moments to the microsecond,
    large ids, nulls where they may be. What is foreign is a row of this call, what must be unique is."""
    made: dict[str, list[dict[str, Any]]] = {}
    wanted = metadata.sorted_tables if only is None else _with_parents(metadata.tables[only])
    for table in (each for each in metadata.sorted_tables if each in wanted):
        made[table.name] = [_row(table, place, made) for place in range(rows)]
        await connection.execute(table.insert(), made[table.name])


async def rows_of(connection: AsyncConnection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, in the order of their keys."""
    return {
        table.name: [tuple(row) for row in await connection.execute(sa.select(table).order_by(*table.primary_key.columns))]
        for table in metadata.sorted_tables
    }


def _row(table: sa.Table, place: int, made: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {column.name: _value(column, place, made) for column in table.columns}


def _value(column: sa.Column[Any], place: int, made: dict[str, list[dict[str, Any]]]) -> Any:
    if column.foreign_keys:
        (target,) = (key.column for key in column.foreign_keys)
        return made[target.table.name][place][target.name]
    number = next(_numbers)
    if column.nullable and place % 3 == 0:
        return None
    match column.type:
        case sa.Boolean():
            return place % 2 == 0
        case Moment():
            return _FIRST + timedelta(microseconds=number)
        case sa.SmallInteger():
            return place
        case sa.Integer():
            return (number << 40) + 1 if isinstance(column.type, sa.BigInteger) else number
        case sa.String() if column in _unique(column.table):
            return f"{number} {_NASTY[place % len(_NASTY)]}"[: column.type.length or 400]
        case sa.String():
            return _NASTY[place % len(_NASTY)][: column.type.length or 400]
    raise AssertionError(f"no value for {column}")


def _unique(table: sa.FromClause) -> set[sa.Column[Any]]:
    assert isinstance(table, sa.Table)
    kinds = (sa.PrimaryKeyConstraint, sa.UniqueConstraint)
    return {column for constraint in table.constraints if isinstance(constraint, kinds) for column in constraint.columns}


def _with_parents(table: sa.Table) -> set[sa.Table]:
    return {table}.union(*(_with_parents(key.column.table) for key in table.foreign_keys if key.column.table is not table))
