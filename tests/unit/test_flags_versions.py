"""Versions of flags as they are stored: what was written once must be readable for ever, in exactly this shape."""

import zlib
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.evaluation.document import VariantOverride
from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData, VariantPayload
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.flags.model.environment import FlagEnvironment, FlagEnvironmentState
from flagkeeper.features.flags.model.favorite import FavoriteFlagState
from flagkeeper.features.flags.model.flag import Flag, FlagState
from flagkeeper.features.flags.model.flag_type import FlagTypeState
from flagkeeper.features.flags.model.relations import NO_RELATIONS, Completion, Dependency, Link, Relations

GOLDEN = Path(__file__).parent / "golden"

FLAG = Flag(
    name="checkout",
    project="default",
    type="release",
    description="The new checkout",
    stale=False,
    potentially_stale=True,
    impression_data=True,
    created_at=1_700_000_000_000,
    created_by="alice@example.com",
    created_by_user_id=7,
    archived_at=None,
)
STATE = FlagEnvironment(
    enabled=True,
    variants=[
        VariantData(
            name="blue",
            weight=1000,
            weight_type="variable",
            stickiness="default",
            overrides=[VariantOverride(context_name="userId", values=["7"])],
        )
    ],
    strategies=[
        StrategyData(
            id="01M80DGRGV9FETYER2YBKDASEJ",
            name="flexibleRollout",
            title="Half",
            disabled=False,
            constraints=[
                Constraint(context_name="appName", operator="STR_CONTAINS", values=["a"], case_insensitive=True),
                Constraint(context_name="x", operator="NUM_GT", value="5", inverted=True),
            ],
            parameters={"rollout": "50", "stickiness": "default", "groupId": "checkout"},
            variants=[
                VariantData(
                    name="a",
                    weight=1000,
                    weight_type="fix",
                    stickiness="default",
                    payload=VariantPayload(type="json", value="{}"),
                )
            ],
            sort_order=0,
            segments=[1, 2],
        )
    ],
)
RELATIONS = Relations(
    dependencies=[Dependency(feature="payment", enabled=True, variants=["card"])],
    links=[Link(id="01M80DVBA00EQD8Z4VT51BD9X2", url="https://docs.example.com/checkout", title=None)],
    completion=Completion(at=1_700_000_000_001, status="kept", status_value="blue"),
)
VERSIONS: list[Snapshot] = [
    FLAG.state([Tag("simple", "core")], RELATIONS),
    STATE.state("default"),
    FlagTypeState(lifetime_days=40),
    FavoriteFlagState(users=[7, 9]),
]


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_a_flag_of_an_older_schema_is_read_as_one_of_today(schema: int) -> None:
    stored = zlib.compress((GOLDEN / f"version-flag-{schema}.json").read_bytes())
    assert FlagState.unpack(schema, stored) == FLAG.state([Tag("simple", "core")], NO_RELATIONS)


def test_the_first_schema_was_kept_also_when_the_flag_was_gone() -> None:
    assert FlagState.unpack(1, zlib.compress(b'{"flag":null,"tags":[],"environments":{}}')) is None


def test_the_first_schema_of_environments_did_not_name_the_project() -> None:
    stored = zlib.compress((GOLDEN / "version-flag-environment-1.json").read_bytes())
    assert FlagEnvironmentState.unpack(1, stored) == replace(STATE.state("default"), project=None)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.kind)
def test_a_version_has_the_shape_that_was_stored(version: Snapshot) -> None:
    """When this fails, raise `schema`, add an upcaster, and keep the old file."""
    golden = (GOLDEN / f"version-{version.kind}-{version.schema}.json").read_bytes()
    stored = msgspec.json.decode(golden)
    assert msgspec.json.decode(msgspec.json.encode(version)) == stored
    assert msgspec.convert(stored, type(version)) == version
    assert type(version).unpack(version.schema, version.pack()) == version
