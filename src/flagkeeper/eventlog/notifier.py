"""The notifier: one for each process. Hears of what other processes commit: NOTIFY on PostgreSQL, the file's version on
SQLite. What comes close together is told once.

Behind it everybody polls. A connection pooler may swallow notifications, so the notifier sends itself one now and then,
through the connections that everything else uses: while none arrives, it says so, and the polls come more often.
"""

import asyncio
import threading
import time
from collections.abc import Callable

import psycopg
import structlog
from sqlalchemy import bindparam, func, select

from flagkeeper.eventlog.log_reader import POLL
from flagkeeper.eventlog.log_signal import CHANNEL, LogSignal
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage.database import Database
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.postgresql import is_pooled
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.sqlite import SqliteConnection
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction
from flagkeeper.supervisor import SupervisedTask, Supervisor

log = structlog.get_logger("flagkeeper.notifier")

FAST_POLL = 0.2
"""Seconds between polls while notifications do not arrive."""
SHORT_WAIT = 0.1
"""Seconds between polls of the version of a SQLite file (one pragma, a few microseconds), and the longest wait for a
notification of PostgreSQL, so that the thread ends soon when it is told to."""
REST, MOST_REST = 0.02, 0.15
"""Seconds for which notifications of PostgreSQL are gathered, for each that came at once, and at most: who changes one
thing is heard of at once, and a server that is busy elsewhere does not keep this one busy."""
STOP_PATIENCE = 2.0
"""Seconds that the thread gets to end; one that hangs in the database is left behind."""
SONAR = "flagkeeper_sonar"
"""The channel on which notifiers send themselves messages."""
SONAR_EVERY = 15.0
"""Seconds between such messages."""
SONAR_LIMIT = 2.0
"""Seconds after which a message that has not arrived is taken to be lost."""

_NEVER_IDLE = (
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('idle_session_timeout', 'statement_timeout')"
)
_NOTIFY = Query(select(func.pg_notify(bindparam("channel"), bindparam("payload"))), lambda _: None)

Heard = Callable[[list[str]], None]
"""Told on the event loop, with the messages of a channel."""


def notify(tx: Transaction, channel: str, payload: str) -> None:
    """Tells all processes, when the transaction is committed, of what was written in it. On SQLite their polls find
    out."""
    if tx.dialect is Dialect.POSTGRESQL:
        tx.all(_NOTIFY, channel=channel, payload=payload)


class Notifier:
    """A thread that notifies `log_signal` of events that other processes record, and tells of other messages."""

    def __init__(self, database: Database, reader: Reader, log_signal: LogSignal, supervisor: Supervisor) -> None:
        self._database = database
        self._reader = reader
        self._log_signal = log_signal
        self._supervisor = supervisor
        self._heard: dict[str, Heard] = {}
        self._token = new_ulid()
        self._sent_at: float | None = None
        self._next_at = 0.0
        self._stopping = threading.Event()
        self._task: SupervisedTask | None = None
        self.arrive = True
        """Whether notifications arrive, as far as is known."""

    @property
    def poll(self) -> float:
        """Seconds between polls by those who are told of something by notifications."""
        return POLL if self.arrive else FAST_POLL

    def listen(self, channel: str, heard: Heard) -> None:
        """To be called before `start`."""
        self._heard[channel] = heard

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = self._supervisor.start("notifier", self._run)

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            await self._task.finished(STOP_PATIENCE)
            await self._task.stop()

    async def _run(self) -> None:
        """On a thread of its own, which nobody has to wait for."""
        ended = self._loop.create_future()

        def settle(error: Exception | None) -> None:
            if not ended.done():
                ended.set_result(error)

        def work() -> None:
            error: Exception | None = None
            try:
                self._watch()
            except Exception as raised:
                error = raised
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(settle, error)

        threading.Thread(target=work, name="flagkeeper-notifier", daemon=True).start()
        if (error := await ended) is not None:
            raise error

    def _watch(self) -> None:
        try:
            if self._database.dialect is Dialect.SQLITE:
                self._watch_sqlite()
            else:
                self._watch_postgresql()
        except psycopg.Error as error:
            why = self._database.told(error)
            raise Unavailable(f"Notifications of {self._database.shown()} cannot be heard now: {why}") from error

    def _watch_sqlite(self) -> None:
        connection = SqliteConnection(self._database.address, readonly=True)
        try:
            seen = connection.data_version()
            while not self._stopping.wait(SHORT_WAIT):
                if (version := connection.data_version()) != seen:
                    seen = version
                    self._log_signal.notify(self._log_signal.last_id)
        finally:
            connection.close()

    def _watch_postgresql(self) -> None:
        with self._database.session() as connection:
            if is_pooled(connection):
                # It may pass a transaction on to any session, and notifications reach the one that asked for them.
                connection.close()
                self._note(arrive=False)
                self._log_signal.notify(self._log_signal.last_id)
                self._stopping.wait()
                return
            # A session that only listens is idle, which some databases do not allow for long.
            connection.execute(_NEVER_IDLE)
            for channel in (CHANNEL, SONAR, *self._heard):
                connection.execute(f"LISTEN {channel}".encode())
            # What happened before anybody listened.
            self._log_signal.notify(self._log_signal.last_id)
            self._sent_at, self._next_at = None, 0.0
            while not self._stopping.is_set():
                self._sound()
                if found := list(connection.notifies(timeout=SHORT_WAIT, stop_after=1)):
                    self._tell(found)
                    self._stopping.wait(min(MOST_REST, REST * len(found)))

    def _tell(self, found: list[psycopg.Notify]) -> None:
        messages: dict[str, list[str]] = {}
        for each in found:
            messages.setdefault(each.channel, []).append(each.payload)
        if self._token in messages.pop(SONAR, ()):
            self._sent_at = None
            self._note(arrive=True)
        if ids := messages.pop(CHANNEL, None):
            newest = max(map(int, ids))
            if newest > self._log_signal.last_id:
                self._log_signal.notify(newest)
        for channel, payloads in messages.items():
            self._loop.call_soon_threadsafe(self._heard[channel], payloads)

    def _sound(self) -> None:
        """Sends itself a message when it is time, and notices when the last one was lost."""
        now = time.monotonic()
        if self._sent_at is not None and now - self._sent_at > SONAR_LIMIT:
            self._sent_at = None
            self._note(arrive=False)
        if now >= self._next_at:
            self._next_at = now + SONAR_EVERY
            self._reader.now(notify, SONAR, self._token)
            self._sent_at = time.monotonic()

    def _note(self, *, arrive: bool) -> None:
        if arrive != self.arrive:
            self.arrive = arrive
            say = log.info if arrive else log.warning
            say("notifications_arrive" if arrive else "notifications_do_not_arrive", database=self._database.shown())
