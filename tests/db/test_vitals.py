"""What a server knows of its own state: how far followers are behind, what makes it unready, and what it only notes."""

import asyncio
import threading
from typing import Any, NamedTuple

import pytest
from prometheus_client import CollectorRegistry

from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.condition import Condition
from flagkeeper.eventlog.notifier import Notifier
from flagkeeper.kernel import clock
from flagkeeper.readmodels.health import vitals
from flagkeeper.readmodels.health.vitals import Vitals, VitalsCollector, VitalSigns
from flagkeeper.storage.transaction import Transaction
from tests.deliveries import enable
from tests.log import Log


class Follower(NamedTuple):
    name: str
    position: int
    is_loaded: bool = True


def signs(log: Log, *followers: Follower) -> VitalSigns:
    notifier = Notifier(log.database, log.reader, log.log_signal, log.supervisor)
    condition = Condition(None, Archive(None), log.reader)
    return VitalSigns(log.units, log.reader, followers, log.supervisor, notifier, condition)


def later(log: Log, event: int, millis: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is so long after an event."""
    (at,) = [each.created_at for each in log.events() if each.id == event]
    monkeypatch.setattr(clock, "now", lambda: at + millis)


async def test_a_follower_is_behind_since_the_first_event_that_it_has_not_seen(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        log.run(enable, name)
    later(log, 2, 12_500, monkeypatch)
    vitals = await signs(log, Follower("none", 3), Follower("some", 1), Follower("future", 9)).take()
    assert {each.name: (each.kind, each.position, each.lag) for each in vitals.followers} == {
        "none": ("memory", 3, 0),
        "some": ("memory", 1, 12.5),
        "future": ("memory", 9, 0),
    }
    assert (vitals.last_id, vitals.readable, vitals.writable, vitals.archive) == (3, True, True, None)
    assert vitals.troubles() == vitals.notes() == []
    later(log, 2, -1, monkeypatch)
    (follower,) = (await signs(log, Follower("some", 1)).take()).followers
    assert follower.lag == 0, "clocks may differ a little"


@pytest.mark.parametrize(("millis", "told"), [(30_000, []), (30_001, ["slow is 30 seconds behind the event log."])])
async def test_who_is_far_behind_makes_a_server_unready(
    log: Log, monkeypatch: pytest.MonkeyPatch, millis: int, told: list[str]
) -> None:
    log.run(enable, "a")
    later(log, 1, millis, monkeypatch)
    assert (await signs(log, Follower("slow", 0), Follower("quick", 1)).take()).troubles() == told


async def test_a_database_that_says_nothing_cannot_be_read_and_is_asked_once(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, asked, read = threading.Event(), [], vitals._read

    def hang(tx: Transaction, positions: dict[str, int]) -> Any:
        asked.append(positions)
        assert said.wait(30)
        return read(tx, positions)

    monkeypatch.setattr(vitals, "_read", hang)
    monkeypatch.setattr(vitals, "PATIENCE", 0.05)
    server = signs(log)
    for found in (await server.take(), *await asyncio.gather(server.take(), server.take())):
        assert (found.troubles(), found.last_id, found.followers) == (["The database cannot be read."], 0, [])
    assert len(asked) == 1
    said.set()
    monkeypatch.setattr(vitals, "PATIENCE", 30)
    assert (await server.take()).troubles() == []
    assert (await server.take()).troubles() == []
    assert len(asked) <= 3


async def test_who_is_being_loaded_makes_a_server_unready(log: Log) -> None:
    followers = Follower("new", 0, is_loaded=False), Follower("old", 0)
    assert (await signs(log, *followers).take()).troubles() == ["new is being loaded anew."]


@pytest.mark.parametrize(
    ("changes", "troubles", "notes"),
    [
        ({}, 0, 0),
        ({"readable": False}, 1, 0),
        ({"writable": False}, 1, 0),
        ({"failing": ["x keeps failing."]}, 1, 0),
        ({"notifications": False}, 0, 1),
        ({"archive": []}, 0, 0),
        ({"archive": ["It is away."]}, 0, 1),
        ({"jump": 90_000}, 0, 1),
        ({"jump": -90_000}, 0, 1),
    ],
)
def test_troubles_and_notes(changes: dict[str, object], troubles: int, notes: int) -> None:
    well = Vitals(readable=True, writable=True, waiting=0, commits=0, units=0, last_id=0)
    vitals = Vitals(**{**{name: getattr(well, name) for name in Vitals.__struct_fields__}, **changes})
    assert (len(vitals.troubles()), len(vitals.notes())) == (troubles, notes)
    if vitals.jump:
        assert f"jumped by {vitals.jump // 1_000} s" in vitals.notes()[0]


def test_vitals_as_metrics() -> None:
    collector, registry = VitalsCollector(), CollectorRegistry()
    registry.register(collector)
    assert list(collector.collect()) == []
    collector.latest = Vitals(
        readable=True, writable=False, waiting=3, commits=4, units=5, last_id=6, failures={"x": 7},
        notifications=False, archive=["away"], jump=-61_500,
    )  # fmt: skip
    value = registry.get_sample_value
    assert [
        value(f"flagkeeper_{name}")
        for name in (
            *("database_readable", "database_writable", "writer_waiting", "writer_commits_total", "writer_units_total"),
            *("log_last_event", "notifications_arrive", "archive_usable", "clock_jump_seconds"),
        )
    ] == [1, 0, 3, 4, 5, 6, 0, 0, -61.5]
    assert value("flagkeeper_background_failures_total", {"task": "x"}) == 7
