"""What cuts a run of the archiver off, and what comes meanwhile: it goes on, and keeps its word."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from flagkeeper.eventlog.archive import live, store
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.timed import Timed
from flagkeeper.eventlog.index import store as index_store
from flagkeeper.eventlog.index.memory import MemoryIndex
from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.more import read_more
from flagkeeper.eventlog.query import EVERYTHING, parse
from flagkeeper.eventlog.read import EventRow, LogRows, log_position
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.retention import jobs
from flagkeeper.features.retention.jobs import Retention
from flagkeeper.kernel.change_context import ChangeContext
from flagkeeper.kernel.errors import Conflict
from flagkeeper.readmodels.client_features.follower import ClientFeatures
from flagkeeper.readmodels.client_features.query import FeatureQuery
from flagkeeper.storage.transaction import Transaction
from tests.archive import KEEP, archived, archiver, everything, fill, place_in, spread_over_days
from tests.deliveries import enable, until, until_now
from tests.hanging import hanging_files
from tests.log import ALICE, Log

pytestmark = pytest.mark.slow


def retention(log: Log, folder: Path) -> Retention:
    return Retention(
        units=log.units,
        reader=log.reader,
        blobs=Timed(place_in(folder)),
        policy=RetentionPolicy(keep_events=KEEP),
        needs=[],
        elsewhere=[],
        reindex=None,
    )


@pytest.mark.parametrize("asked", [False, True])
async def test_a_run_that_was_cut_off_goes_on_the_next_time(log: Log, tmp_path: Path, asked: bool) -> None:
    fill(log, 3_000)
    spread_over_days(log, 100)
    before = everything(log)
    part = retention(log, tmp_path)
    run = asyncio.create_task(part.archive())
    while log.read(live.first_id) == 1:
        assert not run.done()
        await asyncio.sleep(0.001)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    reached = log.read(live.first_id)
    assert 1 < reached < 2_900, "it was cut off on the way"
    segments = log.read(store.segments)

    if asked:
        await part.begin_archiving(log.units.within(ChangeContext(reason="the disk is full")), ALICE)
        while part.is_busy():
            await asyncio.sleep(0.001)
    else:
        await part.archive()
    assert log.read(live.first_id) == 2_901
    assert log.read(store.segments) == segments, "nothing is written twice"
    kept = [event for event in everything(log) if event.row.id <= 3_000]
    assert archived(log, place_in(tmp_path)) + kept == before
    (told,) = [event.row for event in everything(log) if event.row.id > 3_000]
    assert told.type == "flagkeeper-events-archived"
    assert read_more(told.more).reason == ("the disk is full" if asked else None)


async def test_a_stop_does_not_wait_for_a_store_that_hangs(log: Log, tmp_path: Path) -> None:
    fill(log, 1_500)
    spread_over_days(log, 100)
    archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=1_200)).run(ALICE)
    part = retention(log, tmp_path)
    with hanging_files(tmp_path / "archive"):
        reading = asyncio.create_task(part._on_thread(lambda _stop: log.read(Archive(part.blobs).rows, [3])))
        await asyncio.sleep(0)
        started = asyncio.get_running_loop().time()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert asyncio.get_running_loop().time() - started < jobs.LAST_STEP + 2
        assert part.is_busy(), "nobody begins while the old run still hangs"
        with pytest.raises(Conflict, match="already"):
            await part.begin_archiving(log.units, ALICE)
    await until(lambda: not part.is_busy(), 20)


def test_a_hold_that_comes_while_events_are_removed_holds(postgresql_url: str, tmp_path: Path) -> None:
    """Whoever places it is told so by the commit; from then on no event leaves."""
    log, other = Log(postgresql_url), Log(postgresql_url)
    fill(log, 1_000)
    removing, placed, commit = threading.Event(), threading.Event(), threading.Event()
    steps: list[int] = []

    def progress(done: int, _total: int) -> None:
        steps.append(done)
        removing.set()
        assert placed.wait(30)

    def hold(unit: Unit) -> None:
        store.add_hold(unit.tx, "case 4711", "ada", unit.now)
        placed.set()
        assert commit.wait(30)

    with ThreadPoolExecutor(1) as threads, psycopg.connect(postgresql_url, autocommit=True) as watching:
        run = threads.submit(archiver(log, place_in(tmp_path)).run, ALICE, progress=progress)
        assert removing.wait(30)
        reached, before = log.read(live.first_id), len(steps)
        placing = other.submit(hold)
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        until_now(lambda: bool(watching.execute(waits).fetchone()[0]) or len(steps) > before or run.done())  # type: ignore[index]
        commit.set()
        placing.result(30)
        with pytest.raises(Conflict, match="case 4711"):
            run.result(60)
    assert log.read(live.first_id) == reached
    log.close()
    other.close()


class _Slow(Archive):
    """Reads when it is told to."""

    def __init__(self, blobs: BlobStore) -> None:
        super().__init__(blobs)
        self.entered, self.go_on = threading.Event(), threading.Event()

    def between(self, tx: Transaction, first: int, last: int) -> list[EventRow]:
        self.entered.set()
        assert self.go_on.wait(30)
        return super().between(tx, first, last)


def test_events_without_an_index_that_are_archived_hold_up_no_other_search(log: Log, tmp_path: Path) -> None:
    fill(log, 600)
    archiver(log, place_in(tmp_path)).run(ALICE)
    index_store.prepare(log.database)
    tail, slow = MemoryIndex(), _Slow(place_in(tmp_path))
    log.read(lambda tx: tail.load(tx, log_position(tx)))
    search = Search(tail, LogRows(slow))

    def find(query: str) -> list[int]:
        return log.read(lambda tx: search.find(tx, parse(query, 0), EVERYTHING, limit=1_000)).ids  # type: ignore[no-any-return]

    with ThreadPoolExecutor(2) as threads:
        all_of_it = threads.submit(find, "type:segment-created")
        assert slow.entered.wait(30)
        assert threads.submit(find, "type:flagkeeper-events-archived id:601").result(20) == [601]
        assert not all_of_it.done()
        slow.go_on.set()
        assert len(all_of_it.result(30)) > 50


def test_what_sdks_hold_stays_valid_when_events_are_archived(log: Log, tmp_path: Path) -> None:
    """Their entity tags and revisions neither fall nor rise."""

    def tags() -> dict[str, Any]:
        features = ClientFeatures()
        log.read(lambda tx: features.load(tx, log_position(tx)))
        queries = {name: FeatureQuery(environment=name, inline=False) for name in ("development", "production", "none")}
        return {name: (features.state.revision(name), features.state.etag(query)) for name, query in queries.items()}

    log.run(lambda unit: enable(unit, *(f"flag-{number}" for number in range(300))))
    fill(log, 300)
    for keep in (500, 350, 20, 1):
        before = tags()
        assert archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=keep)).run(ALICE).events
        assert tags() == before
