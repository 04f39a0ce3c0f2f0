"""Runs migrations in one transaction each, on both databases."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from flagkeeper.storage.metadata import metadata

engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
