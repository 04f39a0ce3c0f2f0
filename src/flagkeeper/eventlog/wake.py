"""Wakes this process when another one has written to the log: NOTIFY on PostgreSQL, the file's version on SQLite.

Both only ring the bell. Behind them stands a poll once a second, which also is what works through a connection pooler
that swallows notifications.
"""

import threading
import time

import psycopg
import structlog

from flagkeeper.eventlog.bell import CHANNEL, Bell
from flagkeeper.eventlog.read import epoch
from flagkeeper.storage.connection import SqliteConnection
from flagkeeper.storage.database import Database
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.reader import Reader

log = structlog.get_logger("flagkeeper.wake")

POLL = 1.0
"""Seconds after which the log's head is read even if nobody rang."""
LOOK = 0.1
"""Seconds between looks at the version of a SQLite file (one pragma, a few microseconds), and the longest wait for a
notification of PostgreSQL, so that the thread ends soon when it is told to."""


class Watch:
    """A thread that rings `bell` for what other processes commit."""

    def __init__(self, database: Database, reader: Reader, bell: Bell) -> None:
        self._database = database
        self._reader = reader
        self._bell = bell
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flagkeeper-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        watch = self._watch_sqlite if self._database.dialect is Dialect.SQLITE else self._watch_postgresql
        while not self._stopping.is_set():
            try:
                watch()
            except Exception as error:
                log.warning("watch_interrupted", error=str(error), database=self._database.shown())
                self._stopping.wait(POLL)

    def _look(self) -> None:
        self._bell.ring(self._reader.now(epoch).last_id)

    def _watch_sqlite(self) -> None:
        connection = SqliteConnection(self._database.address, readonly=True)
        try:
            seen, rounds = -1, 0
            while not self._stopping.wait(LOOK):
                version, rounds = connection.data_version(), rounds + 1
                if version != seen or rounds * LOOK >= POLL:
                    self._look()
                    seen, rounds = version, 0
        finally:
            connection.close()

    def _watch_postgresql(self) -> None:
        with psycopg.connect(self._database.address, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {CHANNEL}".encode())
            looked = 0.0
            while not self._stopping.is_set():
                for notice in connection.notifies(timeout=LOOK, stop_after=1):
                    self._bell.ring(int(notice.payload))
                if time.monotonic() - looked > POLL:
                    self._look()
                    looked = time.monotonic()
