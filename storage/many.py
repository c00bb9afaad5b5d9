"""Many rows in one statement, the way each engine likes it: arrays on PostgreSQL, one run a row on SQLite.

A statement a row costs PostgreSQL, and the driver, more than the row itself; SQLite runs in our own process and has no
such cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

Columns = Mapping[str, sa.ColumnElement[Any]]
Row = Mapping[str, Any]


class Many:
    """A statement over rows that have these named values.

    `make` is given an expression for each value and builds the statement once an engine; an INSERT takes its rows from
    `sa.select` of those expressions.
    """

    def __init__(self, types: Mapping[str, sa.types.TypeEngine[Any]], make: Callable[[Columns], sa.Executable]) -> None:
        self._names = tuple(types)
        self._a_row = make({name: sa.bindparam(f"row_{name}", type_=type_) for name, type_ in types.items()})
        self._all_rows = make(dict(given_rows(types).c.items()))

    async def run(self, connection: AsyncConnection, rows: Sequence[Row]) -> None:
        if connection.dialect.name == "postgresql":
            await connection.execute(self._all_rows, as_arrays(rows, self._names))
        else:
            await connection.execute(self._a_row, [{f"row_{name}": row[name] for name in self._names} for row in rows])


def given_rows(types: Mapping[str, sa.types.TypeEngine[Any]]) -> sa.TableValuedAlias:
    """For PostgreSQL: rows handed over as one array a column, to select from; `as_arrays` makes the parameters."""
    types = {name: sa.Text() if isinstance(type_, sa.String) else type_ for name, type_ in types.items()}  # a cast would cut
    arrays = [sa.bindparam(f"row_{name}", type_=ARRAY(type_)) for name, type_ in types.items()]
    given = sa.func.unnest(*arrays).table_valued(*(sa.column(name, type_) for name, type_ in types.items()), name="given")
    return given.render_derived()


def as_arrays(rows: Sequence[Row], names: Sequence[str]) -> dict[str, list[Any]]:
    return {f"row_{name}": [row[name] for row in rows] for name in names}
