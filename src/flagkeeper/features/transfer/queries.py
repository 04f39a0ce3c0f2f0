"""What a server has: to be exported, and for imports to be planned."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET
from sqlalchemy import ColumnElement, bindparam, exists, literal, or_, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import is_hidden
from flagkeeper.features.access.tables import user_roles
from flagkeeper.features.context_fields import queries as context_fields
from flagkeeper.features.environments.queries import all_environments, environment
from flagkeeper.features.flags.queries import field_uses, tags_of_flags, whole
from flagkeeper.features.flags.queries.relations import all_dependencies, all_links, relations_of_flags
from flagkeeper.features.flags.tables import (
    feature_environments,
    feature_strategies,
    feature_strategy_segments,
    feature_tags,
    features,
)
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.segments import queries as segments
from flagkeeper.features.strategies.queries import all_strategies
from flagkeeper.features.tags import queries as tags
from flagkeeper.features.tokens.tables import api_tokens
from flagkeeper.features.transfer import store
from flagkeeper.features.transfer.model import document as made
from flagkeeper.features.transfer.model.batch import MOST_FLAGS, ExportedFlags, FlagsQuery
from flagkeeper.features.transfer.model.export import Around, batch_of, export_of
from flagkeeper.features.transfer.model.run import Run
from flagkeeper.features.transfer.model.world import Standing, Uses, World
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")

_projects_of_token = msgspec.json.Decoder(list[str]).decode

_FLAGS = Query(
    select(features.c.name, features.c.project, features.c.archived_at),
    lambda name, project, archived_at: (str(name), Standing(str(project), archived_at is not None)),
)
_IN_USE = select(features.c.name, features.c.project, literal("")).where(features.c.archived_at.is_(None))
_BY_NAMES = Query(_IN_USE.where(any_of(features.c.name, "names")), columns)
_BY_PROJECT = Query(_IN_USE.where(features.c.project == bindparam("project")), columns)
_BY_TAG = Query(
    select(features.c.name, features.c.project, feature_tags.c.type)
    .join(feature_tags, feature_tags.c.feature_name == features.c.name)
    .where(features.c.archived_at.is_(None), feature_tags.c.value == bindparam("value")),
    columns,
)
_MEMBERS = Query(select(user_roles.c.project).distinct(), str)
_TOKENS = Query(
    select(api_tokens.c.environment, api_tokens.c.projects).distinct(),
    lambda environment, named: (str(environment), _projects_of_token(named)),
)
_DEFINITIONS = Query(select(feature_strategies.c.feature_name, feature_strategies.c.strategy_name).distinct(), columns)
_SEGMENTS = Query(
    select(feature_strategy_segments.c.feature_name, feature_strategy_segments.c.segment_id).distinct(), columns
)
_TAGS = Query(
    select(feature_tags.c.feature_name, feature_tags.c.type, feature_tags.c.value),
    lambda flag, type_, value: (str(flag), (str(type_), str(value))),
)


def _has_strategies() -> ColumnElement[bool]:
    return exists().where(
        feature_strategies.c.feature_name == feature_environments.c.feature_name,
        feature_strategies.c.environment == feature_environments.c.environment,
    )


_ENVIRONMENTS = Query(
    select(feature_environments.c.feature_name, feature_environments.c.environment).where(
        or_(feature_environments.c.enabled.is_(True), feature_environments.c.variants != "[]", _has_strategies())
    ),
    columns,
)


def world(tx: Transaction) -> World:
    """Everything, as of one moment."""
    every = projects.everything(tx)
    tokens = tx.all(_TOKENS)
    attached: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for project, place, strategy in projects.attached_to(tx, [each.id for each in every]):
        attached[project][place] = strategy
    fields = context_fields.all_fields(tx)
    return World(
        environments={each.name: each for each in all_environments(tx)},
        projects={each.id: each for each in every},
        attached=attached,
        members=frozenset(tx.all(_MEMBERS)),
        token_projects=frozenset(project for _, named in tokens for project in named),
        token_environments=frozenset(place for place, _ in tokens),
        strategies={each.name: each for each in all_strategies(tx)},
        tag_types={each.name: each for each in tags.all_tag_types(tx)},
        tags=frozenset((each.type, each.value) for each in tags.all_tags(tx)),
        segments={each.name: each for each in segments.all_segments(tx)},
        next_segment=segments.next_id(tx),
        context_fields={each.name: each for each in fields},
        flags=dict(tx.all(_FLAGS)),
        uses=Uses(
            strategies=_gathered(tx.all(_DEFINITIONS)),
            segments=_gathered(tx.all(_SEGMENTS)),
            context_fields=_gathered(
                (use.feature_name, name)
                for name, uses in field_uses(tx, [each.name for each in fields]).items()
                for use in uses
            ),
            environments=_gathered(tx.all(_ENVIRONMENTS)),
            tags=_gathered(tx.all(_TAGS)),
            dependencies=_listed(all_dependencies(tx)),
            links=_listed(all_links(tx)),
        ),
    )


def export(tx: Transaction, sections: Collection[str]) -> made.Document:
    """The state as of one moment: these sections of `document.SECTIONS`, by field. Archived projects, and what is in
    them, are left out."""
    found = export_of(world(tx), whole.all_flags(tx) if "features" in sections else [])
    left_out = {field: UNSET for field, _ in made.SECTIONS.values() if field not in sections}
    return msgspec.structs.replace(found, **left_out)


def exported_flags(tx: Transaction, wanted: FlagsQuery, visibility: Visibility) -> ExportedFlags:
    """Flags in use, with what they are in one environment. Names that nobody knows, and what is in hidden projects, are
    left out.

    Raises:
        NotFound: there is no such environment or project.
        BadData: there are too many.
    """
    environment(tx, wanted.environment)
    names = _names_of(tx, wanted, visibility)
    if len(names) > MOST_FLAGS:
        message = (
            f"These are {len(names)} flags, and an export has at most {MOST_FLAGS}. Export the state of the server."
        )
        raise BadData(message, Detail(message, "/body"))
    flags = whole.flags_in(tx, names, wanted.environment)
    return batch_of(
        flags,
        wanted.environment,
        Around(
            tags=tags_of_flags(tx, names),
            relations=relations_of_flags(tx, names),
            segments=segments.all_segments(tx),
            tag_types=tags.all_tag_types(tx),
            context_fields=context_fields.all_fields(tx),
        ),
    )


def _names_of(tx: Transaction, wanted: FlagsQuery, visibility: Visibility) -> list[str]:
    if wanted.features is not UNSET:
        found = tx.all(_BY_NAMES, names=sorted(set(wanted.features)))
    elif wanted.project is not UNSET:
        projects.demand_visible(tx, wanted.project, visibility)
        found = tx.all(_BY_PROJECT, project=wanted.project)
    else:
        type_, _, value = str(wanted.tag).rpartition(":")
        found = tx.all(_BY_TAG, value=value)
        found = [each for each in found if not type_ or each[2] == type_]
    return sorted({name for name, project, _ in found if not is_hidden(project, visibility)})


def import_of(tx: Transaction, import_id: str) -> Run | None:
    return store.find(tx, import_id)


def import_of_file(tx: Transaction, file_hash: str) -> Run | None:
    """What was, or is being, imported from a file at a start."""
    return store.of_file(tx, file_hash)


def left_unfinished(tx: Transaction, untouched_for: Millis) -> list[Run]:
    """Imports of which nobody has done anything for so long: their servers ended, or are very slow."""
    return store.unfinished(tx, untouched_for)


def _gathered(pairs: Iterable[tuple[KeyT, ValueT]]) -> dict[KeyT, frozenset[ValueT]]:
    found: defaultdict[KeyT, set[ValueT]] = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return {key: frozenset(values) for key, values in found.items()}


def _listed(pairs: Iterable[tuple[KeyT, ValueT]]) -> dict[KeyT, list[ValueT]]:
    found: defaultdict[KeyT, list[ValueT]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)
