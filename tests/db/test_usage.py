"""What SDKs report, on its way into the database: bounded, added up, and told in few events. On both databases."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from flagkeeper.eventlog.catalogue.application import ClientMetrics, ClientRegister, MetricsBucket, MetricsData
from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.read import EventRow
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.flags.commands import archive, create, types
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.flags.queries import tags_of_flags
from flagkeeper.features.flags.tables import feature_last_seen
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.usage import commands, queries
from flagkeeper.features.usage.jobs import UsageCollector
from flagkeeper.features.usage.model import MOST_APPLICATIONS, Count, CountKey, Report, Reporter, Sighting, hour_of
from flagkeeper.features.usage.schemas.reports import RegisterBody
from flagkeeper.features.usage.tables import client_instances, client_metrics, client_metrics_variants, unknown_flags
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import NotFound, Unavailable
from flagkeeper.storage.statement import Query, columns
from tests.log import Log

TOKEN, OTHER_TOKEN = "backend", "staging"
ADDRESS = "203.0.113.9"
ROWS = {
    table.name: Query(select(table).order_by(*table.primary_key.columns), columns)
    for table in (client_metrics, client_metrics_variants, client_instances, unknown_flags, feature_last_seen)
}


def rows(log: Log, table: str) -> list[Any]:
    return log.reader.now(lambda tx: tx.all(ROWS[table]))


def recorded(log: Log, *types: str) -> list[EventRow]:
    """Oldest first."""
    return list(reversed(log.events(f"type:{','.join(types)}")))


def register(
    usage: UsageCollector,
    app: str = "shop",
    instance: str = "i1",
    environment: str = "development",
    token: str = TOKEN,
) -> None:
    reporter = Reporter(token, ADDRESS, ("*",), environment)
    body = RegisterBody(
        app_name=app,
        instance_id=instance,
        sdk_version="unleash-python-sdk:6.9.1",
        strategies=["default"],
        started="2026-11-22T00:00:00Z",
        interval=15000,
        platform_name="CPython",
    )
    usage.see(body.sighting(reporter, clock.now(), body.strategies))
    usage.report(body.registration(reporter))


def report_metrics(usage: UsageCollector, app: str = "shop", environment: str = "development") -> None:
    bucket = MetricsBucket(start="2026-11-22T00:00:00.000Z", stop="2026-11-22T00:01:00.000Z")
    data = MetricsData(app_name=app, environment=environment, bucket=bucket, toggles=2)
    sighting = Sighting(
        app_name=app,
        environment=environment,
        instance_id="i1",
        projects=("*",),
        token=TOKEN,
        address=ADDRESS,
        seen_at=clock.now(),
    )
    usage.see(sighting)
    usage.report(Report(ClientMetrics(data=data)))


def count(usage: UsageCollector, flag: str, yes: int, no: int = 0, app: str = "shop", **variants: int) -> None:
    hour = hour_of(clock.now(), clock.now())
    usage.count({CountKey(flag, "development", app, hour): Count(yes, no, variants)})


@pytest.fixture
def seeded(log: Log) -> Log:
    for command in (environments.seed, projects.seed, types.seed):
        log.run(command)
    return log


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Moves the clock."""
    now, follow = clock.now, clock.follow

    def move(millis: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: now() + millis)
        monkeypatch.setattr(clock, "follow", lambda told: follow(told) + millis)

    return move


async def test_ten_thousand_registrations_are_one_event_per_application_and_environment(log: Log) -> None:
    usage = UsageCollector(log.units)
    for i in range(10_000):
        app, environment = f"app-{i % 2}", ("development", "production")[i // 2 % 2]
        register(usage, app, f"instance-{i % 500}", environment, (TOKEN, OTHER_TOKEN)[i % 2])
        if i % 1_000 == 0:
            await usage.flush()
    await usage.flush()
    created, registered = recorded(log, "application-created"), recorded(log, "client-register")
    assert sorted(event.summary for event in created) == [
        "**unleash\\_system\\_user** registered application **app-0**",
        "**unleash\\_system\\_user** registered application **app-1**",
    ]
    assert sorted(json.loads(event.data or "")["createdBy"] for event in created) == ["backend", "staging"]
    assert len(registered) == 4
    assert {(event.created_by, event.created_by_user_id, event.ip) for event in created + registered} == {
        ("unleash_system_user", -1337, "")
    }
    assert all(event.feature_name is event.project is event.environment is None for event in created + registered)
    assert log.count() == 6
    assert len(rows(log, "client_instances")) == 500


async def test_metrics_are_one_event_per_application_environment_and_day(
    log: Log, later: Callable[[int], None]
) -> None:
    usage, other_process = UsageCollector(log.units), UsageCollector(log.units)
    for day in range(2):
        later(day * clock.DAY)
        for collector in (usage, other_process, UsageCollector(log.units)):
            for _ in range(3):
                report_metrics(collector)
                await collector.flush()
    assert len(recorded(log, "client-metrics")) == 2
    assert len(recorded(log, "application-created")) == 1


async def test_counts_add_up_by_hour_and_day(seeded: Log) -> None:
    seeded.run(create.create, "default", FlagDraft(name="checkout"))
    usage = UsageCollector(seeded.units)
    for _ in range(3):
        count(usage, "checkout", 5, 2, blue=3, green=2)
        count(usage, "checkout", 1, app="other")
        await usage.flush()
    hours = [row for row in rows(seeded, "client_metrics") if row[1] == "hour"]
    assert [(row[0], row[2], row[3], *row[5:]) for row in hours] == [
        ("checkout", "development", "other", 3, 0),
        ("checkout", "development", "shop", 15, 6),
    ]
    days = [row for row in rows(seeded, "client_metrics") if row[1] == "day"]
    assert [row[4] % clock.DAY for row in days] == [0, 0]
    assert [row[5:] for row in days] == [row[5:] for row in hours]
    variants = [row[5:] for row in rows(seeded, "client_metrics_variants") if row[1] == "hour"]
    assert variants == [("blue", 9), ("green", 6)]


async def test_what_is_no_flag_is_noted_as_unknown(seeded: Log) -> None:
    seeded.run(create.create, "default", FlagDraft(name="archived"))
    seeded.run(archive.archive, "default", "archived")
    usage = UsageCollector(seeded.units)
    count(usage, "archived", 1)
    count(usage, "never.seen", 1)
    await usage.flush()
    assert {row[0] for row in rows(seeded, "client_metrics")} == {"archived"}
    assert [row[:3] for row in rows(seeded, "unknown_flags")] == [("never.seen", "shop", "development")]
    assert [row[:2] for row in rows(seeded, "feature_last_seen")] == [("archived", "development")]


async def test_what_is_old_is_forgotten(seeded: Log, later: Callable[[int], None]) -> None:
    seeded.run(create.create, "default", FlagDraft(name="checkout"))
    usage = UsageCollector(seeded.units)
    register(usage)
    count(usage, "checkout", 1, blue=1)
    count(usage, "never.seen", 1)
    await usage.flush()
    left = {
        1 * clock.HOUR: (2, 2, 1, 1),
        25 * clock.HOUR: (2, 2, 1, 0),
        50 * clock.HOUR: (1, 1, 0, 0),
        93 * clock.DAY: (0, 0, 0, 0),
    }
    for passed, expected in left.items():
        later(passed)
        await usage.clean(seeded.units)
        tables = ("client_metrics", "client_metrics_variants", "client_instances", "unknown_flags")
        assert tuple(len(rows(seeded, table)) for table in tables) == expected
    with pytest.raises(NotFound):
        seeded.read(queries.application, "shop", EVERYTHING)


async def test_what_cannot_be_written_now_is_written_later_and_once(seeded: Log) -> None:
    seeded.run(create.create, "default", FlagDraft(name="checkout"))
    usage = UsageCollector(seeded.units)
    register(usage)
    count(usage, "checkout", 5)
    seeded.units.writer.stop()
    with pytest.raises(Unavailable):
        await usage.flush()
    count(usage, "checkout", 2)
    again = Log(seeded.database)
    usage._units = again.units
    await usage.flush()
    await usage.flush()
    assert [row[5:] for row in rows(again, "client_metrics")] == [(7, 0), (7, 0)]
    assert len(recorded(again, "client-register")) == 1
    again.close()


async def test_what_the_database_refuses_is_dropped_and_holds_up_nothing(seeded: Log) -> None:
    seeded.run(create.create, "default", FlagDraft(name="checkout"))
    usage = UsageCollector(seeded.units)
    report_metrics(usage, app="\ud800 cannot be stored")
    count(usage, "checkout", 5)
    await usage.flush()
    assert usage.dropped >= 1
    assert [row[5:] for row in rows(seeded, "client_metrics")] == [(5, 0), (5, 0)]


async def test_stopping_writes_what_is_left(log: Log) -> None:
    usage = UsageCollector(log.units)
    await usage.start()
    register(usage)
    await usage.stop()
    assert len(rows(log, "client_instances")) == 1


async def test_metrics_do_not_unlearn_the_sdk(log: Log) -> None:
    usage = UsageCollector(log.units)
    register(usage)
    await usage.flush()
    report_metrics(usage)
    await usage.flush()
    (instance,) = log.read(queries.application, "shop", EVERYTHING)[2]
    assert instance.sdk_version == "unleash-python-sdk:6.9.1"
    assert log.read(queries.application, "shop", EVERYTHING)[0].strategies == '["default"]'


async def test_applications_are_limited(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_APPLICATIONS == 5_000
    monkeypatch.setattr(commands, "MOST_APPLICATIONS", 3)
    usage = UsageCollector(log.units)
    for i in range(5):
        register(usage, f"app-{i}")
        await usage.flush()
    assert len(recorded(log, "application-created")) == 3
    assert len(recorded(log, "client-register")) == 3
    assert usage.dropped == 2


async def test_usage_by_the_hour_and_by_the_day(seeded: Log) -> None:
    seeded.run(create.create, "default", FlagDraft(name="checkout"))
    usage, now = UsageCollector(seeded.units), clock.now()
    this, before = hour_of(now, now), hour_of(now - clock.HOUR, now)
    usage.count({CountKey("checkout", "development", "shop", this): Count(3, 1, {"blue": 2})})
    usage.count({CountKey("checkout", "development", "shop", before): Count(1, 1)})
    await usage.flush()
    counts, readers = seeded.read(queries.last_hour, "checkout", now, EVERYTHING)
    assert [(each.yes, each.no) for each in counts] == [(3, 1)]
    assert readers == ["shop"]
    hours = seeded.read(queries.flag_usage, "checkout", 48, now, EVERYTHING)
    assert len(hours) == 48
    assert (hours[-1].start, hours[-1].yes, hours[-1].variants) == (this, 3, {"blue": 2})
    assert (hours[-2].start, hours[-2].yes) == (before, 1)
    assert not any(each.yes or each.no for each in hours[:-2])
    days = seeded.read(queries.flag_usage, "checkout", 24 * 7, now, EVERYTHING)
    assert len(days) == 7
    assert sum(each.yes for each in days) == 4
    questions: list[tuple[Any, ...]] = [
        (queries.flag_usage, "unknown", 48, now, EVERYTHING),
        (queries.last_hour, "unknown", now, EVERYTHING),
    ]
    for question in questions:
        with pytest.raises(NotFound):
            seeded.read(*question)


async def test_two_processes_may_write_the_same_counts_at_once(seeded: Log) -> None:
    for i in range(20):
        seeded.run(create.create, "default", FlagDraft(name=f"flag-{i}"))
    others = [Log(seeded.database) for _ in range(2)]
    collectors = [UsageCollector(other.units) for other in others]
    for _ in range(5):
        for collector in collectors:
            for i in range(20):
                count(collector, f"flag-{i}", 1, blue=1)
        await asyncio.gather(*(collector.flush() for collector in collectors))
    for other in others:
        other.close()
    assert {row[5] for row in rows(seeded, "client_metrics")} == {10}
    assert {row[6] for row in rows(seeded, "client_metrics_variants")} == {10}
    assert sum(collector.dropped for collector in collectors) == 0


def test_tags_are_not_asked_for(log: Log) -> None:
    """Events of applications name no flag, which would change every client's ETag."""
    assert not log.reader.now(tags_of_flags, ["shop"])
    assert ClientRegister.about.reach == ClientMetrics.about.reach == 0
