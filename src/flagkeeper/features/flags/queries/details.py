"""Flags as people look at them: one with everything, or a project's list."""

from collections import defaultdict
from collections.abc import Collection

import msgspec
from sqlalchemy import and_, bindparam, exists, select

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import VariantData
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.lifecycle import StageEntered
from flagkeeper.features.flags.model.relations import Relations
from flagkeeper.features.flags.ports import HourCounts
from flagkeeper.features.flags.queries.collaborators import collaborators
from flagkeeper.features.flags.queries.favorites import favorite_flags
from flagkeeper.features.flags.queries.lifecycle import lifecycle_of
from flagkeeper.features.flags.queries.names import flag as flag_in_use
from flagkeeper.features.flags.queries.tags import tags_of_flags
from flagkeeper.features.flags.store import environments as store
from flagkeeper.features.flags.store import flags as flag_store
from flagkeeper.features.flags.store import tags as tag_store
from flagkeeper.features.flags.store.relations import children_of, relations_of
from flagkeeper.features.flags.tables import feature_environments, feature_last_seen, feature_strategies, features
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.projects.model import ProjectEnvironment
from flagkeeper.features.tags.model import bare
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


class EnvironmentDetail(msgspec.Struct, frozen=True, kw_only=True):
    environment: ProjectEnvironment
    state: FlagEnvironment
    last_seen_at: Millis | None
    yes: int
    """How often SDKs found it on in this hour."""
    no: int


class FlagDetail(msgspec.Struct, frozen=True, kw_only=True):
    flag: Flag
    environments: list[EnvironmentDetail]
    """In the order in which people see them."""
    tags: list[Tag]
    relations: Relations
    children: list[str]
    """The flags that depend on it."""
    stage: StageEntered
    favorite: bool
    """Of whoever looks."""
    collaborators: list[tuple[int, str]]


class ListedEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    environment: ProjectEnvironment
    enabled: bool
    variant_count: int
    has_strategies: bool
    has_enabled_strategies: bool
    last_seen_at: Millis | None


class ListedFlag(msgspec.Struct, frozen=True, kw_only=True):
    flag: Flag
    environments: list[ListedEnvironment]
    tags: tuple[Tag, ...]
    favorite: bool
    """Of whoever looks."""


class _Row(msgspec.Struct, frozen=True):
    flag: str
    environment: str
    enabled: bool
    variants: str
    has_strategies: bool
    has_enabled_strategies: bool
    last_seen_at: Millis | None


_variants = msgspec.json.Decoder(list[msgspec.Raw]).decode
_SEEN = Query(
    select(feature_last_seen.c.environment, feature_last_seen.c.at).where(
        feature_last_seen.c.feature_name == bindparam("flag")
    ),
    lambda environment, at: (str(environment), int(at)),
)
_IN_USE = (features.c.project == bindparam("project"), features.c.archived_at.is_(None))
_FLAGS = Query(select(*flag_store.COLUMNS).where(*_IN_USE), Flag)
_OWN_STRATEGIES = and_(
    feature_strategies.c.feature_name == feature_environments.c.feature_name,
    feature_strategies.c.environment == feature_environments.c.environment,
)
_LISTED = Query(
    select(
        feature_environments.c.feature_name,
        feature_environments.c.environment,
        feature_environments.c.enabled,
        feature_environments.c.variants,
        exists().where(_OWN_STRATEGIES),
        exists().where(_OWN_STRATEGIES, feature_strategies.c.disabled.is_(False)),
        feature_last_seen.c.at,
    )
    .join(features, features.c.name == feature_environments.c.feature_name)
    .outerjoin(
        feature_last_seen,
        and_(
            feature_last_seen.c.feature_name == feature_environments.c.feature_name,
            feature_last_seen.c.environment == feature_environments.c.environment,
        ),
    )
    .where(*_IN_USE),
    _Row,
)


def flag_detail(tx: Transaction, project: str, name: str, hour_counts: HourCounts, user_id: int) -> FlagDetail:
    """As the user sees it. Raises `NotFound`, also for an archived flag."""
    flag = flag_in_use(tx, name, project)
    environments = _environments(tx, project, name, hour_counts)
    return FlagDetail(
        flag=flag,
        environments=environments,
        tags=tag_store.tags_of(tx, name),
        relations=relations_of(tx, name),
        children=children_of(tx, name),
        stage=lifecycle_of(tx, flag)[-1],
        favorite=name in favorite_flags(tx, user_id),
        collaborators=collaborators(tx, name, (each.environment.name for each in environments)),
    )


def environment_detail(
    tx: Transaction, project: str, name: str, environment: str, hour_counts: HourCounts
) -> EnvironmentDetail:
    """Raises `NotFound`, also for an archived flag."""
    flag_in_use(tx, name, project)
    for detail in _environments(tx, project, name, hour_counts):
        if detail.environment.name == environment:
            return detail
    raise NotFound(f"The flag {name!r} has no environment called {environment!r}.")


def _environments(tx: Transaction, project: str, name: str, hour_counts: HourCounts) -> list[EnvironmentDetail]:
    states = store.load_all(tx, name)
    seen = dict(tx.all(_SEEN, flag=name))
    counts = hour_counts(tx, name)
    found = []
    for each in projects.environments_of(tx, project):
        if each.name in states:
            yes, no = counts.get(each.name, (0, 0))
            found.append(
                EnvironmentDetail(
                    environment=each, state=states[each.name], last_seen_at=seen.get(each.name), yes=yes, no=no
                )
            )
    return found


def environment_of_flag(tx: Transaction, project: str, name: str, environment: str) -> FlagEnvironment:
    """Raises `NotFound`, also for an archived flag."""
    flag_in_use(tx, name, project)
    return store.load(tx, name, environment)


def variants_of_flag(tx: Transaction, project: str, name: str) -> list[VariantData]:
    """Those of the first environment that has any. Raises `NotFound`, also for an archived flag."""
    flag_in_use(tx, name, project)
    return flag_store.rollup(tx, name).variants


def flags_of_project(
    tx: Transaction, project: str, user_id: int, *, prefix: str = "", having: Collection[Tag] = ()
) -> list[ListedFlag]:
    """The flags in use, the user's favourites first, by name: those whose name begins with `prefix` and that have one
    of the tags `having`, if any are asked for.

    Raises:
        NotFound: there is no such project.
    """
    projects.project(tx, project)
    environments = projects.environments_of(tx, project)
    rows: defaultdict[str, dict[str, _Row]] = defaultdict(dict)
    for row in tx.all(_LISTED, project=project):
        rows[row.flag][row.environment] = row
    flags = sorted(tx.all(_FLAGS, project=project), key=lambda flag: flag.name)
    tags = tags_of_flags(tx, [flag.name for flag in flags])
    asked = set(map(bare, having))
    favorites = favorite_flags(tx, user_id)
    flags.sort(key=lambda flag: flag.name not in favorites)
    return [
        ListedFlag(
            flag=flag,
            environments=[
                _listed(environment, rows[flag.name][environment.name])
                for environment in environments
                if environment.name in rows[flag.name]
            ],
            tags=tags.get(flag.name, ()),
            favorite=flag.name in favorites,
        )
        for flag in flags
        if flag.name.startswith(prefix) and (not asked or not asked.isdisjoint(map(bare, tags.get(flag.name, ()))))
    ]


def _listed(environment: ProjectEnvironment, row: _Row) -> ListedEnvironment:
    return ListedEnvironment(
        environment=environment,
        enabled=row.enabled,
        variant_count=len(_variants(row.variants)),
        has_strategies=row.has_strategies,
        has_enabled_strategies=row.has_enabled_strategies,
        last_seen_at=row.last_seen_at,
    )
