"""Archiving, and putting a pseudonym in place, are killed again and again while others write. Then the books are
checked: every event is there, once, as it was.

    python -m tests.archive_storm DATABASE_URL FOLDER KEEP [PSEUDONYM]      is what gets killed
"""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from flagkeeper.eventlog.archive import pseudonyms, store
from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.archive.pseudonymiser import PseudonymContext, put_in_place
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.features.retention import commands
from flagkeeper.features.retention.model import Person
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.users.queries import names_in_use
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from tests.archive import archived, archiver, everything, fill, place_in
from tests.log import ALICE, Log

LEASE = 300
"""Milliseconds: a killed process keeps the next one waiting so long."""
OWN = ("flagkeeper-events-archived", "flagkeeper-actor-pseudonymised")
NAME = "cli:judith"


class ArchiveStorm:
    """One log, one archive, one process that is killed, and one that writes."""

    def __init__(self, database_url: str, folder: Path, seed: int) -> None:
        self._url = database_url
        self._folder = folder
        self._blobs = place_in(folder)
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self.kills = 0
        """Those that came before the work was done."""
        self.slowest = 0.0
        """Seconds that the slowest write took."""

    def rage(self, events: int, kills: int) -> None:
        """Archives nearly all of `events`, then forgets somebody, with so many kills each.

        Raises:
            AssertionError: an event was lost, doubled or changed.
        """
        log = Log(self._url)
        draft = SegmentDraft(name="judith's", description=None, constraints=[], project=None)
        log.units.run_now(Actor(NAME, -2), segments.create, draft)
        fill(log, events)
        before = everything(log)
        writer = threading.Thread(target=self._write, daemon=True)
        writer.start()
        try:
            self._work(log, kills, [str(events // 20)])
            self._check(log, before)
            asked = log.units.run_now(ALICE, commands.ask_pseudonym, Person(name=NAME))
            self._work(log, kills, ["0", asked.pseudonym])
        finally:
            self._stopping.set()
            writer.join(30)
        self._check(log, before, asked.pseudonym)
        log.close()

    def _work(self, log: Log, kills: int, arguments: list[str]) -> None:
        for _ in range(kills):
            with self._begin(arguments) as process:
                assert process.stdout is not None
                process.stdout.readline()  # it has begun
                try:
                    process.wait(self._random.expovariate(3))
                except subprocess.TimeoutExpired:
                    process.kill()
                    self.kills += 1
            time.sleep(LEASE / 1000)
        with self._begin(arguments) as process:
            process.communicate(timeout=600)
            assert process.returncode == 0

    def _begin(self, arguments: list[str]) -> "subprocess.Popen[bytes]":
        module = [sys.executable, "-m", "tests.archive_storm", self._url, str(self._folder), *arguments]
        return subprocess.Popen(module, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE)

    def _write(self) -> None:
        log = Log(self._url)
        while not self._stopping.is_set():
            started = time.monotonic()
            fill(log, 1, seed=3)
            self.slowest = max(self.slowest, time.monotonic() - started)
            time.sleep(0.005)
        log.close()

    def _check(self, log: Log, before: list[StoredEvent], pseudonym: str = "") -> None:
        now = archived(log, self._blobs) + everything(log)
        assert [event.row.id for event in now] == list(range(1, len(now) + 1))
        if pseudonym:
            assert NAME not in str(now)
            assert not log.read(pseudonyms.unfinished)
            assert [event.row.type for event in now].count(OWN[1]) == 1
            assert now[0].row.created_by == pseudonym
            assert now[1 : len(before)] == before[1:]
        else:
            assert now[: len(before)] == before
        known = log.read(store.segments)
        told = [event for event in now if event.row.type == OWN[0]]
        assert len(told) == len(known)
        assert set(self._blobs.names("segments")) == {segment.file for segment in known}
        assert self._blobs.names("partial") == []


def main(database_url: str, folder: str, keep: str, pseudonym: str = "") -> None:
    log = Log(database_url)
    blobs = place_in(Path(folder))
    print("begun", flush=True)
    if pseudonym:
        put_in_place(PseudonymContext(blobs, log.units, log.reader, names_in_use, lease=LEASE), pseudonym)
    else:
        policy = RetentionPolicy(keep_events=int(keep))
        archiver(log, blobs, policy, largest=300, lease=LEASE, fresh=clock.SECOND).run(ALICE)
    log.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
