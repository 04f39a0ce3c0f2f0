"""Migrations add up to the tables that the code declares, on both databases."""

import shutil
import threading
import time
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from flagkeeper.kernel.errors import Unavailable
from flagkeeper.schema import metadata
from flagkeeper.storage import migrate as migrate_module
from flagkeeper.storage.database import Database, parse_database_url
from flagkeeper.storage.migrate import MIGRATIONS, current_revision, demand_migrated, migrate, newest_revision
from tests.databases import Run, fresh_postgresql


def test_the_migrated_schema_is_the_declared_one(database_url: str) -> None:
    engine = parse_database_url(database_url).engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
        found = set(inspect(connection).get_table_names())
    engine.dispose()

    assert differences == []
    assert found == {*metadata.tables, "alembic_version"}


def test_indexes_and_keys_are_the_declared_ones(database_url: str) -> None:
    """Alembic does not compare primary keys, nor what is deleted with what, nor who gives out numbers."""
    engine = parse_database_url(database_url).engine()
    inspector = inspect(engine)
    for table in metadata.tables.values():
        keys = inspector.get_pk_constraint(table.name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key.columns], table.name
        found = {
            (*key["constrained_columns"], key["referred_table"], key["options"].get("ondelete"))
            for key in inspector.get_foreign_keys(table.name)
        }
        declared = {(*key.column_keys, key.referred_table.name, key.ondelete) for key in table.foreign_key_constraints}
        assert found == declared, table.name
        if engine.dialect.name == "postgresql":
            numbered = {column["name"] for column in inspector.get_columns(table.name) if column["autoincrement"]}
            assert numbered == {column.name for column in table.columns if column is table.autoincrement_column}
    engine.dispose()


def test_a_second_migration_does_nothing(database_url: str) -> None:
    database = parse_database_url(database_url)
    assert current_revision(database) == newest_revision()
    assert migrate(database) is False


def test_a_database_that_does_not_say_its_revision_was_never_migrated(database_url: str) -> None:
    """Alembic leaves its own table when all that it did is undone."""
    database = parse_database_url(database_url)
    demand_migrated(database)
    engine = database.engine()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    engine.dispose()
    assert current_revision(database) is None
    with pytest.raises(Unavailable, match="has the schema of an empty database"):
        demand_migrated(database)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_of_several_that_start_at_once_one_migrates(kind: str, run: Run, tmp_path: Path) -> None:
    def empty(url: str) -> None:
        """Leaves the database as it is: not migrated."""

    if kind == "sqlite":
        assert migrations_done(f"sqlite:///{tmp_path}/new.db") == 1
    else:
        with fresh_postgresql(run, empty) as url:
            assert migrations_done(url) == 1


def test_a_migration_that_fails_midway_leaves_nothing(database_url: str, tmp_path: Path) -> None:
    migrations = more_migrations(
        tmp_path,
        'op.create_table("half_way", sa.Column("id", sa.Integer(), primary_key=True))',
        'raise RuntimeError("on purpose")',
    )
    database = parse_database_url(database_url)

    with pytest.raises(Exception, match="on purpose"):
        upgrade(migrations, database)

    engine = database.engine()
    assert "half_way" not in inspect(engine).get_table_names()
    engine.dispose()
    assert current_revision(database) == newest_revision()


@pytest.mark.postgres
def test_a_migration_waits_for_a_table_in_use_and_holds_nobody_up_for_long(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = parse_database_url(postgresql_url)
    migrations = more_migrations(tmp_path, 'op.add_column("leases", sa.Column("more", sa.Text()))')
    monkeypatch.setattr(migrate_module, "MIGRATIONS", migrations)
    monkeypatch.setattr(migrate_module, "LOCK_SECONDS", 0.2)
    newest_revision.cache_clear()
    waits: list[str] = []
    with psycopg.connect(postgresql_url) as other:
        other.execute("SELECT * FROM leases")

        def let_go(seconds: float) -> None:
            waits.append("waited")
            other.rollback()

        monkeypatch.setattr(time, "sleep", let_go)
        assert migrate(database) is True

    assert waits, "it gave up once, and tried again"
    assert current_revision(database) == newest_revision() == "9999"
    newest_revision.cache_clear()


def test_an_older_version_runs_on_a_schema_that_supports_it_and_on_no_other(database_url: str) -> None:
    database = parse_database_url(database_url)
    execute(database, "UPDATE alembic_version SET version_num = '9999'")
    assert migrate(database) is False

    execute(database, "UPDATE schema_support SET oldest = '9998'")
    with pytest.raises(Unavailable, match="schema 9999 of a newer version") as refused:
        migrate(database)
    assert "9998" in refused.value.message


def execute(database: Database, statement: str) -> None:
    engine = database.engine()
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def upgrade(migrations: Path, database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["database"] = database
    command.upgrade(config, "head")


def more_migrations(folder: Path, *upgrade: str) -> Path:
    """All migrations that there are, and one more that does this."""
    migrations = folder / "migrations"
    shutil.copytree(MIGRATIONS, migrations)
    lines = [
        "import sqlalchemy as sa",
        "from alembic import op",
        'revision = "9999"',
        f'down_revision = "{newest_revision()}"',
        "def upgrade():",
        *(f"    {each}" for each in upgrade),
    ]
    (migrations / "versions/9999_more.py").write_text("\n".join(lines))
    return migrations


def migrations_done(url: str) -> int:
    """How many of five threads that migrate at the same time found something to do."""
    database = parse_database_url(url)
    done: list[bool] = []
    threads = [threading.Thread(target=lambda: done.append(migrate(database))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 5
    return sum(done)
