"""Migrations: up, down, up; and the tables in the code are those in the database."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage import duplicates, migrations
from storage.engine import Database
from storage.migrations import HEAD, migrate, revision_of
from storage.tables import associations, metadata, signups


def test_the_newest_revision_is_the_one_the_health_page_waits_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_every_migration_goes_up_and_down_and_up(database: Database) -> None:
    await migrate(database, "base")
    async with database.read() as connection:
        tables = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
        assert tables == ["alembic_version"]
        assert await revision_of(connection) is None
    await migrate(database)
    await migrate(database)
    async with database.read() as connection:
        assert await revision_of(connection) == HEAD


async def test_the_tables_in_the_code_are_those_in_the_database(database: Database) -> None:
    def differences(sync: sa.Connection) -> list[object]:
        context = MigrationContext.configure(sync, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_migration_that_is_cut_off_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(RuntimeError, match="power cut"):
        async with database.write() as connection:
            await connection.execute(sa.text("CREATE TABLE half (id INTEGER)"))
            raise RuntimeError("power cut")
    async with database.read() as connection:
        assert await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()) == []
    await migrate(database)
    await database.close()
    shutil.rmtree(tmp_path)


async def test_references_are_enforced_again_after_a_migration(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    await migrate(database)
    async with database.read() as connection:
        assert await connection.scalar(sa.text("PRAGMA foreign_keys")) == 1
    await database.close()


async def test_applications_from_before_are_compared_once_there_are_duplicates(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    revisions = ScriptDirectory.from_config(config).walk_revisions()
    before = next(each.down_revision for each in revisions if "Pairs that look alike" in each.doc)
    await migrate(database, "base")
    await migrate(database, str(before))
    association = "(1, 'أمل', 'امل', 'Amal@Example.org', :at)"
    applications = "(1, 1, 'pending', 'ar', 'web', :at, :at), (2, NULL, 'draft', 'ar', 'web', :at, NULL)"
    facts = "id, association_id, status, language, channel, created_at, signed_at"
    statements = (
        f"INSERT INTO associations (id, name, name_key, email, created_at) VALUES {association}",
        f"INSERT INTO signups ({facts}) VALUES {applications}",
    )
    moment = sa.bindparam("at", datetime(2026, 11, 23, tzinfo=UTC), type_=signups.c.signed_at.type)
    async with database.write() as connection:
        for statement in statements:
            await connection.execute(sa.text(statement).bindparams(moment))
    await migrate(database)
    async with database.read() as connection:
        assert await connection.scalar(sa.select(associations.c.email_key)) == "amal@example.org"
        assert await connection.scalar(sa.select(signups.c.sent_at == signups.c.signed_at).where(signups.c.id == 1))
        assert await duplicates.to_compare(connection, limit=10) == [1]
