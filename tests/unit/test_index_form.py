"""Tables of the index are made by whoever needs them, and found by their form: what changes them needs another one."""

from hashlib import sha256

from sqlalchemy import create_mock_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from flagkeeper.eventlog.index.tables import FORM, index_metadata

KNOWN = {5: "5231b89b93c0365c"}
"""By form, what its tables are."""


def test_other_tables_have_another_form() -> None:
    told = []
    for url in ("sqlite://", "postgresql+psycopg://"):
        dialect = create_mock_engine(url, lambda *_: None).dialect
        for table in sorted(index_metadata.tables.values(), key=lambda each: each.name):
            told.append(str(CreateTable(table).compile(dialect=dialect)))
            told += sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    assert {FORM: sha256("".join(told).encode()).hexdigest()[:16]} == KNOWN, "count FORM up, and note it here"
