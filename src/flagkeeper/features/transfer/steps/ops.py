"""The operations of imports: those of their own, and a few that routes have too. Whoever may import may do all."""

from collections.abc import Callable
from typing import Any

import msgspec

from flagkeeper.eventlog.catalogue.environment import DropEnvironments
from flagkeeper.eventlog.catalogue.event import Event, Tag
from flagkeeper.eventlog.catalogue.payload import NameData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData, DropProjects
from flagkeeper.eventlog.catalogue.strategy import DropStrategies
from flagkeeper.eventlog.catalogue.tag import DropTags, DropTagTypes
from flagkeeper.eventlog.catalogue.transfer import DropFeatures, DropFeatureTags, FeaturesImported
from flagkeeper.eventlog.step import Demand, Op, Ops
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.context_fields import commands as context_fields
from flagkeeper.features.context_fields.model import ContextFieldDraft
from flagkeeper.features.context_fields.ports import FIELD_CONSTRAINTS
from flagkeeper.features.context_fields.steps import OPS as CONTEXT_FIELD_OPS
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.environments.model import Environment
from flagkeeper.features.environments.ports import uses_of
from flagkeeper.features.flags.commands import links, whole
from flagkeeper.features.flags.model.relations import LinkDraft
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.flags.model.whole import WholeFlag
from flagkeeper.features.flags.steps import OPS as FLAG_OPS
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.projects.model import ProjectDraft
from flagkeeper.features.projects.ports import FLAG_ENVIRONMENTS, PROJECT_FLAGS, STRATEGY_RULES
from flagkeeper.features.projects.steps import OPS as PROJECT_OPS
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.segments.steps import OPS as SEGMENT_OPS
from flagkeeper.features.strategies import commands as definitions
from flagkeeper.features.strategies.model import StrategyDraft as DefinitionDraft
from flagkeeper.features.strategies.steps import OPS as DEFINITION_OPS
from flagkeeper.features.tags import commands as tags
from flagkeeper.features.tags.model import TagType
from flagkeeper.features.tags.steps import OPS as TAG_OPS
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.existing import Existing

OPERATION = "importState"


class Announce(msgspec.Struct, frozen=True, kw_only=True):
    """That everything of a kind that the import does not have goes."""

    dropped: str
    """A key of `DROPPED`."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    name: str


class BringEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    environment: Environment
    existing: Existing


class BringProject(msgspec.Struct, frozen=True, kw_only=True):
    draft: ProjectDraft
    existing: Existing


class Attach(msgspec.Struct, frozen=True, kw_only=True):
    project: str
    environment: str
    strategy: DefaultStrategyData | None
    existing: Existing


class BringDefinition(msgspec.Struct, frozen=True, kw_only=True):
    draft: DefinitionDraft
    existing: Existing


class BringTagType(msgspec.Struct, frozen=True, kw_only=True):
    tag_type: TagType
    existing: Existing


class BringTag(msgspec.Struct, frozen=True, kw_only=True):
    tag: Tag
    existing: Existing


class BringContextField(msgspec.Struct, frozen=True, kw_only=True):
    draft: ContextFieldDraft
    created_at: Millis | None
    existing: Existing


class BringSegment(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    draft: SegmentDraft
    created_at: Millis | None
    existing: Existing


class BringFlag(msgspec.Struct, frozen=True, kw_only=True):
    flag: WholeFlag
    existing: Existing


class BringFlagTags(msgspec.Struct, frozen=True, kw_only=True):
    flag: str
    tags: list[Tag]
    existing: Existing


class BringLinks(msgspec.Struct, frozen=True, kw_only=True):
    flag: str
    links: list[LinkDraft]
    existing: Existing


class Untag(msgspec.Struct, frozen=True, kw_only=True):
    flag: str
    tags: list[Tag]


class ReplaceStrategies(msgspec.Struct, frozen=True, kw_only=True):
    project: str
    flag: str
    environment: str
    drafts: list[StrategyDraft]


class Where(msgspec.Struct, frozen=True, kw_only=True):
    project: str
    environment: str


DROPPED: dict[str, Callable[[], Event]] = {
    "environments": lambda: DropEnvironments(data=NameData(name="all-environments")),
    "projects": lambda: DropProjects(data=NameData(name="all-projects")),
    "strategies": lambda: DropStrategies(data=NameData(name="all-strategies")),
    "tag_types": lambda: DropTagTypes(data=NameData(name="all-tag-types")),
    "tags": lambda: DropTags(data=NameData(name="all-tags")),
    "features": lambda: DropFeatures(data=NameData(name="all-features")),
    "feature_tags": lambda: DropFeatureTags(data=NameData(name="all-feature-tags")),
}
"""What is recorded once of each kind that is dropped, by field of the document; what goes has events of its own."""


def _op(name: str, payload: type[Any], run: Callable[[Unit, Any, Any], Any]) -> Op[Any]:
    return Op(
        name=name,
        payload=payload,
        run=run,
        demands=lambda _wanted: ((Demand(Permission.ADMIN),),),
        operation=OPERATION,
    )


ANNOUNCE = _op("import.announce", Announce, lambda unit, wanted, _ports: unit.record(DROPPED[wanted.dropped]()))
BRING_ENVIRONMENT = _op(
    "environment.bring",
    BringEnvironment,
    lambda unit, wanted, _ports: environments.bring(unit, wanted.environment, wanted.existing),
)
DROP_ENVIRONMENT = _op(
    "environment.drop", Named, lambda unit, wanted, ports: environments.delete(unit, wanted.name, uses_of(ports))
)
BRING_PROJECT = _op(
    "project.bring",
    BringProject,
    lambda unit, wanted, ports: projects.bring(unit, wanted.draft, wanted.existing, ports.answer(PROJECT_FLAGS)),
)
DROP_PROJECT = _op(
    "project.drop",
    Named,
    lambda unit, wanted, ports: projects.drop(unit, wanted.name, ports.answer(PROJECT_FLAGS)),
)
ATTACH = _op(
    "project-environment.bring",
    Attach,
    lambda unit, wanted, ports: projects.bring_environment(
        unit,
        wanted.project,
        wanted.environment,
        wanted.strategy,
        wanted.existing,
        ports.answer(FLAG_ENVIRONMENTS),
        ports.answer(STRATEGY_RULES),
    ),
)
BRING_DEFINITION = _op(
    "strategy.bring",
    BringDefinition,
    lambda unit, wanted, _ports: definitions.bring(unit, wanted.draft, wanted.existing),
)
BRING_TAG_TYPE = _op(
    "tag-type.bring",
    BringTagType,
    lambda unit, wanted, _ports: tags.bring_type(unit, wanted.tag_type, wanted.existing),
)
BRING_TAG = _op("tag.bring", BringTag, lambda unit, wanted, _ports: tags.bring_tag(unit, wanted.tag, wanted.existing))
BRING_CONTEXT_FIELD = _op(
    "context-field.bring",
    BringContextField,
    lambda unit, wanted, _ports: context_fields.bring(unit, wanted.draft, wanted.created_at, wanted.existing),
)
DROP_CONTEXT_FIELD = _op(
    "context-field.drop",
    Named,
    lambda unit, wanted, ports: context_fields.drop(unit, wanted.name, ports.answer(FIELD_CONSTRAINTS)),
)
BRING_SEGMENT = _op(
    "segment.bring",
    BringSegment,
    lambda unit, wanted, _ports: segments.bring(unit, wanted.id, wanted.draft, wanted.created_at, wanted.existing),
)
BRING_FLAG = _op("flag.bring", BringFlag, lambda unit, wanted, _ports: whole.bring(unit, wanted.flag, wanted.existing))
BRING_FLAG_TAGS = _op(
    "flag.bring-tags",
    BringFlagTags,
    lambda unit, wanted, _ports: whole.bring_tags(unit, wanted.flag, wanted.tags, wanted.existing),
)
BRING_LINKS = _op(
    "flag.bring-links",
    BringLinks,
    lambda unit, wanted, _ports: links.bring(unit, wanted.flag, wanted.links, wanted.existing),
)
UNTAG = _op("flag.lose-tags", Untag, lambda unit, wanted, _ports: whole.untag(unit, wanted.flag, wanted.tags))
DROP_FLAG = _op("flag.drop", Named, lambda unit, wanted, _ports: whole.drop(unit, wanted.name))
REPLACE_STRATEGIES = _op(
    "flag-environment.replace-strategies",
    ReplaceStrategies,
    lambda unit, wanted, _ports: whole.replace_strategies(
        unit, wanted.project, wanted.flag, wanted.environment, wanted.drafts
    ),
)
RECORD_IMPORT = _op(
    "import.record",
    Where,
    lambda unit, wanted, _ports: unit.record(FeaturesImported(project=wanted.project, environment=wanted.environment)),
)
OPS = Ops(
    (
        *(ANNOUNCE, BRING_ENVIRONMENT, DROP_ENVIRONMENT, BRING_PROJECT, DROP_PROJECT, ATTACH, BRING_DEFINITION),
        *(BRING_TAG_TYPE, BRING_TAG, BRING_SEGMENT, BRING_FLAG, BRING_FLAG_TAGS, UNTAG, DROP_FLAG),
        *(BRING_CONTEXT_FIELD, DROP_CONTEXT_FIELD, BRING_LINKS, REPLACE_STRATEGIES, RECORD_IMPORT),
        *(*CONTEXT_FIELD_OPS, *FLAG_OPS, *PROJECT_OPS, *SEGMENT_OPS, *DEFINITION_OPS, *TAG_OPS),
    )
)
"""By their names, which stay: the steps of an import that a server left unfinished are stored."""
