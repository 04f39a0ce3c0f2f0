"""Runs migrations in one transaction each, on both databases: each is there whole, or not at all."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, event, text

from flagkeeper.storage.metadata import metadata
from flagkeeper.storage.migrate import LOCK_SECONDS
from flagkeeper.storage.postgresql import search_path

database = context.config.attributes["database"]
engine = database.engine()

if engine.dialect.name == "sqlite":
    # Python's driver would commit before every CREATE TABLE: transactions are begun here, by hand.
    @event.listens_for(engine, "connect")
    def _by_hand(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

else:
    # Of each transaction, not of the session: a pooler gives every transaction another one. Who waits for a table holds
    # up all who come after it, readers too: better to give up, and to try again.
    @event.listens_for(engine, "begin")
    def _set(connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(LOCK_SECONDS * 1000)}")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        if database.schema:
            wanted = {"path": search_path(database.schema)}
            connection.execute(text("SELECT set_config('search_path', :path, true)"), wanted)


with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transaction_per_migration=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
