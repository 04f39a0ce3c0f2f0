"""What a server has, as far as an import must know it to be planned. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.context_fields.model import ContextField
from flagkeeper.features.environments.model import Environment
from flagkeeper.features.flags.model.flag_type import BUILT_IN as FLAG_TYPES
from flagkeeper.features.flags.model.relations import Dependency, Link
from flagkeeper.features.projects.model import Project
from flagkeeper.features.segments.model import Segment
from flagkeeper.features.strategies.model import Strategy
from flagkeeper.features.tags.model import TagType

TYPES = frozenset(each.id for each in FLAG_TYPES)


class Standing(msgspec.Struct, frozen=True):
    """Where a flag is."""

    project: str
    archived: bool


class Uses(msgspec.Struct, frozen=True, kw_only=True):
    """What flags have and use, by flag."""

    strategies: Mapping[str, frozenset[str]] = {}
    """Names of definitions."""
    segments: Mapping[str, frozenset[int]] = {}
    context_fields: Mapping[str, frozenset[str]] = {}
    """Names, defined ones, on which a flag has constraints."""
    environments: Mapping[str, frozenset[str]] = {}
    """Where a flag is not as every flag begins: on, or with strategies or variants."""
    tags: Mapping[str, frozenset[tuple[str, str]]] = {}
    dependencies: Mapping[str, Sequence[Dependency]] = {}
    links: Mapping[str, Sequence[Link]] = {}


class World(msgspec.Struct, frozen=True, kw_only=True):
    environments: Mapping[str, Environment]
    projects: Mapping[str, Project]
    """Archived ones too."""
    attached: Mapping[str, Mapping[str, DefaultStrategyData | None]]
    """By project, also archived ones, and environment."""
    members: frozenset[str]
    """Projects in which people have roles."""
    token_projects: frozenset[str]
    """Projects that tokens name."""
    token_environments: frozenset[str]
    strategies: Mapping[str, Strategy]
    tag_types: Mapping[str, TagType]
    tags: frozenset[tuple[str, str]]
    segments: Mapping[str, Segment]
    """By name."""
    context_fields: Mapping[str, ContextField]
    next_segment: int
    flags: Mapping[str, Standing]
    uses: Uses
