"""Versions of flags as they are stored: what was written once must be readable for ever, in exactly this shape."""

from pathlib import Path

import msgspec
import pytest

from flagkeeper.eventlog.catalogue.payload import (
    ConstraintData,
    StrategyData,
    TagData,
    VariantData,
    VariantOverride,
    VariantPayload,
)
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.flag_type import FlagTypeState

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
                ConstraintData(context_name="appName", operator="STR_CONTAINS", values=["a"], case_insensitive=True),
                ConstraintData(context_name="x", operator="NUM_GT", value="5", inverted=True),
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
VERSIONS: list[Snapshot] = [
    FLAG.state([TagData(type="simple", value="core")], {"development": STATE}),
    STATE.state(),
    FlagTypeState(lifetime_days=40),
]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.kind)
def test_a_version_has_the_shape_that_was_stored(version: Snapshot) -> None:
    """When this fails, raise `schema`, add an upcaster, and keep the old file."""
    golden = (GOLDEN / f"version-{version.kind}-{version.schema}.json").read_bytes()
    stored = msgspec.json.decode(golden)
    assert msgspec.json.decode(msgspec.json.encode(version)) == stored
    assert msgspec.convert(stored, type(version)) == version
    assert type(version).unpack(version.schema, version.pack()) == version
