"""Bringing a database to the present schema. Each release runs on the schema before it and after it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database

HEAD = "0006"
"""The newest revision; a test holds it against the files."""


async def migrate(database: Database, revision: str = "head") -> None:
    """Apply what is missing, each revision in its own transaction; `base` undoes everything. Safe to run again."""
    from alembic import command  # noqa: PLC0415 -- slow to import, and only the migration needs it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))

    def run(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        move = command.downgrade if revision == "base" else command.upgrade
        move(config, revision)

    async with database.reshape() as connection:
        await connection.run_sync(run)


async def revision_of(connection: AsyncConnection) -> str | None:
    """The schema's revision; None for an empty database."""
    has_table = await connection.run_sync(lambda sync: sa.inspect(sync).has_table("alembic_version"))
    if not has_table:
        return None
    found: str | None = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found
