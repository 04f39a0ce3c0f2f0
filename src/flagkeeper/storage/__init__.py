"""Databases: statements written by SQLAlchemy and run on the raw driver, one writer, many readers, migrations."""
