"""Two PostgreSQL clusters with streaming replication, the second of which takes over."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

from tests.postgres_server import FAST, PostgresServer


class Clusters(NamedTuple):
    primary: PostgresServer
    standby: PostgresServer

    @property
    def hosts(self) -> str:
        """An address that names both."""
        return f"postgresql://postgres@127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}/postgres"

    def promote(self) -> None:
        with psycopg.connect(self.standby.url, autocommit=True) as admin:
            assert admin.execute("SELECT pg_promote()").fetchone() == (True,)

    def agree(self) -> bool:
        """Whether the standby has all that the primary has written."""
        with psycopg.connect(self.primary.url) as here, psycopg.connect(self.standby.url) as there:
            written = here.execute("SELECT pg_current_wal_lsn()::TEXT").fetchone()
            assert written is not None
            replayed = there.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written).fetchone()
        return replayed == (True,)


@contextmanager
def two_clusters() -> Iterator[Clusters]:
    folder = Path(tempfile.mkdtemp(prefix="flagkeeper-clusters-"))
    folder.chmod(0o755)
    settings = {**FAST, "wal_level": "replica", "max_wal_senders": "4"}
    primary = PostgresServer(folder / "primary", settings)
    try:
        standby = primary.standby(folder / "standby", settings)
        try:
            yield Clusters(primary, standby)
        finally:
            standby.stop()
    finally:
        if primary.running():
            primary.stop()
        shutil.rmtree(folder, ignore_errors=True)
