"""What is exported: a server's state as a document, or some flags, in an order that depends on nothing else. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import UNSET

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.features.context_fields.model import BUILT_IN_NAMES, ContextField
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.relations import NO_RELATIONS, DependencyDraft, Relations
from flagkeeper.features.flags.model.whole import WholeFlag
from flagkeeper.features.segments.model import Segment
from flagkeeper.features.tags.model import TagType
from flagkeeper.features.transfer.model import document as made
from flagkeeper.features.transfer.model.batch import (
    ContextFieldPart,
    DependenciesPart,
    EnvironmentPart,
    ExportedFlags,
    FlagPart,
    LinkPart,
    LinksPart,
    SegmentPart,
    StrategyPart,
    TagPart,
    TagTypePart,
)
from flagkeeper.features.transfer.model.variants import items_of
from flagkeeper.features.transfer.model.world import World
from flagkeeper.kernel import clock


def export_of(world: World, flags: Sequence[WholeFlag]) -> made.Document:
    """All sections. Archived projects, and what is in them, are left out."""
    own = sorted(id_ for id_, project in world.projects.items() if project.archived_at is None)
    flags = sorted((flag for flag in flags if flag.project in own), key=lambda flag: flag.name)
    names = {flag.name for flag in flags}
    return made.Document(
        version=made.VERSION,
        environments=_environments(world),
        projects=_projects(world, own),
        project_environments=[
            made.ProjectEnvironmentItem(project_id=id_, environment=environment, default_strategy=strategy)
            for id_ in own
            for environment, strategy in sorted(world.attached.get(id_, {}).items())
        ],
        strategies=[
            made.StrategyItem(
                name=each.name,
                title=each.title,
                description=each.description,
                parameters=[
                    made.ParameterItem(name=one.name, type=one.type, description=one.description, required=one.required)
                    for one in each.parameters
                ],
                deprecated=each.deprecated,
            )
            for _, each in sorted(world.strategies.items())
        ],
        tag_types=[
            made.TagTypeItem(name=each.name, description=each.description, icon=each.icon, color=each.color)
            for _, each in sorted(world.tag_types.items())
        ],
        tags=[made.TagItem(type=type_, value=value) for type_, value in sorted(world.tags)],
        segments=[
            made.SegmentItem(
                id=each.id,
                name=each.name,
                description=each.description,
                constraints=each.constraints,
                project=each.project,
                created_at=clock.to_iso(each.created_at),
            )
            for each in sorted(world.segments.values(), key=lambda segment: segment.id)
            if each.project is None or each.project in own
        ],
        context_fields=[
            made.ContextFieldItem(
                name=each.name,
                description=each.description,
                stickiness=each.stickiness,
                sort_order=each.sort_order,
                legal_values=each.legal_values,
                project=each.project,
                # Every server has made these itself, at its own first start.
                created_at=None if each.name in BUILT_IN_NAMES else clock.to_iso(each.created_at),
            )
            for _, each in sorted(world.context_fields.items())
            if each.project is None or each.project in own
        ],
        features=[_feature(flag) for flag in flags],
        feature_environments=[
            made.FeatureEnvironmentItem(
                feature_name=flag.name,
                environment=environment,
                enabled=state.enabled,
                variants=items_of(state.variants),
            )
            for flag in flags
            for environment, state in sorted(flag.environments.items())
        ],
        feature_strategies=[each for flag in flags for each in _strategies(flag)],
        feature_strategy_segments=[
            made.FeatureStrategySegmentItem(feature_strategy_id=strategy.id, segment_id=segment)
            for flag in flags
            for _, state in sorted(flag.environments.items())
            for strategy in state.strategies
            for segment in strategy.segments
        ],
        feature_tags=[
            made.FeatureTagItem(feature_name=flag, tag_type=type_, tag_value=value)
            for flag, own_tags in sorted(world.uses.tags.items())
            if flag in names
            for type_, value in sorted(own_tags)
        ],
        feature_dependencies=[
            made.FeatureDependencyItem(
                feature_name=flag, parent=each.feature, enabled=each.enabled, variants=each.variants
            )
            for flag, dependencies in sorted(world.uses.dependencies.items())
            if flag in names
            for each in dependencies
        ],
        feature_links=[
            made.FeatureLinkItem(feature_name=flag, url=each.url, title=each.title)
            for flag, links in sorted(world.uses.links.items())
            if flag in names
            for each in links
        ],
    )


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What hangs on flags, by flag, and what they may refer to."""

    tags: Mapping[str, Sequence[Tag]]
    relations: Mapping[str, Relations]
    segments: Sequence[Segment]
    tag_types: Sequence[TagType]
    context_fields: Sequence[ContextField]


def batch_of(flags: Sequence[WholeFlag], environment: str, around: Around) -> ExportedFlags:
    """Flags with what they are in one environment, and what that refers to."""
    states = {flag.name: flag.environments[environment] for flag in flags if environment in flag.environments}
    strategies = [(flag, strategy) for flag, state in states.items() for strategy in state.strategies]
    used = {segment for _, strategy in strategies for segment in strategy.segments}
    own_tags = [(flag.name, tag) for flag in flags for tag in around.tags.get(flag.name, ())]
    relations = [(flag.name, around.relations.get(flag.name, NO_RELATIONS)) for flag in flags]
    fields = {name for state in states.values() for name in _fields_of(state)}
    owners = {None, *(flag.project for flag in flags)}
    types = {tag.type for _, tag in own_tags}
    return ExportedFlags(
        features=[
            FlagPart(
                name=flag.name,
                description=flag.description,
                type=flag.type,
                project=flag.project,
                stale=flag.stale,
                impression_data=flag.impression_data,
            )
            for flag in flags
        ],
        feature_strategies=[_strategy_part(flag, strategy) for flag, strategy in strategies],
        feature_environments=[
            EnvironmentPart(
                enabled=state.enabled,
                feature_name=flag,
                environment=environment,
                variants=items_of(state.variants),
                name=flag,
            )
            for flag, state in states.items()
        ],
        feature_tags=[TagPart(feature_name=flag, tag_type=tag.type, tag_value=tag.value) for flag, tag in own_tags],
        segments=[SegmentPart(id=each.id, name=each.name) for each in around.segments if each.id in used],
        context_fields=[
            _field_part(each) for each in around.context_fields if each.name in fields and each.project in owners
        ],
        tag_types=[
            TagTypePart(name=each.name, description=each.description, icon=each.icon, color=each.color)
            for each in around.tag_types
            if each.name in types
        ],
        dependencies=[
            DependenciesPart(
                feature=flag,
                dependencies=[
                    DependencyDraft(feature=each.feature, enabled=each.enabled, variants=each.variants)
                    for each in own.dependencies
                ],
            )
            for flag, own in relations
            if own.dependencies
        ],
        links=[
            LinksPart(feature=flag, links=[LinkPart(id=each.id, url=each.url, title=each.title) for each in own.links])
            for flag, own in relations
            if own.links
        ],
    )


def _fields_of(state: FlagEnvironment) -> Iterator[str]:
    """The context fields that a flag looks at: what constraints and overrides are about, and what rollouts hash."""
    for variant in state.variants:
        yield variant.stickiness
        yield from (each.context_name for each in ([] if variant.overrides is UNSET else variant.overrides))
    for strategy in state.strategies:
        yield str(strategy.parameters.get("stickiness", ""))
        yield from (each.context_name for each in strategy.constraints)
        yield from (each.stickiness for each in strategy.variants)


def _field_part(field: ContextField) -> ContextFieldPart:
    return ContextFieldPart(
        name=field.name,
        description=field.description,
        stickiness=field.stickiness,
        sort_order=field.sort_order,
        legal_values=field.legal_values,
        project=field.project or UNSET,
    )


def _strategy_part(flag: str, strategy: StrategyData) -> StrategyPart:
    return StrategyPart(
        name=strategy.name,
        id=strategy.id,
        feature_name=flag,
        title=strategy.title,
        parameters=dict(strategy.parameters),
        constraints=strategy.constraints,
        variants=items_of(strategy.variants),
        disabled=strategy.disabled,
        segments=strategy.segments,
    )


def _environments(world: World) -> list[made.EnvironmentItem]:
    return [
        made.EnvironmentItem(
            name=each.name,
            type=each.type,
            sort_order=each.sort_order,
            enabled=each.enabled,
            protected=each.protected,
            required_approvals=each.required_approvals,
        )
        for _, each in sorted(world.environments.items())
    ]


def _projects(world: World, own: Sequence[str]) -> list[made.ProjectItem]:
    return [
        made.ProjectItem(
            id=each.id,
            name=each.name,
            description=each.description,
            mode=each.mode,
            default_stickiness=each.default_stickiness,
            feature_limit=each.feature_limit,
            feature_naming=each.feature_naming,
            link_templates=each.link_templates,
            created_at=clock.to_iso(each.created_at),
        )
        for each in map(world.projects.__getitem__, own)
    ]


def _feature(flag: WholeFlag) -> made.FeatureItem:
    return made.FeatureItem(
        name=flag.name,
        project=flag.project,
        type=flag.type,
        description=flag.description,
        stale=flag.stale,
        impression_data=flag.impression_data,
        created_at=None if flag.created_at is None else clock.to_iso(flag.created_at),
        archived=flag.archived,
        archived_at=None if flag.archived_at is None else clock.to_iso(flag.archived_at),
    )


def _strategies(flag: WholeFlag) -> list[made.FeatureStrategyItem]:
    return [
        made.FeatureStrategyItem(
            id=strategy.id,
            feature_name=flag.name,
            environment=environment,
            strategy_name=strategy.name,
            title=strategy.title,
            disabled=strategy.disabled,
            parameters=dict(strategy.parameters),
            constraints=strategy.constraints,
            variants=items_of(strategy.variants),
            sort_order=strategy.sort_order,
        )
        for environment, state in sorted(flag.environments.items())
        for strategy in state.strategies
    ]
