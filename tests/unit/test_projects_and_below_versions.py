"""Versions of projects, environments, strategy definitions, tags and saved searches as they are stored: what was
written once must be readable for ever, in exactly this shape."""

import zlib
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.own import SearchData
from flagkeeper.eventlog.catalogue.payload import (
    EnvironmentData,
    FeatureNaming,
    LinkTemplate,
    TagData,
    VariantData,
    VariantPayload,
)
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.catalogue.strategy import StrategyDefinitionData, StrategyParameterData
from flagkeeper.eventlog.catalogue.tag import TagTypeData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.environments.model import EnvironmentState
from flagkeeper.features.projects.model import ProjectEnvironmentState, ProjectState
from flagkeeper.features.searches.model import SearchState
from flagkeeper.features.strategies.model import StrategyState
from flagkeeper.features.tags.model import TagState, TagTypeState

GOLDEN = Path(__file__).parent / "golden"

SEARCH = SearchState(
    search=SearchData(id=3, name="night", query="since:2h", description="Who?", shared=True, user_id=7),
    created_by="alice@example.com",
    created_at="2026-11-22T05:10:07.191Z",
)
VERSIONS: list[Snapshot] = [
    EnvironmentState(
        environment=EnvironmentData(
            name="production",
            type="production",
            sort_order=200,
            enabled=True,
            protected=False,
            required_approvals=2,
        )
    ),
    ProjectState(
        id="checkout",
        name="Checkout",
        description=None,
        mode="protected",
        default_stickiness="userId",
        feature_limit=100,
        feature_naming=FeatureNaming(pattern="[a-z]+", example="abc", description=None),
        link_templates=[LinkTemplate(title="Ticket", url_template="https://example.com/{{feature}}")],
        created_at="2026-11-22T05:10:07.191Z",
        archived_at="2026-11-23T05:10:07.191Z",
    ),
    ProjectEnvironmentState(
        default_strategy=DefaultStrategyData(
            name="flexibleRollout",
            title="Half",
            disabled=False,
            constraints=[Constraint(context_name="x", operator="NUM_GT", value="5", inverted=True)],
            parameters={"rollout": "50"},
            variants=[
                VariantData(
                    name="a",
                    weight=1000,
                    weight_type="fix",
                    stickiness="default",
                    payload=VariantPayload(type="json", value="{}"),
                )
            ],
            segments=[1, 2],
        )
    ),
    StrategyState(
        strategy=StrategyDefinitionData(
            name="byCountry",
            title="By country",
            description=None,
            parameters=[StrategyParameterData(name="countries", type="list", description="", required=True)],
            editable=True,
            deprecated=True,
        )
    ),
    TagTypeState(tag_type=TagTypeData(name="team", description="Who cares", icon=None, color="#123456")),
    TagState(tag=TagData(type="team", value="a/b")),
    SEARCH,
]
OF_THE_FIRST_SCHEMA = [*VERSIONS[:-1], replace(SEARCH, created_by=None, created_at=None)]
"""As they are read today: who saved a search was not kept."""
GONE = {
    "environment": b'{"environment":null}',
    "project": b'{"project":null}',
    "project-environment": b'{"attached":false,"defaultStrategy":null}',
    "strategy": b'{"strategy":null}',
    "tag-type": b'{"tagType":null}',
    "tag": b'{"tag":null}',
    "search": b'{"search":null}',
}


def golden(kind: str, schema: int) -> bytes:
    return (GOLDEN / f"version-{kind}-{schema}.json").read_bytes()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.kind)
def test_a_version_has_the_shape_that_was_stored(version: Snapshot) -> None:
    """When this fails, raise `schema`, add an upcaster, and keep the old file."""
    stored = msgspec.json.decode(golden(version.kind, version.schema))
    assert msgspec.json.decode(msgspec.json.encode(version)) == stored
    assert type(version).unpack(version.schema, version.pack()) == version


@pytest.mark.parametrize("version", OF_THE_FIRST_SCHEMA, ids=lambda version: version.kind)
def test_a_version_of_the_first_schema_is_read_as_one_of_today(version: Snapshot) -> None:
    assert type(version).unpack(1, zlib.compress(golden(version.kind, 1))) == version
    assert type(version).unpack(1, zlib.compress(GONE[version.kind])) is None
