"""Dependencies, links and completions of flags, and what may be chosen for them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import bindparam, exists, select

from flagkeeper.features.flags.model.relations import Completion, Dependency, Link, Relations
from flagkeeper.features.flags.queries.names import flag as flag_in_use
from flagkeeper.features.flags.store.environments import load_all
from flagkeeper.features.flags.store.relations import (
    COMPLETION,
    DEPENDENCY,
    LINK,
    children_of,
    to_completion,
    to_dependency,
    to_link,
)
from flagkeeper.features.flags.tables import feature_completions, feature_dependencies, feature_links, features
from flagkeeper.features.projects import queries as projects
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

_DEPENDENCIES = Query(
    select(feature_dependencies.c.feature_name, *DEPENDENCY)
    .where(any_of(feature_dependencies.c.feature_name, "flags"))
    .order_by(feature_dependencies.c.feature_name, feature_dependencies.c.parent),
    lambda flag, *row: (str(flag), to_dependency(*row)),
)
_LINKS = Query(
    select(feature_links.c.feature_name, *LINK)
    .where(any_of(feature_links.c.feature_name, "flags"))
    .order_by(feature_links.c.id),
    lambda flag, *row: (str(flag), to_link(*row)),
)
_ALL_DEPENDENCIES = Query(
    select(feature_dependencies.c.feature_name, *DEPENDENCY).order_by(
        feature_dependencies.c.feature_name, feature_dependencies.c.parent
    ),
    lambda flag, *row: (str(flag), to_dependency(*row)),
)
_ALL_LINKS = Query(
    select(feature_links.c.feature_name, *LINK).order_by(feature_links.c.feature_name, feature_links.c.id),
    lambda flag, *row: (str(flag), to_link(*row)),
)
_COMPLETIONS = Query(
    select(feature_completions.c.feature_name, *COMPLETION).where(any_of(feature_completions.c.feature_name, "flags")),
    lambda flag, *row: (str(flag), to_completion(*row)),
)
_PAIRS = Query(
    select(feature_dependencies.c.feature_name, feature_dependencies.c.parent).where(
        any_of(feature_dependencies.c.parent, "flags")
    ),
    columns,
)
_ANY_IN_PROJECT = Query(
    select(feature_dependencies.c.parent)
    .join(features, features.c.name == feature_dependencies.c.feature_name)
    .where(features.c.project == bindparam("project"))
    .limit(1),
    str,
)
_OPTIONS = Query(
    select(features.c.name)
    .where(
        features.c.project == bindparam("project"),
        features.c.archived_at.is_(None),
        features.c.name != bindparam("child"),
        ~exists().where(feature_dependencies.c.feature_name == features.c.name),
    )
    .order_by(features.c.name),
    str,
)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the way of archiving flags."""

    parents: list[str]
    """Those on which flags depend that are not to be archived as well."""
    has_dependencies: bool
    """Some depend on others, and will not any more."""


def all_dependencies(tx: Transaction) -> list[tuple[str, Dependency]]:
    """Each with the flag that has it, by their names."""
    return tx.all(_ALL_DEPENDENCIES)


def all_links(tx: Transaction) -> list[tuple[str, Link]]:
    """Each with its flag, also of archived ones: by their names, the older first."""
    return tx.all(_ALL_LINKS)


def relations_of_flags(tx: Transaction, flags: list[str]) -> Mapping[str, Relations]:
    """Of each flag; one that has none may be left out."""
    dependencies: defaultdict[str, list[Dependency]] = defaultdict(list)
    links: defaultdict[str, list[Link]] = defaultdict(list)
    for flag, dependency in tx.all(_DEPENDENCIES, flags=flags):
        dependencies[flag].append(dependency)
    for flag, link in tx.all(_LINKS, flags=flags):
        links[flag].append(link)
    completions: dict[str, Completion] = dict(tx.all(_COMPLETIONS, flags=flags))
    return {
        flag: Relations(
            dependencies=dependencies.get(flag, []), links=links.get(flag, []), completion=completions.get(flag)
        )
        for flag in {*dependencies, *links, *completions}
    }


def standing_in_the_way(tx: Transaction, names: Collection[str]) -> Standing:
    """Of archiving these flags together."""
    archived = set(names)
    pairs = tx.all(_PAIRS, flags=sorted(archived))
    parents = {parent for child, parent in pairs if child not in archived}
    return Standing(parents=sorted(parents), has_dependencies=bool(tx.all(_DEPENDENCIES, flags=sorted(archived))))


def children_first(tx: Transaction, names: Sequence[str]) -> list[str]:
    """The same flags, those on which others of them depend behind these."""
    parents = {parent for _, parent in tx.all(_PAIRS, flags=sorted(set(names)))}
    return sorted(names, key=lambda name: name in parents)


def dependencies_exist(tx: Transaction, project: str) -> bool:
    """Whether any flag of a project depends on another. Raises `NotFound` for the project."""
    projects.project(tx, project)
    return tx.first(_ANY_IN_PROJECT, project=project) is not None


def parent_options(tx: Transaction, project: str, child: str) -> list[str]:
    """The flags that a flag may depend on: none, while others depend on it. Raises `NotFound` for the flag."""
    flag_in_use(tx, child, project)
    return [] if children_of(tx, child) else tx.all(_OPTIONS, project=project, child=child)


def variants_of_parent(tx: Transaction, project: str, parent: str) -> list[str]:
    """The variants that a flag may give in any environment, sorted. Raises `NotFound` for the flag."""
    flag_in_use(tx, parent, project)
    states = load_all(tx, parent).values()
    own = {variant.name for state in states for variant in state.variants}
    return sorted(
        own | {variant.name for state in states for strategy in state.strategies for variant in strategy.variants}
    )
