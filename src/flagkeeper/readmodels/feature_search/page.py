"""A page of found flags, with everything that a list shows of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import and_, bindparam, exists, func, or_, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import hidden_projects
from flagkeeper.features.environments.tables import environments
from flagkeeper.features.flags.queries import favorite_flags
from flagkeeper.features.flags.queries.tags import tags_of_flags
from flagkeeper.features.flags.tables import (
    feature_dependencies,
    feature_environments,
    feature_last_seen,
    feature_strategies,
)
from flagkeeper.features.segments.queries import all_segments
from flagkeeper.features.usage.queries import hidden_from
from flagkeeper.features.usage.tables import client_metrics
from flagkeeper.kernel import clock
from flagkeeper.readmodels.feature_search.memory import FlagMemory
from flagkeeper.readmodels.feature_search.question import Question
from flagkeeper.readmodels.feature_search.schemas import (
    DependencyType,
    EnvironmentFound,
    FlagsFound,
    LifecycleCount,
    shown,
)
from flagkeeper.readmodels.feature_search.state import Asker, count_stages, find, stage_of
from flagkeeper.storage.dialects import any_of, none_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction


class _Row(msgspec.Struct, frozen=True):
    flag: str
    name: str
    type: str
    sort_order: int
    enabled: bool
    variants: str
    has_strategies: bool
    has_enabled_strategies: bool
    last_seen_at: clock.Millis | None


_list_of = msgspec.json.Decoder(list[msgspec.Raw]).decode
_OWN = and_(
    feature_strategies.c.feature_name == feature_environments.c.feature_name,
    feature_strategies.c.environment == feature_environments.c.environment,
)
_ENVIRONMENTS = Query(
    select(
        feature_environments.c.feature_name,
        environments.c.name,
        environments.c.type,
        environments.c.sort_order,
        feature_environments.c.enabled,
        feature_environments.c.variants,
        exists().where(_OWN),
        exists().where(_OWN, feature_strategies.c.disabled.is_(False)),
        feature_last_seen.c.at,
    )
    .join(environments, environments.c.name == feature_environments.c.environment)
    .outerjoin(
        feature_last_seen,
        and_(
            feature_last_seen.c.feature_name == feature_environments.c.feature_name,
            feature_last_seen.c.environment == feature_environments.c.environment,
        ),
    )
    .where(any_of(feature_environments.c.feature_name, "flags"))
    .order_by(feature_environments.c.feature_name, environments.c.sort_order, environments.c.name),
    _Row,
)
_COUNTS = Query(
    select(
        client_metrics.c.feature_name,
        client_metrics.c.environment,
        func.sum(client_metrics.c.yes),
        func.sum(client_metrics.c.no),
    )
    .where(
        any_of(client_metrics.c.feature_name, "flags"),
        client_metrics.c.span == "hour",
        client_metrics.c.start >= bindparam("since"),
        none_of(client_metrics.c.app_name, "unseen"),
    )
    .group_by(client_metrics.c.feature_name, client_metrics.c.environment),
    lambda flag, environment, yes, no: ((str(flag), str(environment)), (int(yes), int(no))),
)
_PAIRS = Query(
    select(feature_dependencies.c.feature_name, feature_dependencies.c.parent).where(
        or_(any_of(feature_dependencies.c.feature_name, "flags"), any_of(feature_dependencies.c.parent, "flags"))
    ),
    columns,
)


def search(tx: Transaction, memory: FlagMemory, question: Question, visibility: Visibility, user_id: int) -> FlagsFound:
    """The page that a user asks for, and how many flags there are in all."""
    flags = memory.current(tx)
    asker = Asker(favorite_flags(tx, user_id), hidden_projects(visibility))
    segments = {each.name: each.id for each in all_segments(tx)}
    found = find(flags, question, asker, segments)
    here = found[question.page.offset : question.page.offset + question.page.limit]
    names = [flag.name for flag in here]
    places, tags, kinds = _places(tx, names, visibility), tags_of_flags(tx, names), _kinds(tx, names)
    named = {id_: name for name, id_ in segments.items()}
    return FlagsFound(
        features=[
            shown(
                flag,
                stage_of(flags, flag),
                environments=places.get(flag.name, []),
                tags=tags.get(flag.name, ()),
                segments=sorted(named[id_] for id_ in flag.segments if id_ in named),
                dependency_type=kinds.get(flag.name),
                favorite=flag.name in asker.favorites,
            )
            for flag in here
        ],
        total=len(found),
    )


def stages(tx: Transaction, memory: FlagMemory, visibility: Visibility) -> LifecycleCount:
    """How many flags there are in each stage of their life."""
    counted = count_stages(memory.current(tx), hidden_projects(visibility))
    return LifecycleCount(**{stage.replace("-", "_"): number for stage, number in counted.items()})


def _places(tx: Transaction, names: list[str], visibility: Visibility) -> Mapping[str, Sequence[EnvironmentFound]]:
    now = clock.now()
    _, unseen = hidden_from(tx, visibility)
    counts = dict(tx.all(_COUNTS, flags=names, since=now - now % clock.HOUR, unseen=unseen))
    found: defaultdict[str, list[EnvironmentFound]] = defaultdict(list)
    for row in tx.all(_ENVIRONMENTS, flags=names):
        yes, no = counts.get((row.flag, row.name), (0, 0))
        found[row.flag].append(
            EnvironmentFound(
                name=row.name,
                type=row.type,
                sort_order=row.sort_order,
                enabled=row.enabled,
                variant_count=len(_list_of(row.variants)),
                has_strategies=row.has_strategies,
                has_enabled_strategies=row.has_enabled_strategies,
                last_seen_at=None if row.last_seen_at is None else clock.to_iso(row.last_seen_at),
                yes=yes,
                no=no,
            )
        )
    return found


def _kinds(tx: Transaction, names: list[str]) -> Mapping[str, DependencyType]:
    """`child` for flags that depend on others, `parent` for those on which others depend."""
    found: dict[str, DependencyType] = {}
    for child, parent in tx.all(_PAIRS, flags=names):
        found[child], found[parent] = "child", "parent"
    return found
