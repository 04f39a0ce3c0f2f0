"""A storm on three servers that share one PostgreSQL: clients change things through all of them, while servers are
killed, sleep for longer than every lease, are a day ahead, rows are locked from outside, the database is restarted and
the log is archived. Then the books are checked (`tests.replicas_books`).

What happens is decided by the seed; when exactly, the machine decides.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import NamedTuple

import psycopg
from rich.console import Console
from rich.table import Table

from flagkeeper.eventlog.archive import store
from flagkeeper.eventlog.durable import position_of
from flagkeeper.eventlog.index import store as index_store
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.read import log_position
from flagkeeper.integrations.delivery.fanout import FANOUT
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction
from tests import replicas_books as books
from tests.receiver import Receiver
from tests.replicas import Replica, Replicas, until_none
from tests.replicas_clients import ENVIRONMENT, SHARED, SOON, Caller, Client, Journal, Revoker, Watcher
from tests.storm import FLAGS

CLIENTS = 5
PACE = 0.03
"""Seconds between an answer and the next change of a client."""
KEEP = 50
"""Events that archiving leaves in the database."""
LONGEST_HOLD = 35.0
"""Seconds after which a server that does nothing any more surely holds nothing any more: no lease, and no lock."""
ALONE = 2.0
"""Seconds by which a locked row may hold up changes of other things for longer than they were held up before: what
else the machine does is in both."""
HELD_UP = 10.0
"""Seconds for which a server that stops may hold up the changes of the others: it may hold the lock of the log."""
TAKEN_OVER = 15.0
"""Seconds within which a server does what others did that are gone."""
HINDERED = 10.0
"""Seconds by which a start may take longer than the first ones did, whatever others hold."""
DELIVERED = ["feature-environment-enabled", "feature-environment-disabled", "segment-created", "segment-deleted"]
LOCKED = "locked"
REVOKED = 3
"""Tokens that are revoked while a server sleeps, at least."""


def _needed(tx: Transaction) -> tuple[int, int, int]:
    """How far the fan-out has come, and the index on disk, and the log."""
    newest = index_store.newest(tx)
    return position_of(tx, FANOUT), newest[0].last if newest else 0, log_position(tx).last_id


class Plan(NamedTuple):
    """How long it takes, in seconds, and how often servers are killed."""

    sleep: float
    lock: float
    calm: float
    kills: int
    settle: float


SHORT = Plan(sleep=10, lock=3, calm=0.5, kills=1, settle=15)
LONG = Plan(sleep=40, lock=5, calm=3, kills=5, settle=60)


class ReplicasStorm:
    """`with` starts everything; `rage`, then `check`."""

    def __init__(self, folder: Path, seed: int, plan: Plan, *, durable: bool) -> None:
        self._seed = seed
        self._plan = plan
        self._choose = random.Random(seed)
        self._replicas = Replicas(folder, durable=durable)
        self._reader = Reader(parse_database_url(self._replicas.url), threads=1)
        self._receiver = Receiver()
        self._journal = Journal()
        self._revoker = Revoker(self._replicas, self._journal, seed)
        self._watchers = [
            Watcher(self._replicas, server, self._journal, self._revoker) for server in self._replicas.servers
        ]
        self._stopping = threading.Event()
        self._began = time.monotonic()
        self._happened: list[tuple[float, str]] = []
        self._faults: list[str] = []
        self._held_up_before: list[float] = []

    def __enter__(self) -> "ReplicasStorm":
        began = time.monotonic()
        self._replicas.__enter__()
        self._usual = time.monotonic() - began
        self._receiver.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        self._reader.stop()
        self._replicas.__exit__()
        self._receiver.__exit__()

    # What happens

    def rage(self) -> None:
        self._prepare()
        clients = [Client(self._replicas, self._journal, f"c{number}", self._seed) for number in range(CLIENTS)]
        threads = [
            *(threading.Thread(target=client.run, args=(self._stopping, PACE), daemon=True) for client in clients),
            *(threading.Thread(target=each.run, args=(self._stopping,), daemon=True) for each in self._watchers),
            threading.Thread(target=self._revoker.run, args=(self._stopping,), daemon=True),
        ]
        for thread in threads:
            thread.start()
        first, second, ahead = self._replicas.servers
        sleeper, other = self._choose.sample([first, second], 2)
        self._calm()
        self._held_up_before = self._held_up(self._replicas.servers, self._plan.lock)
        self._until(lambda: bool(self._revoker.revoked))
        self._while_asleep(sleeper, ahead)
        self._watch_the_woken(sleeper, other)
        self._restart_database()
        for _ in range(1, self._plan.kills):
            self._calm()
            self._kill(self._choose.choice(self._replicas.servers))
        self._calm()
        self._stopping.set()
        for thread in threads:
            thread.join(30)
            if thread.is_alive():
                self._faults.append("a request hangs")
        self._tell(f"{len(self._journal.changes)} changes were asked for")

    def _prepare(self) -> None:
        caller, first = Caller(self._journal), self._replicas.servers[0]
        for name in [*SHARED, LOCKED, *(self._probed(server) for server in self._replicas.servers)]:
            answer = caller.change(first, "feature-created", "POST", FLAGS, {"name": name})
            assert answer.fine, answer
        body = {"provider": "webhook", "enabled": True, "parameters": {"url": self._receiver.url}, "events": DELIVERED}
        answer = caller.change(first, "addon-config-created", "POST", "/api/admin/addons", body)
        assert answer.fine, answer
        caller.close()
        self._tell("three servers run, one of them a day ahead")

    def _calm(self) -> None:
        time.sleep(self._plan.calm)

    def _while_asleep(self, sleeper: Replica, ahead: Replica) -> None:
        """One sleeps and one is gone: the third does everything, and archives what the sleeping one has not seen."""
        sleeper.sleep()
        asleep, position = time.monotonic(), self._last_id()
        self._tell(f"{sleeper.name} sleeps")
        ahead.kill()
        self._tell(f"{ahead.name} was killed")
        self._deliveries_go_on(position)
        if self._changes_went_on(asleep):
            self._until(lambda: self._revoked_since(asleep) >= REVOKED)
            self._revoker.hold()
            self._archive(beyond=self._last_id())
        self._start(ahead)
        time.sleep(max(0.0, self._plan.sleep - (time.monotonic() - asleep)))

    def _deliveries_go_on(self, position: int) -> None:
        """Those of events after `position`."""
        known, began = len(self._receiver.arrivals), time.monotonic()

        def delivered() -> bool:
            return any(int(each.event["id"]) > position for each in self._receiver.arrivals[known:][-1:])

        self._until(delivered, TAKEN_OVER)
        self._tell(f"what happens is delivered again after {time.monotonic() - began:.1f} s")
        if not delivered():
            self._faults.append(f"nothing is delivered {TAKEN_OVER:.0f} s after two of three servers went")

    def _changes_went_on(self, since: float) -> bool:
        now, began = time.time(), time.time() - (time.monotonic() - since)
        times = [began, *(at for at in self._journal.acknowledged_times() if began < at < now), now]
        longest = max(later - earlier for earlier, later in pairwise(times))
        self._tell(f"at most {longest:.1f} s without a change meanwhile")
        if longest > HELD_UP:
            self._faults.append(f"while a server slept, nobody could change anything for {longest:.1f} s")
        return longest <= HELD_UP

    def _kill(self, server: Replica) -> None:
        server.kill()
        self._tell(f"{server.name} was killed")
        self._start(server)

    def _start(self, server: Replica) -> None:
        began = time.monotonic()
        while not server.running:
            try:
                server.start()
            except AssertionError:
                # Whoever looks after servers would try again.
                self._faults.append(f"{server.name} did not start: {server.said()[-200:]}")
                assert time.monotonic() - began < LONGEST_HOLD, "it never starts"
        took = time.monotonic() - began
        self._tell(f"{server.name} was started, and answered {took:.1f} s later")
        if took > self._usual + HINDERED:
            self._faults.append(f"{server.name} needed {took:.1f} s to start")

    def _watch_the_woken(self, sleeper: Replica, other: Replica) -> None:
        """It goes on, while another is killed and a row is locked.

        Nothing is revoked meanwhile: a revocation would make it look at all tokens again.
        """
        (watcher,) = (each for each in self._watchers if each.server is sleeper)
        tries, until = watcher.tries, time.monotonic() + 2 * SOON
        sleeper.wake()
        self._tell(f"{sleeper.name} goes on")
        with ThreadPoolExecutor() as pool:
            locked = pool.submit(self._lock_a_row, [each for each in self._replicas.servers if each is not other])
            self._kill(other)
            locked.result()
        self._until(lambda: watcher.tries > tries and time.monotonic() > until, 4 * SOON)
        self._revoker.go_on()
        self._tell(f"{watcher.tries - tries} tries with revoked tokens on {sleeper.name}")
        if watcher.tries == tries:
            self._faults.append(f"{sleeper.name} was not asked about revoked tokens after its sleep")

    def _lock_a_row(self, servers: Sequence[Replica]) -> None:
        """What somebody does at a prompt, and forgets. Changes of that flag have to wait; all others go on."""
        with psycopg.connect(self._replicas.url) as connection:
            connection.execute("SELECT FROM features WHERE name = %s FOR UPDATE", (LOCKED,))
            connection.execute("SELECT FROM feature_environments WHERE feature_name = %s FOR UPDATE", (LOCKED,))
            with ThreadPoolExecutor(len(servers)) as pool:
                for server in servers:
                    pool.submit(self._change_locked, server)
                gaps = self._held_up(servers, self._plan.lock)
                connection.rollback()
        told = ", ".join(f"{gap:.1f} s on {server.name}" for server, gap in zip(servers, gaps, strict=True))
        before = max(self._held_up_before)
        self._tell(
            f"a row was locked for {self._plan.lock:.0f} s; other changes were held up for {told};"
            f" before, for {before:.1f} s at most"
        )
        self._faults += [
            f"a locked row held up other changes on {server.name} for {gap:.1f} s"
            for server, gap in zip(servers, gaps, strict=True)
            if gap > before + ALONE
        ]

    def _change_locked(self, server: Replica) -> None:
        caller = Caller(self._journal)
        path = f"{FLAGS}/{LOCKED}/{ENVIRONMENT}/on"
        caller.change(server, "feature-environment-enabled", "POST", path, {}, may_be_nothing=True)
        caller.close()

    def _held_up(self, servers: Sequence[Replica], seconds: float) -> list[float]:
        """For how long a change had to wait at most on each of the servers, in so many seconds."""
        end = time.monotonic() + seconds
        with ThreadPoolExecutor(len(servers)) as pool:
            return [*pool.map(lambda server: self._probe(server, end), servers)]

    def _probe(self, server: Replica, end: float) -> float:
        """The longest time, in seconds, without a change of another flag, as long as the server runs."""
        caller, on = Caller(self._journal), False
        since, last, longest = server.up_since, time.monotonic(), 0.0
        while server.up_since == since < inf and time.monotonic() < end:
            on = not on
            type_ = f"feature-environment-{'enabled' if on else 'disabled'}"
            path = f"{FLAGS}/{self._probed(server)}/{ENVIRONMENT}/{'on' if on else 'off'}"
            answer = caller.change(server, type_, "POST", path, {}, may_be_nothing=True)
            now = time.monotonic()
            if server.up_since == since:
                longest = max(longest, min(now, end) - last)
            if answer.fine:
                last = now
            time.sleep(PACE)
        caller.close()
        return longest

    def _probed(self, server: Replica) -> str:
        return f"probed-{server.name}"

    def _archive(self, beyond: int) -> None:
        """Archives also what the sleeping server has not seen: up to an event after `beyond`."""
        # The sleeping server may hold the lock of the index; what waited for it has to be written then.
        self._until(lambda: min(self._reader.now(_needed)) > beyond + KEEP, 2 * LONGEST_HOLD)
        done = self._replicas.another("operator").run("archive", "run", FLAGKEEPER_LOG_KEEP_EVENTS=str(KEEP))
        said = (done.stdout + done.stderr).strip()
        last = self._reader.now(store.last_archived)
        self._tell(f"archived up to event {last}: {said[:200]}")
        if done.returncode:
            self._faults.append(f"archiving failed: {said}")
        elif last <= beyond:
            fanned_out, indexed, end = self._reader.now(_needed)
            self._faults.append(
                f"archiving stopped at event {last} and should have passed {beyond}:"
                f" the fan-out is at {fanned_out}, the index at {indexed}, the log at {end}"
            )

    def _restart_database(self) -> None:
        began = time.monotonic()
        self._replicas.restart_database()
        self._faults += [f"after the database came back: {said}" for said in self._replicas.not_ready(15)]
        self._tell(f"the database was restarted; all were ready {time.monotonic() - began:.1f} s later")

    # What is left

    def check(self) -> list[str]:
        """Everything that is wrong."""
        replicas, journal = self._replicas, self._journal
        log = books.whole_log(replicas.url, replicas.archive)
        self._faults += [
            *journal.unexpected[:5],
            *books.holes(log),
            *books.lost_or_doubled(log, journal.changes),
            *books.broken_chains(log),
            *books.wrong_times(log, journal.changes),
            *books.accepted_too_long(self._watchers),
            *self._undelivered(log),
            *replicas.not_ready(10),
            *self._otherwise_shown(log),
            *books.wrong_credentials(replicas.servers, self._revoker.living, self._revoker.revoked),
        ]
        for server in replicas.servers:
            code = server.stop()
            if code:
                self._faults.append(f"{server.name} ended with {code}: {server.said()}")
        self._tell(
            f"{len(log)} events, {len(set(self._receiver.events()))} of them delivered; {len(self._faults)} faults"
        )
        self._show()
        return self._faults

    def _undelivered(self, log: list[StoredEvent]) -> list[str]:
        wanted = [event.row.id for event in log if event.row.type in DELIVERED]
        return until_none(lambda: books.undelivered(wanted, self._receiver.events()), self._plan.settle)

    def _otherwise_shown(self, log: list[StoredEvent]) -> list[str]:
        """What is kept in memory, compared with a server that has just been started, and that one with the log."""
        fresh = self._replicas.another("fresh")
        fresh.start()
        try:
            wanted = books.shown(fresh)
        finally:
            fresh.end()

        def compare() -> list[str]:
            found = books.differences("a new server", wanted, books.searched(log))
            for server in self._replicas.servers:
                found += books.differences(server.name, books.shown(server), wanted)
            return found

        return until_none(compare, 5)

    def _last_id(self) -> int:
        return self._reader.now(log_position).last_id

    def _revoked_since(self, moment: float) -> int:
        return sum(token.revoked_at > moment for token in self._revoker.revoked)

    def _until(self, reached: Callable[[], bool], seconds: float = LONGEST_HOLD) -> None:
        """Waits so long at most: what comes then tells what is wrong."""
        deadline = time.monotonic() + seconds
        while not reached() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _tell(self, what: str) -> None:
        self._happened.append((time.monotonic() - self._began, what))

    def _show(self) -> None:
        table = Table(title=f"Seed {self._seed}")
        table.add_column("s", justify="right")
        table.add_column("what happened")
        for at, what in self._happened:
            table.add_row(f"{at:.1f}", what)
        answers = ", ".join(f"{status}: {number}" for status, number in sorted(self._journal.answers.items()))
        revoked = ", ".join(
            f"{watcher.server.name} {watcher.longest * 1000:.0f} ms in {watcher.tries} tries"
            for watcher in self._watchers
        )
        table.add_row("", f"answers {answers}; the slowest took {self._journal.slowest:.1f} s")
        table.add_row("", f"{len(self._revoker.revoked)} tokens were revoked, and accepted for at most: {revoked}")
        Console(width=140).print(table)
