"""What happens to many flags at once: bulk changes, environments that come and go, tags and time; and many writers."""

import asyncio
import threading
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import bindparam, update

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags import commands, queries
from flagkeeper.features.flags.commands import (
    archive,
    bulk,
    create,
    metadata,
    strategies,
    switch,
    tags,
    types,
    variants,
)
from flagkeeper.features.flags.jobs import mark_potentially_stale
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.flags.model.variant import VariantDraft
from flagkeeper.features.flags.tables import features
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.tags import commands as tag_commands
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import FlagArchived, NameExists, NotFound
from flagkeeper.storage.statement import Write
from tests.flags import add_project, make, seed, told, wheres
from tests.log import ALICE, Log

NAMES = ["a", "b", "c"]
_BORN = Write[Any](
    update(features).where(features.c.name == bindparam("feature_name")).values(created_at=bindparam("created_at"))
)


@pytest.fixture
def flags(log: Log) -> Log:
    """A seeded database with the flags a, b and c."""
    seed(log)
    for name in NAMES:
        make(log, name)
    return log


def in_chunks(log: Log, command: Any, names: list[str], size: int = 2) -> None:
    asyncio.run(log.units.run_chunks(ALICE, command, names, size))


def types_of(log: Log, after: int) -> list[tuple[str, str | None]]:
    return [(each.type, each.feature) for each in told(log, after)]


def test_a_bulk_change_is_one_group_of_several_units(flags: Log) -> None:
    before = flags.count()
    turn_on = partial(
        bulk.turn_many_on, project="default", environment="development", activate_disabled_strategies=False
    )
    in_chunks(
        flags,
        turn_on,
        NAMES,
    )
    assert len(told(flags, before)) == 6
    assert len({each.group_id for each in told(flags, before)}) == 1
    in_chunks(
        flags,
        turn_on,
        NAMES,
    )
    in_chunks(flags, partial(bulk.turn_many_off, project="default", environment="development"), ["c", "a", "a", "gone"])
    assert types_of(flags, before + 6) == [("feature-environment-disabled", name) for name in ("a", "c")]


def test_only_what_changes_is_recorded(flags: Log) -> None:
    flags.run(metadata.mark_stale, "default", "b", True)
    flags.run(archive.archive, "default", "c")
    before = flags.count()
    in_chunks(flags, partial(bulk.mark_many_stale, project="default", stale=True), NAMES)
    assert types_of(flags, before) == [("feature-stale-on", "a")]
    in_chunks(flags, partial(bulk.mark_many_stale, project="other", stale=False), NAMES)
    assert flags.count() == before + 1


def test_archive_revive_and_delete_many(flags: Log) -> None:
    before = flags.count()
    in_chunks(flags, partial(bulk.delete_many, project="default"), NAMES)
    in_chunks(flags, partial(bulk.archive_many, project="default"), NAMES[:2])
    in_chunks(flags, partial(bulk.revive_many, project="default"), [*NAMES, "gone"])
    in_chunks(flags, partial(bulk.archive_many, project="default"), NAMES[:1])
    in_chunks(flags, partial(bulk.delete_many, project="default"), NAMES)
    assert types_of(flags, before) == [
        ("feature-archived", "a"),
        ("feature-archived", "b"),
        ("feature-revived", "a"),
        ("feature-revived", "b"),
        ("feature-archived", "a"),
        ("feature-deleted", "a"),
    ]


def test_tags_of_many(flags: Log) -> None:
    flags.run(archive.archive, "default", "c")
    before = flags.count()
    new = [Tag("simple", "new")]
    in_chunks(flags, partial(tags.update_many, project="default", added=new, removed=[]), NAMES)
    assert types_of(flags, before) == [("tag-created", "a"), ("feature-tagged", "a"), ("feature-tagged", "b")]


def test_a_new_tag_that_no_flag_gets_after_all_is_told_of(flags: Log) -> None:
    flags.run(archive.archive, "default", "c")
    before = flags.count()
    new = [Tag("simple", "two"), Tag("simple", "one")]
    in_chunks(flags, partial(tags.update_many, project="default", added=new, removed=[]), ["c", "gone"])
    assert [(each.type, each.feature, each.data["value"]) for each in told(flags, before)] == [
        ("tag-created", None, "one"),
        ("tag-created", None, "two"),
    ]


def test_a_whole_list_is_checked_first(flags: Log) -> None:
    flags.run(archive.archive, "default", "c")

    def check(project: str, names: list[str], environment: str = "development") -> None:
        flags.read(queries.demand_flags, project, names, environment)

    check("default", ["a", "b"])
    for names, error in ((["a", "x", "y"], NotFound), (NAMES, FlagArchived)):
        with pytest.raises(error) as caught:
            check("default", names)
        assert len(caught.value.details) == (2 if error is NotFound else 1)
    with pytest.raises(NotFound):
        check("other", ["a"])
    with pytest.raises(NotFound):
        check("default", ["a"], "nowhere")


def test_what_a_project_does_not_have_is_left_out(flags: Log) -> None:
    def known(project: str, names: list[str], *, archived_too: bool = False) -> Any:
        return flags.reader.now(queries.known_flags, project, names, archived_too=archived_too)

    flags.run(archive.archive, "default", "c")
    flags.run(add_project, "other")
    flags.run(create.create, "other", FlagDraft(name="theirs"))
    assert known("default", ["b", "nobody", "theirs", "a", "b"]) == ["a", "b"]
    assert known("default", [*NAMES, "nobody"], archived_too=True) == NAMES
    assert known("other", NAMES) == []
    with pytest.raises(FlagArchived):
        known("default", ["nobody", "c"])
    with pytest.raises(NotFound):
        known("nowhere", NAMES)


def test_a_deleted_tag_leaves_every_flag(flags: Log) -> None:
    tag = Tag("simple", "core")
    for name in NAMES:
        flags.run(tags.add, name, tag)
    flags.run(archive.archive, "default", "b")
    before = flags.count()
    flags.run(tag_commands.delete_tag, "simple", "core", commands.untag_everywhere)
    assert types_of(flags, before) == [*(("feature-untagged", name) for name in NAMES), ("tag-deleted", None)]
    assert flags.read(queries.tags_of_flags, NAMES) == {}


def test_a_project_loses_and_gets_an_environment(flags: Log) -> None:
    flags.run(switch.turn_on, "default", "a", "production")
    flags.run(strategies.add, "default", "b", "production", StrategyDraft(name="default"))
    flags.run(variants.push, "default", "b", ["production"], [VariantDraft(name="v", weight=1)])
    flags.run(archive.archive, "default", "b")
    before = flags.count()
    flags.run(projects.remove_environment, "default", "production", commands)
    assert types_of(flags, before) == [
        ("feature-environment-disabled", "a"),
        ("feature-strategy-remove", "a"),
        ("feature-environment-variants-updated", "b"),
        ("feature-strategy-remove", "b"),
        ("project-environment-removed", None),
    ]
    with pytest.raises(NotFound):
        flags.read(queries.environment_of_flag, "default", "a", "production")
    assert flags.read(queries.strategy_uses, "default") == []
    flags.run(projects.add_environment, "default", "production", None, commands, queries.strategy_rules)
    flags.run(archive.revive, "default", "b")
    for name in NAMES:
        found = flags.read(queries.environment_of_flag, "default", name, "production")
        assert (found.enabled, found.strategies, found.variants) == (False, [], [])


def test_counts_for_projects_and_environments(flags: Log) -> None:
    flags.run(switch.turn_on, "default", "a", "production")
    flags.run(switch.turn_on, "default", "b", "production")
    flags.run(metadata.mark_stale, "default", "a", True)
    flags.run(archive.archive, "default", "b")
    assert flags.read(queries.enabled_flags, None, EVERYTHING) == {"production": 1}
    assert flags.read(queries.enabled_flags, "default", EVERYTHING) == {"production": 1}
    assert flags.read(queries.enabled_flags, "other", EVERYTHING) == {}
    counts = flags.read(queries.project_flags, ["default", "other"])
    assert list(counts) == ["default"]
    found = counts["default"]
    assert (found.active, found.stale, found.potentially_stale, found.archived) == (2, 1, 0, 1)


def born(unit: Unit, name: str, days_ago: int) -> None:
    unit.tx.write(_BORN, feature_name=name, created_at=unit.now - days_ago * clock.DAY)
    unit.silent(f"flag/{name}", "time cannot be made to pass")


def look(log: Log) -> None:
    asyncio.run(mark_potentially_stale(log.units, log.reader))


@pytest.mark.causes("feature-potentially-stale-on", action="every minute, for flags older than their type allows")
def test_time_makes_flags_potentially_stale(flags: Log) -> None:
    flags.run(born, "a", 41)
    flags.run(born, "b", 41)
    flags.run(born, "c", 39)
    flags.run(metadata.mark_stale, "default", "b", True)
    before = flags.count()
    look(flags)
    look(flags)
    (event,) = told(flags, before)
    assert (event.type, event.feature, event.created_by) == ("feature-potentially-stale-on", "a", SYSTEM.name)
    assert (event.data, event.pre_data) == (None, None)
    assert flags.read(queries.project_flags, ["default"])["default"].potentially_stale == 1

    flags.run(types.set_lifetime, "release", 0)
    look(flags)
    assert flags.read(queries.project_flags, ["default"])["default"].potentially_stale == 0
    flags.run(types.set_lifetime, "release", 40)
    flags.run(metadata.mark_stale, "default", "b", False)
    before = flags.count()
    look(flags)
    assert types_of(flags, before) == [("feature-potentially-stale-on", "a"), ("feature-potentially-stale-on", "b")]
    flags.run(metadata.mark_stale, "default", "a", True)
    assert not flags.read(queries.flag, "a").potentially_stale


def test_a_lifetime(flags: Log) -> None:
    before = flags.count()
    for _ in range(2):
        flags.run(types.set_lifetime, "kill-switch", 12)
    (event,) = told(flags, before)
    assert (event.type, event.subject) == ("feature-type-updated", "flag-type/kill-switch")
    assert (event.pre_data["lifetimeDays"], event.data["lifetimeDays"]) == (None, 12)
    assert event.version.lifetime_days == 12
    with pytest.raises(NotFound):
        flags.run(types.set_lifetime, "nope", 1)


def test_seeding_twice_changes_nothing(flags: Log) -> None:
    flags.run(types.set_lifetime, "release", 1)
    before = flags.count()
    flags.run(commands.seed)
    assert flags.count() == before
    assert flags.read(queries.all_types)[0].lifetime_days == 1


def test_two_servers_create_one_flag(database_url: str) -> None:
    logs = [Log(database_url) for _ in range(3)]
    seed(logs[0])
    outcomes: list[str] = []

    def race(log: Log) -> None:
        for i in range(20):
            try:
                log.run(create.create, "default", FlagDraft(name=f"flag-{i}"))
                outcomes.append("made")
            except NameExists:
                outcomes.append("taken")

    threads = [threading.Thread(target=race, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("made"), outcomes.count("taken")) == (20, 40)
    assert [each.type for each in told(logs[0])].count("feature-created") == 20
    for log in logs:
        log.close()


@pytest.mark.parametrize(
    ("locked", "command", "args"),
    [
        ("SELECT 1 FROM features WHERE name = 'a' FOR UPDATE", switch.turn_on, ("default", "a", "development")),
        ("SELECT 1 FROM features WHERE name = 'a' FOR UPDATE", tags.add, ("a", Tag("simple", "xx"))),
        ("SELECT 1 FROM projects WHERE id = 'default' FOR UPDATE", create.create, ("default", FlagDraft(name="new"))),
        ("SELECT 1 FROM projects WHERE id = 'default' FOR UPDATE", archive.revive, ("default", "a")),
        (
            "SELECT 1 FROM strategies WHERE name = 'default' FOR UPDATE",
            strategies.add,
            ("default", "a", "development", StrategyDraft(name="default")),
        ),
    ],
)
def test_a_change_waits_for_what_it_decides_on(postgresql_url: str, locked: str, command: Any, args: Any) -> None:
    log = Log(postgresql_url)
    seed(log)
    make(log, "a")
    with psycopg.connect(postgresql_url) as other:
        other.execute(locked.encode())
        changing = log.submit(command, *args)
        with pytest.raises(TimeoutError):
            changing.result(timeout=0.3)
        other.commit()
    changing.result(timeout=30)
    log.close()


def test_a_switch_sees_what_happened_while_it_waited(postgresql_url: str) -> None:
    """The state is read after the lock was given: what another server did meanwhile is not overlooked."""
    log, other = Log(postgresql_url), Log(postgresql_url)
    seed(log)
    make(log, "a")
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("SELECT 1 FROM features WHERE name = 'a' FOR UPDATE")
        waiting = [
            log.submit(switch.turn_on, "default", "a", "development"),
            other.submit(switch.turn_on, "default", "a", "development"),
        ]
        with pytest.raises(TimeoutError):
            waiting[0].result(timeout=0.3)
        connection.commit()
    for each in waiting:
        each.result(timeout=30)
    assert wheres(log)[-2:] == [("feature-strategy-add", "development"), ("feature-environment-enabled", "development")]
    assert wheres(log).count(("feature-environment-enabled", "development")) == 1
    log.close()
    other.close()


def test_bulk_changes_hold_nobody_up(flags: Log) -> None:
    """A long list is cut into units: another change gets its turn before it is through."""
    names = [f"flag-{i}" for i in range(400)]
    for name in names:
        flags.submit(create.create, "default", FlagDraft(name=name))
    flags.run(metadata.mark_stale, "default", "a", False)
    before = flags.count()

    async def both() -> None:
        many = asyncio.create_task(
            flags.units.run_chunks(ALICE, partial(bulk.mark_many_stale, project="default", stale=True), names, 20)
        )
        await asyncio.sleep(0)
        await flags.units.run(ALICE, metadata.mark_stale, "default", "a", True)
        await many

    asyncio.run(both())
    order = [each.feature for each in told(flags, before)]
    assert len(order) == 401
    assert order.index("a") < 400
