"""Flags with what they are in one environment, as people move them from one environment or server to another. Pure."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.context import LegalValue
from flagkeeper.eventlog.catalogue.payload import NameData
from flagkeeper.eventlog.catalogue.transfer import (
    ExportData,
    ExportedEnvironment,
    ExportedOfFlag,
    ExportedSegment,
    ExportedStrategy,
    ExportedTag,
)
from flagkeeper.features.flags.model.relations import DependencyDraft
from flagkeeper.features.flags.model.strategy import ParameterValue
from flagkeeper.features.transfer.model.variants import VariantItem
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import AtOnce

MOST_FLAGS = 5_000
"""Of one export: each is named in its event."""
Names = Annotated[list[str], msgspec.Meta(max_length=MOST_FLAGS)]


class FlagsQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which flags: those with these names, of a project, or with a tag (`type:value`, or its value alone)."""

    environment: str
    features: Names | UnsetType = UNSET
    project: str | UnsetType = UNSET
    tag: str | UnsetType = UNSET
    download_file: bool = False

    def check(self) -> None:
        """Raises `BadData` unless it says in exactly one way which flags are meant."""
        if sum(each is not UNSET for each in (self.features, self.project, self.tag)) != 1:
            message = "Say which flags are meant: by features, project or tag, and by one of them only."
            raise BadData(message, Detail(message, "/body"))


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing of an export."""


class FlagPart(Part, frozen=True, kw_only=True):
    name: str
    description: str | None = None
    type: str = "release"
    project: str = ""
    """Where it was; imports have a project of their own."""
    stale: bool = False
    impression_data: bool = False
    archived: bool = False


class StrategyPart(Part, frozen=True, kw_only=True):
    name: str
    id: str = ""
    feature_name: str
    title: str | None = None
    parameters: dict[str, ParameterValue] = {}
    constraints: list[Constraint] = []
    variants: AtOnce[VariantItem] = []
    disabled: bool | None = False
    segments: list[int] = []
    """By the ids of `segments` beside it."""


class EnvironmentPart(Part, frozen=True, kw_only=True):
    name: str
    """Of the flag."""
    feature_name: str = ""
    """The same."""
    enabled: bool
    environment: str = ""
    variants: AtOnce[VariantItem] = []

    @property
    def flag(self) -> str:
        return self.feature_name or self.name


class TagPart(Part, frozen=True, kw_only=True):
    feature_name: str
    tag_type: str
    tag_value: str


class SegmentPart(Part, frozen=True, kw_only=True):
    id: int
    name: str


class TagTypePart(Part, frozen=True, kw_only=True):
    name: str
    description: str = ""
    icon: str | None = None
    color: str | None = None


class ContextFieldPart(Part, frozen=True, kw_only=True):
    name: str
    description: str | None = None
    stickiness: bool = False
    sort_order: int = 0
    legal_values: AtOnce[LegalValue] = []
    project: str | UnsetType = UNSET
    """Left out: every project may use it. Otherwise an import makes it a field of its own project."""


class DependenciesPart(Part, frozen=True, kw_only=True):
    """Which flags a flag depends on."""

    feature: str
    dependencies: list[DependencyDraft]


class LinkPart(Part, frozen=True, kw_only=True):
    id: str = ""
    url: str
    title: str | None = None


class LinksPart(Part, frozen=True, kw_only=True):
    feature: str
    links: list[LinkPart]


class ExportedFlags(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    features: list[FlagPart]
    feature_strategies: list[StrategyPart]
    feature_environments: list[EnvironmentPart] = []
    context_fields: list[ContextFieldPart] = []
    feature_tags: list[TagPart] = []
    segments: list[SegmentPart] = []
    tag_types: list[TagTypePart]
    dependencies: list[DependenciesPart] = []
    links: list[LinksPart] = []

    def payload(self, environment: str) -> ExportData:
        """How events show what left the server: by name."""
        return ExportData(
            environment=environment,
            features=[NameData(name=each.name) for each in self.features],
            feature_strategies=[
                ExportedStrategy(id=each.id, feature_name=each.feature_name, name=each.name)
                for each in self.feature_strategies
            ],
            feature_environments=[
                ExportedEnvironment(feature_name=each.flag, environment=each.environment)
                for each in self.feature_environments
            ],
            context_fields=[NameData(name=each.name) for each in self.context_fields],
            feature_tags=[
                ExportedTag(feature_name=each.feature_name, tag_type=each.tag_type, tag_value=each.tag_value)
                for each in self.feature_tags
            ],
            segments=[ExportedSegment(id=each.id, name=each.name) for each in self.segments],
            tag_types=[NameData(name=each.name) for each in self.tag_types],
            dependencies=[ExportedOfFlag(feature=each.feature) for each in self.dependencies],
            links=[ExportedOfFlag(feature=each.feature) for each in self.links],
        )


class FlagsImport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be imported, and where."""

    project: str
    environment: str
    data: ExportedFlags


class Remark(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something to know before an import, and which things it is about."""

    message: str
    affected_items: list[str]


class Remarks(msgspec.Struct, frozen=True, kw_only=True):
    errors: list[Remark]
    """While there is one, nothing is imported."""
    warnings: list[Remark]
    permissions: list[Remark]
    """Those that the caller would need and has not."""
