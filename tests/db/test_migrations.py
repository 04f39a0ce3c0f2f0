"""Migrations add up to the tables that the code declares, on both databases."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from flagkeeper.schema import metadata
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.migrate import current_revision, migrate, newest_revision
from tests.databases import Run, fresh_postgresql


def test_the_migrated_schema_is_the_declared_one(database_url: str) -> None:
    engine = create_engine(parse_database_url(database_url).sqlalchemy_url())
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
        found = set(inspect(connection).get_table_names())
    engine.dispose()

    assert differences == []
    assert found == {*metadata.tables, "alembic_version"}


def test_indexes_and_keys_are_the_declared_ones(database_url: str) -> None:
    """Alembic does not compare primary keys, nor what is deleted with what."""
    engine = create_engine(parse_database_url(database_url).sqlalchemy_url())
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
    engine.dispose()


def test_a_second_migration_does_nothing(database_url: str) -> None:
    database = parse_database_url(database_url)
    assert current_revision(database) == newest_revision()
    assert migrate(database) is False


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_of_several_that_start_at_once_one_migrates(kind: str, run: Run, tmp_path: Path) -> None:
    def empty(url: str) -> None:
        """Leaves the database as it is: not migrated."""

    if kind == "sqlite":
        assert migrations_done(f"sqlite:///{tmp_path}/new.db") == 1
    else:
        with fresh_postgresql(run, empty) as url:
            assert migrations_done(url) == 1


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
