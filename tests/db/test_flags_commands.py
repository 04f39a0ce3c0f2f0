"""Changing flags, on both databases: state and events go together, and a refused change leaves nothing."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import bindparam, update

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import StrategyData, TagData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.commands import archive, create, legacy, metadata, strategies, switch, tags, variants
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironment, FlagEnvironmentState
from flagkeeper.features.flags.model.flag import FlagChange, FlagDraft, OldFlagChange
from flagkeeper.features.flags.model.json_patch import Patch
from flagkeeper.features.flags.model.relations import NO_RELATIONS
from flagkeeper.features.flags.model.strategy import StrategyChange, StrategyDraft
from flagkeeper.features.flags.model.variant import VariantDraft, checked_variants
from flagkeeper.features.flags.queries.rules import strategy_rules
from flagkeeper.features.flags.store import environments
from flagkeeper.features.flags.store import flags as flag_store
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.projects.tables import projects as project_table
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.usage.queries import hour_counts
from flagkeeper.kernel.errors import (
    BadData,
    Conflict,
    FlagArchived,
    FlagkeeperError,
    InvalidOperation,
    LimitExceeded,
    NameExists,
    NotFound,
    PatternMismatch,
    SilentChange,
)
from flagkeeper.readmodels.client_features.queries import read_flags
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction
from tests.flags import add_project, make, seed, told, wheres
from tests.log import Log
from tests.versions import versions_of

HERE = ("default", "checkout", "development")
ROLLOUT = StrategyDraft(name="flexibleRollout")


@pytest.fixture
def flags(log: Log) -> Log:
    """A seeded database with the flag `checkout`."""
    seed(log)
    make(log, tags=[{"type": "simple", "value": "core"}])
    return log


def state(log: Log, environment: str = "development", name: str = "checkout") -> FlagEnvironment:
    found: FlagEnvironment = log.read(queries.environment_of_flag, "default", name, environment)
    return found


def variant(name: str, weight: int = 1, weight_type: str = "variable") -> VariantDraft:
    return msgspec.convert({"name": name, "weight": weight, "weightType": weight_type}, VariantDraft)


def refused(log: Log, error: type[FlagkeeperError], command: Any, *args: Any) -> None:
    """Runs a command that must fail and record nothing."""
    before = log.count()
    with pytest.raises(error):
        log.run(command, *args)
    assert log.count() == before


def states_now(flags: Log) -> dict[str, FlagEnvironmentState]:
    """The versions that the environments of the flag should have."""
    return {f"flag/checkout/{name}": state(flags, name).state("default") for name in ("development", "production")}


def test_a_new_flag_is_off_everywhere_and_tagged(flags: Log) -> None:
    detail = flags.read(queries.flag_detail, "default", "checkout", hour_counts, 7)
    assert [(each.environment.name, each.state.enabled, each.state.strategies) for each in detail.environments] == [
        ("development", False, []),
        ("production", False, []),
    ]
    made_tag, created = told(flags)[-2:]
    assert (made_tag.type, made_tag.feature) == ("tag-created", "checkout")
    assert (created.type, created.feature, created.data["createdAt"][-1]) == ("feature-created", "checkout", "Z")
    assert (made_tag.tags, created.tags) == ([], [{"type": "simple", "value": "core", "color": "#FFFFFF"}])
    assert versions_of(flags, created.id) == {
        "flag/checkout": detail.flag.state([Tag("simple", "core")], NO_RELATIONS),
        **{f"flag/checkout/{name}": OFF.state("default") for name in ("development", "production")},
    }


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": "a/b"}, BadData),
        ({"name": "other", "type": "nope"}, BadData),
        ({"name": "other", "tags": [{"type": "nope", "value": "xx"}]}, BadData),
        ({"name": "other", "tags": [{"type": "simple", "value": "new"}, {"type": "simple", "value": "x"}]}, BadData),
        ({"name": "checkout"}, NameExists),
        ({"name": "checkout", "tags": [{"type": "simple", "value": "new"}]}, NameExists),
    ],
)
def test_a_flag_that_cannot_be_leaves_nothing(flags: Log, fields: dict[str, Any], error: type[FlagkeeperError]) -> None:
    before = flags.count()
    with pytest.raises(error):
        make(flags, **fields)
    assert flags.count() == before
    assert [each.flag.name for each in flags.read(queries.flags_of_project, "default", 7)] == ["checkout"]


def test_an_unknown_project_has_no_room(flags: Log) -> None:
    refused(flags, NotFound, create.create, "nowhere", msgspec.convert({"name": "a"}, FlagDraft))


def test_an_archived_flag_keeps_its_name(flags: Log) -> None:
    flags.run(archive.archive, "default", "checkout")
    with pytest.raises(NameExists):
        make(flags)


def test_limits_and_naming(log: Log) -> None:
    seed(log)
    change = {"feature_limit": 1, "feature_naming_pattern": "team-.+"}
    log.run(_set_project, change)
    with pytest.raises(PatternMismatch):
        make(log, "checkout")
    make(log, "team-a")
    with pytest.raises(LimitExceeded, match="project allows 1"):
        make(log, "team-b")
    log.run(archive.archive, "default", "team-a")
    make(log, "team-b")
    with pytest.raises(PatternMismatch):
        log.read(queries.demand_possible_name, "checkout", "default", EVERYTHING)
    with pytest.raises(NameExists):
        log.read(queries.demand_possible_name, "team-a", None, EVERYTHING)


def _set_project(unit: Any, change: dict[str, Any]) -> None:
    of_id = update(project_table).where(project_table.c.id == bindparam("id"))
    write = Write[Any](of_id.values({name: bindparam(name) for name in change}))
    unit.tx.write(write, id="default", **change)
    unit.silent("project/default", "what projects record is not what this test is about")


def test_the_limit_of_all_flags(log: Log) -> None:
    seed(log)
    log.units._limits = msgspec.structs.replace(log.units._limits, feature_flags=1)
    make(log, "a")
    with pytest.raises(LimitExceeded):
        make(log, "b")


def test_switching_on_adds_the_default_strategy_once(flags: Log) -> None:
    before = flags.count()
    for _ in range(2):
        flags.run(switch.turn_on, *HERE)
    added, enabled = told(flags, before)
    assert [added.where, enabled.where] == [
        ("feature-strategy-add", "development"),
        ("feature-environment-enabled", "development"),
    ]
    (strategy,) = state(flags).strategies
    assert added.data == msgspec.to_builtins(strategy)
    assert strategy.parameters == {"rollout": "100", "stickiness": "default", "groupId": "checkout"}
    assert (added.version.enabled, added.version.strategies) == (False, [strategy])
    assert enabled.version == state(flags).state("default")
    assert added.group_id == enabled.group_id
    assert not state(flags, "production").enabled


def test_switching_off_and_on_again_keeps_the_strategy(flags: Log) -> None:
    flags.run(switch.turn_on, *HERE)
    before = flags.count()
    for command in (switch.turn_off, switch.turn_off, switch.turn_on):
        flags.run(command, *HERE)
    assert wheres(flags, before) == [
        ("feature-environment-disabled", "development"),
        ("feature-environment-enabled", "development"),
    ]
    assert len(state(flags).strategies) == 1


def test_the_projects_default_strategy_is_used(flags: Log) -> None:
    segment = flags.run(segments.create, SegmentDraft(name="s", description=None, constraints=[], project=None))
    default = DefaultStrategyData(
        name="flexibleRollout",
        title="Ours",
        disabled=False,
        constraints=[Constraint(context_name="appName", operator="IN", values=["web"])],
        parameters={"rollout": "25"},
        variants=[],
        segments=[segment.id],
    )
    flags.run(projects.set_default_strategy, "default", "development", default, queries.strategy_rules)
    flags.run(switch.turn_on, *HERE)
    (strategy,) = state(flags).strategies
    assert (strategy.title, strategy.parameters["rollout"], strategy.segments) == ("Ours", "25", [segment.id])
    assert list(flags.read(queries.segment_uses, [segment.id])) == [segment.id]


def test_disabled_strategies_can_be_enabled_instead(flags: Log) -> None:
    for title in ("one", "two"):
        flags.run(strategies.add, *HERE, StrategyDraft(name="default", title=title, disabled=True))
    before = flags.count()
    flags.run(lambda unit: switch.turn_on(unit, *HERE, activate_disabled_strategies=True))
    assert [each.type for each in told(flags, before)] == [
        "feature-strategy-update",
        "feature-strategy-update",
        "feature-environment-enabled",
    ]
    assert [each.pre_data["disabled"] for each in told(flags, before)[:2]] == [True, True]
    assert [strategy.title for strategy in state(flags).strategies if not strategy.disabled] == ["one", "two"]


def test_disabled_strategies_stay_disabled_unless_asked(flags: Log) -> None:
    flags.run(strategies.add, *HERE, StrategyDraft(name="default", disabled=True))
    before = flags.count()
    flags.run(switch.turn_on, *HERE)
    assert [each.type for each in told(flags, before)] == ["feature-strategy-add", "feature-environment-enabled"]
    assert [strategy.disabled for strategy in state(flags).strategies] == [True, False]


@pytest.mark.parametrize(
    "place",
    [("nowhere", "checkout", "development"), ("default", "none", "development"), ("default", "checkout", "none")],
)
def test_what_is_not_there_cannot_be_switched(flags: Log, place: tuple[str, str, str]) -> None:
    refused(flags, NotFound, switch.turn_on, *place)
    refused(flags, NotFound, switch.turn_off, *place)


def test_archived_flags_stay_as_they_are(flags: Log) -> None:
    flags.run(archive.archive, "default", "checkout")
    change, tag = FlagChange(description="x"), Tag("simple", "xx")
    for command, args in (
        (switch.turn_on, HERE),
        (switch.turn_off, HERE),
        (metadata.update, ("default", "checkout", change)),
        (strategies.add, (*HERE, ROLLOUT)),
        (variants.push, (*HERE[:2], ["development"], [variant("a")])),
        (tags.add, ("checkout", tag)),
        (legacy.update, ("default", "checkout", OldFlagChange(description="x"))),
    ):
        refused(flags, FlagArchived, command, *args)


def test_details_change_with_their_previous_state(flags: Log) -> None:
    before = flags.count()
    flags.run(metadata.update, "default", "checkout", FlagChange(description="d", stale=True))
    flags.run(metadata.update, "default", "checkout", FlagChange(description="d", stale=True))
    (event,) = told(flags, before)
    assert event.type == "feature-metadata-updated"
    assert (event.pre_data["description"], event.pre_data["stale"]) == (None, False)
    assert (event.data["description"], event.data["stale"]) == ("d", True)
    assert event.version == flags.read(queries.flag, "checkout").state([Tag("simple", "core")], NO_RELATIONS)
    assert event.version.tags == [TagData(type="simple", value="core")]


def patches(*operations: dict[str, Any]) -> list[Patch]:
    return msgspec.convert(list(operations), list[Patch])


def test_a_patch_that_marks_as_stale_says_so_too(flags: Log) -> None:
    before = flags.count()
    flags.run(metadata.patch, "default", "checkout", patches({"op": "replace", "path": "/stale", "value": True}))
    flags.run(metadata.patch, "default", "checkout", patches({"op": "replace", "path": "/stale", "value": False}))
    flags.run(metadata.patch, "default", "checkout", patches({"op": "replace", "path": "/unknown", "value": 1}))
    flags.run(metadata.patch, "default", "checkout", patches({"op": "remove", "path": "/description"}))
    assert [each.type for each in told(flags, before)] == [
        "feature-metadata-updated",
        "feature-stale-on",
        "feature-metadata-updated",
        "feature-stale-off",
    ]


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ({"op": "add", "path": "/variants/0", "value": {}}, InvalidOperation),
        ({"op": "replace", "path": "/type", "value": "nope"}, BadData),
        ({"op": "replace", "path": "/stale", "value": "yes"}, BadData),
        ({"op": "remove", "path": "/type"}, BadData),
        ({"op": "replace", "path": "", "value": None}, BadData),
        ({"op": "test", "path": "/stale", "value": True}, BadData),
    ],
)
def test_patches_that_are_refused(flags: Log, operation: dict[str, Any], error: type[FlagkeeperError]) -> None:
    refused(flags, error, metadata.patch, "default", "checkout", patches(operation))


def test_a_strategys_life(flags: Log) -> None:
    before = flags.count()
    strategy = flags.run(strategies.add, *HERE, ROLLOUT)
    half = StrategyChange(parameters={"rollout": "50"})
    changed = flags.run(strategies.update, *HERE, strategy.id, half)
    flags.run(strategies.update, *HERE, strategy.id, half)
    patched = flags.run(strategies.patch, *HERE, strategy.id, patches({"op": "add", "path": "/title", "value": "Half"}))
    flags.run(strategies.remove, *HERE, strategy.id)
    added, first, second, removed = told(flags, before)
    plain = msgspec.to_builtins
    assert (added.type, added.data, added.pre_data) == ("feature-strategy-add", plain(strategy), None)
    assert (first.type, first.data, first.pre_data) == ("feature-strategy-update", plain(changed), plain(strategy))
    assert (second.data, second.pre_data) == (plain(patched), plain(changed))
    assert (removed.type, removed.data, removed.pre_data) == ("feature-strategy-remove", None, plain(patched))
    assert [each.version.strategies for each in (added, first, second, removed)] == [
        [strategy],
        [changed],
        [patched],
        [],
    ]
    refused(flags, NotFound, strategies.remove, *HERE, strategy.id)
    refused(flags, NotFound, strategies.update, *HERE, strategy.id, half)


def test_segments_of_a_strategy(flags: Log) -> None:
    def segment(name: str, project: str | None = None) -> int:
        draft = SegmentDraft(name=name, description=None, constraints=[], project=project)
        id_: int = flags.run(segments.create, draft).id
        return id_

    flags.run(add_project, "other")
    first, second, foreign = segment("a"), segment("b", "default"), segment("c", "other")
    strategy = flags.run(strategies.add, *HERE, StrategyDraft(name="default", segments=[second, first, second]))
    assert strategy.segments == [first, second] == state(flags).strategies[0].segments
    flags.run(strategies.update, *HERE, strategy.id, StrategyChange(segments=[second]))
    assert state(flags).strategies[0].segments == [second]
    uses = flags.read(queries.segment_uses, [first, second])
    assert [(each.id, each.feature_name, each.environment) for each in uses[second]] == [
        (strategy.id, "checkout", "development")
    ]
    assert first not in uses
    refused(flags, NotFound, strategies.add, *HERE, StrategyDraft(name="default", segments=[999]))
    refused(flags, BadData, strategies.add, *HERE, StrategyDraft(name="default", segments=[foreign]))
    refused(flags, NotFound, strategies.update, *HERE, strategy.id, StrategyChange(segments=[999]))
    flags.run(strategies.remove, *HERE, strategy.id)
    assert flags.read(queries.segment_uses, [second]) == {}


def test_a_segment_that_others_use_is_not_taken_by_one_project(flags: Log) -> None:
    def take(project: str | None) -> tuple[Any, ...]:
        return segments.update, segment.id, msgspec.structs.replace(draft, project=project), queries.segment_uses

    flags.run(add_project, "other")
    draft = SegmentDraft(name="a", description=None, constraints=[], project=None)
    segment = flags.run(segments.create, draft)
    using = StrategyDraft(name="default", segments=[segment.id])
    strategy = flags.run(strategies.add, *HERE, using)
    refused(flags, InvalidOperation, *take("other"))
    flags.run(*take("default"))
    refused(flags, InvalidOperation, *take("other"))
    flags.run(*take(None))
    flags.run(create.create, "other", FlagDraft(name="theirs"))
    theirs = flags.run(strategies.add, "other", "theirs", "development", using)
    for project in ("default", "other"):
        refused(flags, InvalidOperation, *take(project))
    flags.run(strategies.remove, *HERE, strategy.id)
    flags.run(archive.archive, "other", "theirs")
    refused(flags, InvalidOperation, *take("default"))
    flags.run(*take("other"))
    refused(flags, BadData, strategies.add, *HERE, using)
    assert flags.read(queries.segment_uses, [segment.id])[segment.id][0].id == theirs.id


def test_a_segment_that_a_default_strategy_uses_is_neither_taken_nor_deleted(flags: Log) -> None:
    draft = SegmentDraft(name="a", description=None, constraints=[], project=None)
    segment = flags.run(segments.create, draft)
    default = DefaultStrategyData(
        name="flexibleRollout",
        title=None,
        disabled=False,
        parameters={},
        constraints=[],
        segments=[segment.id],
        variants=[],
    )
    place = ("default", "production")
    flags.run(projects.set_default_strategy, *place, default, strategy_rules)
    flags.run(add_project, "other")
    taken = msgspec.structs.replace(draft, project="other")
    refused(flags, InvalidOperation, segments.update, segment.id, taken, queries.segment_uses)
    refused(flags, Conflict, segments.delete, segment.id, queries.segment_uses)
    flags.run(switch.turn_on, "default", "checkout", "production")
    without = msgspec.structs.replace(default, segments=[])
    flags.run(projects.set_default_strategy, *place, without, strategy_rules)
    refused(flags, Conflict, segments.delete, segment.id, queries.segment_uses)
    (strategy,) = state(flags, "production").strategies
    flags.run(strategies.remove, "default", "checkout", "production", strategy.id)
    flags.run(segments.update, segment.id, taken, queries.segment_uses)
    flags.run(segments.delete, segment.id, queries.segment_uses)


def test_a_strategy_needs_a_definition_and_room(flags: Log) -> None:
    refused(flags, BadData, strategies.add, *HERE, StrategyDraft(name="nope"))
    flags.units._limits = msgspec.structs.replace(flags.units._limits, feature_environment_strategies=1)
    flags.run(strategies.add, *HERE, ROLLOUT)
    refused(flags, LimitExceeded, strategies.add, *HERE, ROLLOUT)
    assert flags.read(queries.strategy_uses, "flexibleRollout") == ["checkout"]
    assert flags.read(queries.strategy_uses, "default") == []


def test_the_last_enabled_strategy_takes_the_flag_off_with_it(flags: Log) -> None:
    flags.run(switch.turn_on, *HERE)
    flags.run(strategies.add, *HERE, StrategyDraft(name="default", disabled=True))
    enabled, disabled = state(flags).strategies
    before = flags.count()
    flags.run(strategies.remove, *HERE, enabled.id)
    off, removed = told(flags, before)
    assert (off.type, removed.type) == ("feature-environment-disabled", "feature-strategy-remove")
    assert off.version.strategies == [enabled, disabled]
    assert removed.version == state(flags).state("default")
    assert not state(flags).enabled


def test_an_update_that_leaves_only_disabled_strategies_takes_the_flag_off(flags: Log) -> None:
    flags.run(switch.turn_on, *HERE)
    (strategy,) = state(flags).strategies
    before = flags.count()
    flags.run(strategies.update, *HERE, strategy.id, StrategyChange(disabled=True))
    assert [each.type for each in told(flags, before)] == ["feature-strategy-update", "feature-environment-disabled"]


def test_one_of_several_strategies_can_go(flags: Log) -> None:
    flags.run(switch.turn_on, *HERE)
    other = flags.run(strategies.add, *HERE, ROLLOUT)
    before = flags.count()
    flags.run(strategies.remove, *HERE, other.id)
    assert [each.type for each in told(flags, before)] == ["feature-strategy-remove"]


def test_the_order_of_strategies(flags: Log) -> None:
    first, second, third = (flags.run(strategies.add, *HERE, ROLLOUT) for _ in range(3))
    before = flags.count()
    flags.run(strategies.set_order, *HERE, {third.id: 0, first.id: 1, second.id: 2})
    flags.run(strategies.set_order, *HERE, {third.id: 0, first.id: 1, second.id: 2})
    (event,) = told(flags, before)
    assert event.type == "strategy-order-changed"
    assert event.data == {"strategyIds": [third.id, first.id, second.id]}
    assert event.pre_data == {"strategyIds": [first.id, second.id, third.id]}
    assert event.version == state(flags).state("default")
    refused(flags, NotFound, strategies.set_order, *HERE, {"nope": 0})
    refused(flags, BadData, strategies.set_order, *HERE, {first.id: -1})


def test_new_numbers_in_the_old_order_are_updates(flags: Log) -> None:
    first, second = (flags.run(strategies.add, *HERE, ROLLOUT) for _ in range(2))
    before = flags.count()
    flags.run(strategies.set_order, *HERE, {first.id: 0, second.id: 7})
    (event,) = told(flags, before)
    assert (event.type, event.pre_data["sortOrder"], event.data["sortOrder"]) == ("feature-strategy-update", 1, 7)
    assert [each.sort_order for each in state(flags).strategies] == [0, 7]


def test_variants_of_environments(flags: Log) -> None:
    before = flags.count()
    two = [variant("a"), variant("b")]
    refused(flags, InvalidOperation, variants.replace, *HERE, two)
    refused(flags, InvalidOperation, variants.patch, *HERE, patches({"op": "add", "path": "/0", "value": {}}))
    for _ in range(2):
        flags.run(variants.push, "default", "checkout", ["production", "development"], two)
    flags.run(variants.replace, *HERE, [variant("a")])
    flags.run(
        variants.patch,
        *HERE,
        patches({"op": "add", "path": "/-", "value": {"name": "z", "weight": 100, "weightType": "fix"}}),
    )
    events = told(flags, before)
    assert [each.where for each in events] == [
        ("feature-environment-variants-updated", environment)
        for environment in ("development", "production", "development", "development")
    ]
    assert [[each["name"] for each in event.pre_data["variants"]] for event in events] == [[], [], ["a", "b"], ["a"]]
    assert [(each.name, each.weight) for each in state(flags).variants] == [("a", 900), ("z", 100)]
    assert events[-1].version == state(flags).state("default")
    refused(flags, NotFound, variants.push, "default", "checkout", ["development", "nowhere"], [variant("c")])
    refused(flags, BadData, variants.replace, *HERE, [variant("a"), variant("a")])


def test_variants_of_the_whole_flag_are_one_change(flags: Log) -> None:
    flags.run(variants.push, "default", "checkout", ["development"], [variant("a")])
    before = flags.count()
    for _ in range(2):
        flags.run(variants.replace_everywhere, "default", "checkout", [variant("a")])
    patch = patches({"op": "replace", "path": "/0/name", "value": "b"})
    flags.run(variants.patch_everywhere, "default", "checkout", patch)
    first, second = told(flags, before)
    assert (first.where, first.pre_data) == (("feature-variants-updated", None), {"variants": []})
    assert [each["name"] for each in second.data["variants"]] == ["b"]
    assert [each["name"] for each in second.pre_data["variants"]] == ["a"]
    assert {each.name for each in state(flags, "production").variants} == {"b"}
    kept = versions_of(flags, second.id)
    assert {path: kept[path] for path in kept if path != "flag/checkout"} == states_now(flags)
    assert [each.name for each in flags.read(queries.variants_of_flag, "default", "checkout")] == ["b"]


def test_another_order_of_the_same_variants_is_no_change(flags: Log) -> None:
    mixed = [variant("c"), variant("A", 100, "fix"), variant("b")]
    default = DefaultStrategyData(
        name="flexibleRollout",
        title=None,
        disabled=False,
        parameters={},
        constraints=[],
        segments=[],
        variants=checked_variants(mixed, "/body/variants")[::-1],
    )

    def everywhere(order: list[VariantDraft], id_: str) -> None:
        flags.run(variants.push, "default", "checkout", ["production"], order)
        flags.run(variants.replace, "default", "checkout", "production", order)
        flags.run(variants.replace_everywhere, "default", "checkout", order)
        flags.run(strategies.update, *HERE, id_, StrategyChange(variants=order))

    strategy = flags.run(strategies.add, *HERE, msgspec.structs.replace(ROLLOUT, variants=mixed))
    flags.run(projects.set_default_strategy, "default", "production", default, strategy_rules)
    everywhere(mixed, strategy.id)
    names = [["A", "b", "c"]] * 3
    for event in told(flags):
        for data in (event.data, event.pre_data):
            assert [each["name"] for each in (data or {}).get("variants", [])] in ([], names[0])
    before = flags.count()
    everywhere(mixed[::-1], strategy.id)
    backwards = msgspec.structs.replace(default, variants=default.variants[::-1])
    flags.run(projects.set_default_strategy, "default", "production", backwards, strategy_rules)
    assert told(flags, before) == []
    kept = (state(flags).variants, state(flags, "production").variants, state(flags).strategies[0].variants)
    assert [[each.name for each in own] for own in kept] == names
    assert [each.weight for each in kept[0]] == [100, 450, 450]


def test_variants_that_an_older_version_stored_are_read_by_name(flags: Log) -> None:
    strategy = flags.run(strategies.add, *HERE, ROLLOUT)
    unsorted = checked_variants([variant("a"), variant("b")], "/body/variants")[::-1]

    def store_as_before(unit: Unit) -> None:
        unit.silent("flag/checkout", "as an older version stored it")
        environments.set_variants(unit.tx, "checkout", "development", unsorted)
        new = msgspec.structs.replace(strategy, variants=unsorted)
        environments.save_strategy(unit.tx, "checkout", "development", strategy, new)

    flags.run(store_as_before)
    names = [each.name for each in state(flags).variants], [each.name for each in state(flags).strategies[0].variants]
    assert names == (["a", "b"], ["a", "b"])
    assert [each.name for each in flags.read(queries.variants_of_flag, "default", "checkout")] == ["a", "b"]
    sent = flags.read(lambda tx: read_flags(tx, {}))[0]["checkout"].environments["development"].linked
    assert [each["name"] for each in msgspec.json.decode(sent)["variants"]] == ["a", "b"]
    before = flags.count()
    flags.run(variants.replace, *HERE, [variant("a"), variant("b")])
    assert told(flags, before) == []


def test_tags(flags: Log) -> None:
    before = flags.count()
    for _ in range(2):
        assert flags.run(tags.add, "checkout", Tag("simple", "new")) == Tag("simple", "new", "#FFFFFF")
    for _ in range(2):
        flags.run(tags.remove, "checkout", Tag("simple", "core"))
    created, tagged, untagged = told(flags, before)
    assert (created.type, created.feature, created.data) == (
        "tag-created",
        "checkout",
        {"type": "simple", "value": "new"},
    )
    assert (tagged.type, tagged.data, tagged.pre_data) == ("feature-tagged", {"type": "simple", "value": "new"}, None)
    assert (untagged.type, untagged.data) == ("feature-untagged", {"type": "simple", "value": "core"})
    core, new = ({"type": "simple", "value": value, "color": "#FFFFFF"} for value in ("core", "new"))
    assert (created.tags, tagged.tags, untagged.tags) == ([core], [core, new], [core, new])
    assert [each.value for each in untagged.version.tags] == ["new"]
    refused(flags, BadData, tags.add, "checkout", Tag("nope", "xx"))
    refused(flags, NotFound, tags.add, "nobody", Tag("simple", "unheard"))


def test_tags_at_once(flags: Log) -> None:
    before = flags.count()
    added = [Tag("simple", value) for value in ("one", "two")]
    flags.run(tags.update, "checkout", added, [Tag("simple", "core")])
    assert [(each.type, [tag["value"] for tag in each.tags]) for each in told(flags, before)] == [
        ("tag-created", ["core"]),
        ("feature-tagged", ["core", "one"]),
        ("tag-created", ["core", "one"]),
        ("feature-tagged", ["core", "one", "two"]),
        ("feature-untagged", ["core", "one", "two"]),
    ]
    assert [each.value for each in flags.read(queries.tags_of_flag, "checkout", EVERYTHING)] == ["one", "two"]


def test_archiving_and_reviving(flags: Log) -> None:
    flags.run(switch.turn_on, *HERE)
    before = flags.count()
    for command in (archive.archive, archive.archive, archive.revive, archive.revive):
        flags.run(command, "default", "checkout")
    archived, revived = told(flags, before)
    assert [each.where for each in (archived, revived)] == [("feature-archived", None), ("feature-revived", None)]
    assert archived.version.archived_at is not None
    assert versions_of(flags, archived.id).keys() == {"flag/checkout"}
    assert not state(flags).enabled
    assert len(state(flags).strategies) == 1
    kept = versions_of(flags, revived.id)
    assert kept.pop("flag/checkout") == revived.version
    assert kept == states_now(flags)
    for command in (archive.archive, archive.revive):
        refused(flags, NotFound, command, "default", "nobody")
        refused(flags, NotFound, command, "other", "checkout")


def test_deleting_takes_everything_along(flags: Log) -> None:
    flags.run(switch.turn_on, *HERE)
    before = flags.count()
    flags.run(archive.delete, "default", "checkout")
    assert flags.count() == before
    flags.run(archive.archive, "default", "checkout")
    for _ in range(2):
        flags.run(archive.delete, "default", "checkout")
    _, deleted = told(flags, before)
    assert (deleted.type, deleted.data, deleted.pre_data["archived"]) == ("feature-deleted", None, True)
    assert deleted.tags == [{"type": "simple", "value": "core", "color": "#FFFFFF"}]
    gone = ("flag/checkout", "flag/checkout/development", "flag/checkout/production")
    assert versions_of(flags, deleted.id) == dict.fromkeys(gone)
    assert flags.read(queries.strategy_uses, "flexibleRollout") == []
    assert flags.read(queries.tags_of_flags, ["checkout"]) == {}
    make(flags)
    assert state(flags).strategies == []


def test_a_copy(flags: Log) -> None:
    segment = flags.run(segments.create, SegmentDraft(name="s", description=None, constraints=[], project=None))
    flags.run(switch.turn_on, *HERE)
    flags.run(strategies.add, *HERE, StrategyDraft(name="default", segments=[segment.id], title="second"))
    flags.run(variants.push, "default", "checkout", ["production"], [variant("a")])
    flags.run(metadata.update, "default", "checkout", FlagChange(description="d", type="experiment", stale=True))
    before = flags.count()
    copy = flags.run(create.clone, "default", "checkout", "copy")
    assert (copy.description, copy.type, copy.stale) == ("d", "experiment", False)
    assert [each.where for each in told(flags, before)] == [
        ("feature-created", None),
        ("feature-strategy-add", "development"),
        ("feature-strategy-add", "development"),
    ]
    source, own = state(flags), state(flags, name="copy")
    assert not own.enabled
    assert [_without_id(each, "copy") for each in source.strategies] == [
        _without_id(each, "copy") for each in own.strategies
    ]
    assert {each.id for each in source.strategies}.isdisjoint(each.id for each in own.strategies)
    assert state(flags, "production", "copy").variants == state(flags, "production").variants
    assert told(flags, before)[-1].version == own.state("default")
    assert flags.read(queries.tags_of_flag, "copy", EVERYTHING) == []
    kept = flags.run(lambda unit: create.clone(unit, "default", "checkout", "same", replace_group_id=False))
    assert state(flags, name=kept.name).strategies[0].parameters["groupId"] == "checkout"
    refused(flags, NameExists, create.clone, "default", "checkout", "copy")
    refused(flags, NotFound, create.clone, "default", "nobody", "new")


def _without_id(strategy: StrategyData, group_id: str) -> StrategyData:
    parameters = {**strategy.parameters, **({"groupId": group_id} if "groupId" in strategy.parameters else {})}
    return msgspec.structs.replace(strategy, id="", parameters=parameters)


def test_the_update_of_version_4_is_one_event(flags: Log) -> None:
    before = flags.count()
    old = {
        "description": "d",
        "enabled": True,
        "strategies": [{"name": "default", "parameters": {}, "constraints": []}],
    }
    change = msgspec.convert(old, OldFlagChange)
    for _ in range(2):
        flags.run(legacy.update, "default", "checkout", change)
    (event,) = told(flags, before)
    assert (event.where, event.pre_data, event.data["description"]) == (("feature-updated", None), None, "d")
    for environment in ("development", "production"):
        found = state(flags, environment)
        assert found.enabled
        assert [each.name for each in found.strategies] == ["default"]
        assert versions_of(flags, event.id)[f"flag/checkout/{environment}"] == found.state("default")
    flags.run(legacy.update, "default", "checkout", msgspec.convert({"enabled": False}, OldFlagChange))
    assert not state(flags).enabled
    refused(flags, BadData, legacy.update, "default", "checkout", msgspec.convert({"type": "nope"}, OldFlagChange))
    wrong = msgspec.convert({"strategies": [{"name": "nope"}]}, OldFlagChange)
    refused(flags, BadData, legacy.update, "default", "checkout", wrong)


def test_a_flag_that_version_4_leaves_on_has_a_strategy(flags: Log) -> None:
    flags.run(legacy.update, "default", "checkout", msgspec.convert({"enabled": True, "strategies": []}, OldFlagChange))
    assert [each.name for each in state(flags).strategies] == ["flexibleRollout"]


def test_a_change_behind_the_back_of_the_log_is_refused(flags: Log) -> None:
    def forget(unit: Any) -> None:
        environments.switch(unit.tx, "checkout", "development", True)

    def forget_details(unit: Any) -> None:
        flag = flag_store.load(unit.tx, "checkout")
        flag_store.save(unit.tx, msgspec.structs.replace(flag, description="x"))

    refused(flags, SilentChange, forget)
    refused(flags, SilentChange, forget_details)
    assert not state(flags).enabled


def test_states_belong_to_their_flag(flags: Log) -> None:
    """Reading many flags at once mixes nothing up."""
    for name in ("a", "b"):
        make(flags, name)
        flags.run(strategies.add, "default", name, "production", StrategyDraft(name="default", title=name))

    def titles(tx: Transaction) -> list[str | None]:
        return [
            queries.environment_of_flag(tx, "default", name, "production").strategies[0].title for name in ("a", "b")
        ]

    assert flags.read(titles) == ["a", "b"]
