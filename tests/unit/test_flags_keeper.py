"""Which steps lead from one state of a flag to another, and in which order."""

from typing import Any

import pytest
from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.payload import StrategyData, TagData, VariantData
from flagkeeper.eventlog.keeper import Keeper
from flagkeeper.eventlog.step import Demand, Step
from flagkeeper.features.flags.keeper import FlagEnvironmentKeeper, FlagKeeper, FlagTypeKeeper
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironmentState
from flagkeeper.features.flags.model.flag import FlagState, OldFlagChange
from flagkeeper.features.flags.model.flag_type import FlagTypeState
from flagkeeper.features.flags.model.relations import Dependency
from flagkeeper.features.flags.steps.flags import PUSH_VARIANTS, UPDATE_AS_VERSION_4, PushVariants, UpdateAsVersion4
from flagkeeper.features.flags.steps.types import SetLifetime
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import InvalidOperation

FLAG = FlagState(
    name="checkout",
    project="default",
    type="release",
    description=None,
    stale=False,
    impression_data=False,
    created_at=1_700_000_000_000,
    created_by="alice",
    created_by_user_id=7,
    archived_at=None,
    tags=[TagData(type="simple", value="core")],
    dependencies=[],
    links=[],
    completion=None,
)
ARCHIVED = replace(FLAG, archived_at=1_700_000_000_001)
OFF_HERE = OFF.state("default")

PARENT = Dependency(feature="parent")


def strategy(id_: str, sort_order: int = 0, *, disabled: bool = False, title: str | None = None) -> StrategyData:
    return StrategyData(
        id=id_,
        name="default",
        title=title,
        disabled=disabled,
        constraints=[],
        parameters={},
        variants=[],
        sort_order=sort_order,
        segments=[],
    )


def on(*strategies: StrategyData) -> FlagEnvironmentState:
    return FlagEnvironmentState(project="default", enabled=True, variants=[], strategies=list(strategies))


def told(steps: list[Step]) -> list[str]:
    """The verbs, with the strategies that they are about."""
    ids = [getattr(each.payload, "strategy_id", None) or getattr(each.payload, "strategy", None) for each in steps]
    return [
        " ".join(filter(None, (each.op.partition(".")[2], getattr(id_, "id", id_))))
        for each, id_ in zip(steps, ids, strict=True)
    ]


def of_flag(now: FlagState | None, then: FlagState | None) -> list[str]:
    return told(FlagKeeper().steps("flag/checkout", now, then))


def here(now: FlagEnvironmentState | None, then: FlagEnvironmentState | None) -> list[str]:
    return told(FlagEnvironmentKeeper().steps("flag/checkout/production", now, then))


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        (None, None, []),
        (FLAG, FLAG, []),
        (None, FLAG, ["restore"]),
        (FLAG, None, ["archive", "delete"]),
        (ARCHIVED, None, ["delete"]),
        (FLAG, ARCHIVED, ["archive"]),
        (ARCHIVED, FLAG, ["revive"]),
        (ARCHIVED, replace(ARCHIVED, archived_at=1_700_000_000_002), ["archive"]),
        (ARCHIVED, replace(ARCHIVED, stale=True), ["revive", "mark-stale", "archive"]),
        (FLAG, replace(ARCHIVED, tags=[]), ["update-tags", "archive"]),
        (FLAG, replace(FLAG, description="x", type="experiment", impression_data=True), ["update"]),
        (FLAG, replace(FLAG, project="theirs"), ["move"]),
        (FLAG, replace(ARCHIVED, project="theirs", stale=True), ["move", "mark-stale", "archive"]),
        (ARCHIVED, replace(FLAG, project="theirs"), ["revive", "move"]),
        (replace(FLAG, dependencies=[PARENT]), replace(FLAG, project="theirs"), ["remove-dependency", "move"]),
        (FLAG, replace(FLAG, project="theirs", dependencies=[PARENT]), ["move", "add-dependency"]),
    ],
)
def test_flags(now: FlagState | None, then: FlagState | None, expected: list[str]) -> None:
    assert of_flag(now, then) == expected


@pytest.mark.parametrize("other", [{"created_at": 1}, {"created_by_user_id": 8}])
def test_another_flag_of_the_name_is_not_changed_into_the_one_of_before(other: dict[str, Any]) -> None:
    with pytest.raises(InvalidOperation, match="Delete the one to get the other back"):
        of_flag(replace(FLAG, **other), FLAG)


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        (OFF_HERE, OFF_HERE, []),
        (None, OFF_HERE, ["disable"]),
        (None, on(strategy("a")), ["restore-strategy a", "enable"]),
        (on(strategy("a")), OFF_HERE, ["disable", "remove-strategy a"]),
        (on(strategy("a")), on(strategy("b")), ["restore-strategy b", "remove-strategy a"]),
        (
            on(strategy("a"), strategy("b")),
            on(strategy("a"), strategy("c")),
            ["remove-strategy b", "restore-strategy c"],
        ),
        (
            on(strategy("a"), strategy("b", disabled=True)),
            on(strategy("a", disabled=True), strategy("b")),
            ["update-strategy b", "update-strategy a"],
        ),
        (
            on(strategy("a"), strategy("b", disabled=True)),
            on(strategy("b", title="new"), strategy("c")),
            ["update-strategy b", "remove-strategy a", "restore-strategy c"],
        ),
        (on(strategy("a", 1), strategy("b", 2)), on(strategy("b", 1), strategy("a", 2)), ["order-strategies"]),
        (
            OFF_HERE,
            replace(OFF_HERE, variants=[VariantData(name="a", weight=1000, weight_type="fix", stickiness="default")]),
            ["push-variants"],
        ),
    ],
)
def test_flags_in_environments(
    now: FlagEnvironmentState | None, then: FlagEnvironmentState | None, expected: list[str]
) -> None:
    """What is on before and after is never without an enabled strategy in between."""
    assert here(now, then) == expected


@pytest.mark.parametrize(
    ("now", "then", "message"),
    [
        (OFF_HERE, None, "take the environment out of the project"),
        (OFF_HERE, replace(OFF_HERE, project="theirs"), "is in project 'default' now, and was in 'theirs'"),
        (None, replace(OFF_HERE, project=None), "Bring it back first"),
        (OFF_HERE, on(strategy("a", disabled=True)), "without an enabled strategy"),
    ],
)
def test_where_no_operation_leads(
    now: FlagEnvironmentState | None, then: FlagEnvironmentState | None, message: str
) -> None:
    with pytest.raises(InvalidOperation, match=message):
        here(now, then)


def test_a_state_that_did_not_name_the_project_is_of_the_one_that_the_flag_is_in() -> None:
    then = replace(on(strategy("a")), project=None)
    steps = FlagEnvironmentKeeper().steps("flag/checkout/production", OFF_HERE, then)
    assert {getattr(each.payload, "project", None) for each in steps} == {"default"}
    assert here(OFF_HERE, replace(OFF_HERE, project=None)) == []


def test_a_type_without_a_version_is_as_it_came() -> None:
    keeper = FlagTypeKeeper()
    (step,) = keeper.steps("flag-type/release", FlagTypeState(lifetime_days=7), None)
    assert (step.op, step.payload) == ("flag-type.set-lifetime", SetLifetime(type="release", lifetime_days=40))
    assert keeper.steps("flag-type/release", FlagTypeState(lifetime_days=40), None) == []
    with pytest.raises(InvalidOperation, match="come with the server"):
        keeper.steps("flag-type/other", None, FlagTypeState(lifetime_days=7))


def test_what_must_be_there() -> None:
    flag: Keeper[FlagState] = FlagKeeper()
    assert list(flag.refers("flag/checkout", FLAG)) == ["project/default", "tag/simple/core"]
    environment: Keeper[FlagEnvironmentState] = FlagEnvironmentKeeper()
    state = on(replace(strategy("a"), segments=[3, 1]), strategy("b"))
    assert list(environment.refers("flag/checkout/production", state)) == [
        "flag/checkout",
        "project/default/production",
        "strategy/default",
        "segment/1",
        "segment/3",
    ]


def test_what_several_environments_demand() -> None:
    push = PushVariants(project="p", flag="f", environments=["a", "b"], variants=[])
    permission = Permission.UPDATE_FEATURE_ENVIRONMENT_VARIANTS
    assert PUSH_VARIANTS.demands(push) == ((Demand(permission, "p", "a"),), (Demand(permission, "p", "b"),))

    def old(**change: Any) -> set[str]:
        wanted = UpdateAsVersion4(project="p", flag="f", change=OldFlagChange(**change))
        found = UPDATE_AS_VERSION_4.demands(wanted)
        assert all((each.project, each.environment) == ("p", None) for (each,) in found)
        return {each.permission for (each,) in found}

    assert old(description="x") == {"UPDATE_FEATURE"}
    assert old(enabled=False) == {"UPDATE_FEATURE", "UPDATE_FEATURE_ENVIRONMENT"}
    assert old(strategies=[]) == {"UPDATE_FEATURE", "CREATE_FEATURE_STRATEGY", "DELETE_FEATURE_STRATEGY"}
