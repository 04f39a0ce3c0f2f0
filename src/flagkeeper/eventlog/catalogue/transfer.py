"""Events of flags that come and go in bulk: imports, exports and what an import drops."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.payload import FlagData, NameData, Payload, TagData
from flagkeeper.eventlog.catalogue.wording import NOTHING, bold, fill_summary, value_at

GROUP = "Feature flag"


class ImportedFlagData(FlagData, frozen=True, kw_only=True):
    enabled: bool


class ImportedFlagTagData(Payload, frozen=True, kw_only=True):
    feature_name: str
    tag: TagData


class ExportedStrategy(Payload, frozen=True, kw_only=True):
    id: str
    feature_name: str
    name: str


class ExportedEnvironment(Payload, frozen=True, kw_only=True):
    feature_name: str
    environment: str


class ExportedTag(Payload, frozen=True, kw_only=True):
    feature_name: str
    tag_type: str
    tag_value: str


class ExportedSegment(Payload, frozen=True, kw_only=True):
    id: int
    name: str


class ExportedOfFlag(Payload, frozen=True, kw_only=True):
    feature: str


class ExportData(Payload, frozen=True, kw_only=True):
    """What left the server: the keys of the export document, each item reduced to what names it."""

    environment: str
    features: list[NameData]
    feature_strategies: list[ExportedStrategy]
    feature_environments: list[ExportedEnvironment]
    context_fields: list[NameData]
    feature_tags: list[ExportedTag]
    segments: list[ExportedSegment]
    tag_types: list[NameData]
    dependencies: list[ExportedOfFlag]
    links: list[ExportedOfFlag]


def _exported(event: Event, actor: str) -> str:
    flags = value_at(event, "data.features")
    count = len(flags) if isinstance(flags, list) else NOTHING
    return (
        fill_summary("{actor} exported ", event, actor)
        + bold(count)
        + fill_summary(" flags with their configuration in environment {data.environment}", event, actor)
    )


class FeatureImport(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-import",
        label="Flag imported",
        summary="{actor} imported flag {data.name}",
        subject="flag/{data.name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1, 2, 3}),
    )
    data: ImportedFlagData
    pre_data: None = None


class FeatureTagImport(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-tag-import",
        label="Flag tag imported",
        summary="{actor} imported tag {data.tag.type}:{data.tag.value} of flag {data.feature_name}",
        subject="flag/{data.feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1, 2, 3}),
    )
    data: ImportedFlagTagData
    pre_data: None = None


class DropFeatures(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="drop-features",
        label="All flags dropped",
        summary="{actor} dropped all flags before an import",
        subject="all-features",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None


class DropFeatureTags(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="drop-feature-tags",
        label="All flag tags dropped",
        summary="{actor} dropped all tags of flags before an import",
        subject="all-feature-tags",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None


class FeaturesExported(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="features-exported",
        label="Flags exported",
        summary=_exported,
        subject="export/{data.environment}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    data: ExportData
    pre_data: None = None


class FeaturesImported(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="features-imported",
        label="Flags imported",
        summary="{actor} imported flags into environment {environment} of project {project}",
        subject="import/{project}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: None = None
    pre_data: None = None
