"""The reader of the log: what is new is read once, and reaches every follower, whatever happens to one of them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.follow import MemoryRunner, Wants
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.read import LogEvent, LogPosition, log_position
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.eventlog.unit import Receipt
from flagkeeper.features.access import commands as access
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens.model import TokenType, draft
from flagkeeper.kernel.change_context import NO_CONTEXT
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.readmodels.credentials.view import CredentialView
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction
from tests.archive import archiver, fill, place_in
from tests.deliveries import enable, until
from tests.log import ALICE, Log

_IDS = Query(select(events.c.id).order_by(events.c.id), int)


class Collector:
    """Knows the ids of all events: as the table shows them when it is loaded, from then on as they come."""

    def __init__(self, name: str, wants: Wants | None = None) -> None:
        self.name = name
        self.wants = wants or Wants()
        self.known: list[int] = []
        self.batches: list[list[int]] = []
        self.loads = 0
        self.fails: Exception | None = None

    def load(self, tx: Transaction, position: LogPosition) -> None:
        self.loads += 1
        self.known = tx.all(_IDS)
        assert position.last_id >= max(self.known, default=0)

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: LogPosition) -> None:
        if self.fails is not None:
            raise self.fails
        ids = [event.id for event in batch]
        assert log_position(tx).last_id >= position.last_id
        self.batches.append(ids)
        self.known = [*self.known, *ids]


class Broken(Collector):
    """Asks the database what it does not understand."""

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: LogPosition) -> None:
        tx.all(Query(select(events.c.id).where(events.c.id == log_head.c.epoch.op("||/")(events.c.id)), int))


class Noted:
    def note(self, _: str) -> None: ...


async def following(log: Log, *followers: Any, batch: int = 2) -> tuple[LogReader, list[MemoryRunner]]:
    """A reader of the log that looks only when it is told to."""
    log_reader = LogReader(log.reader, log.log_signal, log.supervisor, batch=batch)
    runners = [MemoryRunner(follower, log_reader) for follower in followers]
    for runner in runners:
        await runner.start()
    while await log_reader.read_on():
        pass
    return log_reader, runners


async def read_all(log_reader: LogReader) -> None:
    while await log_reader.read_on():
        pass


async def ended(runners: Sequence[MemoryRunner]) -> None:
    for runner in runners:
        await runner.stop()


async def test_batch_by_batch_everybody_gets_what_they_want_and_nothing_is_passed_over(log: Log) -> None:
    everything, some = Collector("all"), Collector("some", Wants(types=frozenset({"segment-created"})))
    log_reader, runners = await following(log, everything, some)
    fill(log, 11)
    kinds = {event.id: event.type for event in log.events()}
    positions = []
    while await log_reader.read_on():
        positions.append([runner.position for runner in runners])
    assert positions == [[each, each] for each in (2, 4, 6, 8, 10)]
    assert everything.batches == [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11]]
    assert some.known == [each for each in range(1, 12) if kinds[each] == "segment-created"]
    assert [runner.position for runner in runners] == [11, 11]
    assert (everything.loads, some.loads) == (1, 1)
    await ended(runners)


async def test_a_change_waits_for_its_own_events_and_for_those_only(log: Log) -> None:
    log_reader, (everything, some) = await following(
        log, Collector("all"), Collector("some", Wants(types=frozenset({"api-token-created"})))
    )
    receipts: list[Receipt] = []
    units = log.units.within(NO_CONTEXT, receipts)
    await units.run(ALICE, enable, "a")
    await units.run(ALICE, enable, "b")
    (first, second) = receipts
    await some.seen(second)  # none of its business
    waiting = [asyncio.create_task(everything.seen(each)) for each in receipts]
    token = asyncio.create_task(some.seen(Receipt(first.first_id, first.last_id, frozenset({"api-token-created"}))))
    await asyncio.sleep(0)
    assert not any(each.done() for each in (*waiting, token))
    await log_reader.read_on()
    await asyncio.gather(*waiting, token)
    with pytest.raises(Unavailable, match="stored"):
        await everything.reached(second.last_id + 1, timeout=0.01)
    await ended([everything, some])


async def test_one_transaction_serves_all_who_follow(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    followers = [Collector(f"follower-{number}") for number in range(4)]
    log_reader, runners = await following(log, *followers, batch=100)
    log.run(enable, *"abc")
    reads, run = 0, log.reader.run

    async def counted(*args: Any) -> Any:
        nonlocal reads
        reads += 1
        return await run(*args)

    monkeypatch.setattr(log.reader, "run", counted)
    assert not await log_reader.read_on()
    assert reads == 1
    assert [follower.known for follower in followers] == [[1, 2, 3]] * 4
    await ended(runners)


async def test_listeners_are_told_of_each_event_once(log: Log) -> None:
    log.run(enable, "a", "b")
    log_reader, runners = await following(log, Collector("all"))
    heard: list[list[int]] = []
    log_reader.listen(lambda news: heard.append([event.id for event in news]))
    log.run(enable, *"cdefg")
    await read_all(log_reader)
    await read_all(log_reader)
    assert heard == [[3, 4], [5, 6], [7]]
    await ended(runners)


async def test_who_has_stopped_is_told_nothing(log: Log) -> None:
    first, second = Collector("first"), Collector("second")
    log_reader, runners = await following(log, first, second)
    heard: list[int] = []

    def listener(news: Sequence[LogEvent]) -> None:
        heard.extend(event.id for event in news)

    log_reader.listen(listener)
    log.run(enable, "a")
    await read_all(log_reader)
    for _ in range(2):
        await runners[0].stop()
        log_reader.unlisten(listener)
    log.run(enable, "b")
    await read_all(log_reader)
    assert (first.known, second.known, heard) == ([1], [1, 2], [1])
    await ended(runners)


async def test_one_that_comes_later_gets_what_came_since_it_was_loaded(log: Log) -> None:
    first, later = Collector("first"), Collector("later")
    log_reader, runners = await following(log, first)
    log.run(enable, *"abc")
    runner = MemoryRunner(later, log_reader)
    await runner.start()
    log.run(enable, *"de")
    await read_all(log_reader)
    assert first.known == later.known == [1, 2, 3, 4, 5]
    assert later.batches == [[4], [5]]
    await ended([*runners, runner])


async def test_what_was_archived_while_a_follower_slept_is_not_passed_over(log: Log, tmp_path: Path) -> None:
    """The next event is in the archive: the state is read anew from the tables, and listeners look for themselves."""
    fill(log, 4)
    slept, young = Collector("slept"), Collector("young")
    log_reader, runners = await following(log, slept)
    heard: list[list[int]] = []
    log_reader.listen(lambda news: heard.append([event.id for event in news]))
    fill(log, 26)
    archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=5)).run(ALICE)
    runners.append(MemoryRunner(young, log_reader))
    await runners[1].start()
    await read_all(log_reader)
    await until(lambda: runners[0].at)
    await read_all(log_reader)
    assert (slept.loads, slept.batches) == (2, [])
    assert slept.known == young.known == list(range(26, 32)), "what the table shows; 31 tells of the archiving"
    assert young.loads == 1
    assert heard == [[], [28, 29], [30, 31]]
    await ended(runners)


async def test_a_follower_at_the_very_edge_of_the_archive_goes_on(log: Log, tmp_path: Path) -> None:
    fill(log, 25)
    follower = Collector("edge")
    log_reader, runners = await following(log, follower)
    fill(log, 5)
    archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=5)).run(ALICE)
    await read_all(log_reader)
    assert follower.loads == 1
    assert follower.batches == [[26, 27], [28, 29], [30, 31]]
    await ended(runners)


async def test_a_token_that_was_revoked_before_an_archive_run_opens_nothing(log: Log, tmp_path: Path) -> None:
    """The process slept through both: the revocation is in the archive when it wakes."""
    for seed in (access.seed, environments.seed, projects.seed):
        log.run(seed)
    token, secret = log.run(tokens.create, draft("ci", TokenType.ADMIN, None, None))
    view = CredentialView(Noted())
    log_reader, runners = await following(log, view)
    assert view.find(secret) is not None
    log.run(tokens.delete, token.id)
    fill(log, 20)
    archiver(log, place_in(tmp_path), RetentionPolicy(keep_events=5)).run(ALICE)
    await read_all(log_reader)
    await until(lambda: runners[0].at)
    assert view.find(secret) is None
    await ended(runners)


async def test_a_follower_that_fails_is_loaded_anew_and_others_go_on(log: Log) -> None:
    bad, good = Collector("bad"), Collector("good")
    log_reader, runners = await following(log, bad, good)
    bad.fails = ValueError("cannot take this")
    log.run(enable, *"abc")
    with capture_logs() as logs:
        await log_reader.read_on()
        assert good.batches == [[1, 2]]
        assert not runners[0].is_loaded
        bad.fails = None
        await until(lambda: runners[0].is_loaded)
    await read_all(log_reader)
    log.run(enable, "d")
    await read_all(log_reader)
    assert (bad.known, bad.loads) == ([1, 2, 3, 4], 2)
    assert (good.known, good.loads) == ([1, 2, 3, 4], 1)
    assert log.supervisor.failures == {"follower-bad": 1}
    assert [each["task"] for each in logs if each["event"] == "background_task_failed"] == ["follower-bad"]
    await ended(runners)


async def test_a_statement_that_the_database_refuses_holds_up_nobody_else(log: Log) -> None:
    broken, good = Broken("broken"), Collector("good")
    log_reader, runners = await following(log, broken, good)
    log.run(enable, *"ab")
    with pytest.raises(Unavailable):
        await log_reader.read_on()
    await read_all(log_reader)
    assert good.known == [1, 2]
    await ended(runners)


@pytest.mark.parametrize("new_epoch", ["another", None])
async def test_a_log_that_was_replaced_by_an_older_one_is_loaded_anew(log: Log, new_epoch: str | None) -> None:
    """A restored backup has another epoch; the copy of a file has not."""
    log.run(enable, *"abcd")
    follower = Collector("all")
    log_reader, runners = await following(log, follower)
    log.log_signal.notify(4)
    values = {"last_id": 2, **({"epoch": new_epoch} if new_epoch else {})}
    log.run(lambda unit: unit.tx.write(Write[Any](update(log_head).values(**values))))
    log.run(lambda unit: unit.tx.write(Write[Any](events.delete().where(events.c.id > 2))))
    await read_all(log_reader)
    await until(lambda: runners[0].at)
    assert (follower.known, runners[0].position, log.log_signal.last_id) == ([1, 2], 2, 2)
    log.run(enable, "e")
    await read_all(log_reader)
    assert (follower.known, follower.loads) == ([1, 2, 3], 2)
    await ended(runners)


async def test_another_log_of_the_same_length_is_another_log(log: Log) -> None:
    log.run(enable, *"ab")
    follower = Collector("all")
    log_reader, runners = await following(log, follower)
    heard: list[list[int]] = []
    log_reader.listen(lambda news: heard.append([event.id for event in news]))
    log.run(lambda unit: unit.tx.write(Write[Any](update(log_head).values(epoch="another"))))
    await read_all(log_reader)
    await until(lambda: runners[0].at)
    assert follower.loads == 2
    assert runners[0].at == LogPosition("another", 2)
    assert heard == [[]]
    await ended(runners)


async def test_reached_returns_when_the_follower_has_seen_the_event_and_no_earlier(log: Log) -> None:
    log_reader, (runner,) = await following(log, Collector("all"))
    waiting = asyncio.create_task(runner.reached(3))
    log.run(enable, *"abc")
    await log_reader.read_on()
    assert not waiting.done()
    await log_reader.read_on()
    await waiting
    with pytest.raises(Unavailable):
        await runner.reached(4, timeout=0.01)
    await runner.stop()


async def test_woken_by_the_bell_it_reads_what_is_new_and_says_how_far_it_is(log: Log) -> None:
    log.log_signal.attach(asyncio.get_running_loop())
    follower = Collector("all")
    runner = MemoryRunner(follower, log.log_reader)
    await log.log_reader.start()
    await runner.start()
    await asyncio.to_thread(log.run, enable, *"abc")
    await runner.reached(3)
    assert follower.known == [1, 2, 3]
    assert await log.log_reader.beyond(2, timeout=5)
    assert not await log.log_reader.beyond(3, timeout=0.01)
    await runner.stop()
    await log.log_reader.stop()
    await log.log_reader.stop()


async def test_who_waits_for_an_event_waits_for_no_others(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """After many events at once the reader rests for longer, so that more come together; not while somebody waits."""
    monkeypatch.setattr("flagkeeper.eventlog.log_reader.MOST_REST", 3_600.0)
    log.log_signal.attach(asyncio.get_running_loop())
    log_reader = LogReader(log.reader, log.log_signal, log.supervisor, rest=0.2)
    runner = MemoryRunner(Collector("all"), log_reader)
    await log_reader.start()
    await runner.start()
    await asyncio.to_thread(log.run, enable, *map(str, range(100)))
    await until(lambda: log_reader.position == 100)
    await asyncio.to_thread(log.run, enable, "a")
    await runner.reached(101)
    await runner.stop()
    await log_reader.stop()
