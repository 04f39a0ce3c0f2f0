"""A log with many events, and an archive for them, for tests that need no server."""

import random
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import bindparam, update

from flagkeeper.eventlog.archive import live
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import Archiver, RetentionPolicy
from flagkeeper.eventlog.archive.blob_store import BlobStore, open_blob_store
from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentEnabled
from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.catalogue.segment import SegmentCreated
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.tables import events
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.change_context import NO_CONTEXT, ChangeContext
from flagkeeper.storage.statement import Write
from tests.log import ALICE, Log

KEEP = 100
"""Events that stay in the database, by default."""
SET_TIME = Write[Any](update(events).where(events.c.id == bindparam("event")).values(created_at=bindparam("moment")))


class FlagState(Snapshot, frozen=True, kw_only=True):
    kind: ClassVar = "test-flag"
    name: str
    notes: str


def fill(log: Log, count: int, *, seed: int = 1) -> None:
    """Records `count` events of several kinds, projects and environments."""
    choose = random.Random(seed)
    done = 0
    while done < count:
        size = min(400, count - done)
        said = ChangeContext(reason=f'batch {done}, größe \N{SNOWMAN} \\ "x"', ticket="OPS-7")
        context = said if done else NO_CONTEXT
        log.units.within(context).run_now(ALICE, record_some, size, choose)
        done += size


def record_some(unit: Unit, count: int, choose: random.Random) -> None:
    for _ in range(count):
        flag = f"flag-{choose.randrange(50)}"
        project = f"project-{choose.randrange(5)}"
        if choose.random() < 0.2:
            data = SegmentData(
                id=choose.randrange(99), name=flag, description='größe \N{SNOWMAN} \\ "x"', constraints=[],
                created_by="alice@example.com", created_at="2026-01-01T00:00:00.000Z", project=None,
            )  # fmt: skip
            unit.record(SegmentCreated(project=None, data=data))
        else:
            environment = choose.choice(["development", "production"])
            event = FeatureEnvironmentEnabled(feature_name=flag, project=project, environment=environment)
            unit.record(event, FlagState(name=flag, notes="x" * choose.randrange(60)))


def spread_over_days(log: Log, days: int) -> None:
    """Makes the log's events as old as if they had been recorded evenly over the last so many days."""
    last = log.count()
    now = clock.now()
    step = days * clock.DAY // last

    def move(unit: Unit) -> None:
        rows = [{"event": number, "moment": now - (last - number) * step} for number in range(1, last + 1)]
        unit.tx.write_many(SET_TIME, rows)

    log.run(move)


def place_in(folder: Path) -> BlobStore:
    return open_blob_store(str(folder / "archive"))


def archiver(log: Log, blobs: BlobStore, policy: RetentionPolicy | None = None, **options: Any) -> Archiver:
    """One that leaves `KEEP` events where they are, and minds no clock."""
    return Archiver(
        blobs=blobs,
        units=log.units,
        reader=log.reader,
        policy=RetentionPolicy(keep_events=KEEP) if policy is None else policy,
        **{"fresh": 0, "largest": 500, **options},
    )


def everything(log: Log) -> list[StoredEvent]:
    """All events that are in the database."""
    found: list[StoredEvent] = log.read(live.stored, 1, 2**62)
    return found


def archived(log: Log, blobs: BlobStore) -> list[StoredEvent]:
    found: list[StoredEvent] = log.read(Archive(blobs).stored_between, 1, 2**62)
    return found
