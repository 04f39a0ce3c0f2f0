"""Who uses what: the strategies that use a segment or a context field, and the flags that use a strategy definition."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.features.access.model import is_hidden
from flagkeeper.features.context_fields.ports import StrategyUse
from flagkeeper.features.flags.tables import feature_strategies, feature_strategy_segments, features
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.segments.queries import HIDDEN_FLAG, all_segments
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of, contains
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

_OF_SEGMENTS = Query(
    select(
        feature_strategy_segments.c.segment_id,
        feature_strategies.c.id,
        features.c.project,
        features.c.name,
        feature_strategies.c.strategy_name,
        feature_strategies.c.environment,
    )
    .join(feature_strategies, feature_strategies.c.id == feature_strategy_segments.c.strategy_id)
    .join(features, features.c.name == feature_strategies.c.feature_name)
    .where(any_of(feature_strategy_segments.c.segment_id, "segments"))
    .order_by(feature_strategies.c.id),
    lambda segment, id_, project, flag, strategy, environment: (
        int(segment),
        StrategyUse(id=id_, project_id=project, feature_name=flag, strategy_name=strategy, environment=environment),
    ),
)


class _OnField(msgspec.Struct, rename="camel"):
    """What a constraint is about."""

    context_name: str


_constraints = msgspec.json.Decoder(list[Constraint]).decode
_on_fields = msgspec.json.Decoder(list[_OnField]).decode
_CONSTRAINED = (
    select(
        feature_strategies.c.id,
        features.c.project,
        features.c.name,
        feature_strategies.c.strategy_name,
        feature_strategies.c.environment,
        feature_strategies.c.constraints,
    )
    .join(features, features.c.name == feature_strategies.c.feature_name)
    .where(feature_strategies.c.constraints != "[]")
    .order_by(feature_strategies.c.id)
)
_ALL_CONSTRAINED = Query(_CONSTRAINED, columns)
_CONSTRAINED_ON = Query(_CONSTRAINED.where(contains(feature_strategies.c.constraints, "about")), columns)
_PLACE = Query(
    select(feature_strategies.c.feature_name, feature_strategies.c.environment, features.c.project)
    .join(features, features.c.name == feature_strategies.c.feature_name)
    .where(feature_strategies.c.id == bindparam("id")),
    columns,
)
_SEGMENTS_OF = Query(
    select(feature_strategy_segments.c.segment_id)
    .where(feature_strategy_segments.c.strategy_id == bindparam("id"))
    .order_by(feature_strategy_segments.c.segment_id),
    int,
)
_OF_STRATEGY = Query(
    select(features.c.name, features.c.project).where(
        features.c.name.in_(
            select(feature_strategies.c.feature_name).where(feature_strategies.c.strategy_name == bindparam("strategy"))
        )
    ),
    columns,
)


def flag_of_strategy(tx: Transaction, project: str, strategy_id: str, environment: str, visibility: Visibility) -> str:
    """The flag, of a project, that has a strategy in an environment. Raises `NotFound`."""
    projects.demand_visible(tx, project, visibility)
    for flag, found, of_project in tx.all(_PLACE, id=strategy_id):
        if (of_project, found) == (project, environment):
            return str(flag)
    raise NotFound(f"There is no strategy with the id {strategy_id!r}.")


def segments_of_strategy(tx: Transaction, strategy_id: str, visibility: Visibility) -> list[int]:
    """The segments of a strategy, sorted; nothing for one that is not there, or of a hidden project."""
    places = tx.all(_PLACE, id=strategy_id)
    if any(is_hidden(project, visibility) for _, _, project in places):
        return []
    return tx.all(_SEGMENTS_OF, id=strategy_id)


def segment_uses(tx: Transaction, ids: list[int]) -> Mapping[int, list[StrategyUse]]:
    """The strategies that use each segment, those of archived flags included; an unused segment is left out."""
    found: defaultdict[int, list[StrategyUse]] = defaultdict(list)
    for segment, use in tx.all(_OF_SEGMENTS, segments=ids):
        found[segment].append(use)
    return found


def constraints_on(tx: Transaction, field: str) -> Iterator[Constraint]:
    """The constraints on a context field: of strategies, those of archived flags and default ones included, and of
    segments."""
    for *_, constraints in _constrained_on(tx, field):
        yield from (each for each in _constraints(constraints) if each.context_name == field)
    for segment in all_segments(tx):
        yield from (each for each in segment.constraints if each.context_name == field)
    yield from projects.default_constraints_on(tx, field)


def field_uses(tx: Transaction, fields: list[str]) -> Mapping[str, list[StrategyUse]]:
    """The strategies with a constraint on each context field, those of archived flags included; a field that none is
    about is left out."""
    found: defaultdict[str, list[StrategyUse]] = defaultdict(list)
    rows = _constrained_on(tx, fields[0]) if len(fields) == 1 else tx.all(_ALL_CONSTRAINED)
    wanted = set(fields)
    for id_, project, flag, strategy, environment, constraints in rows:
        use = StrategyUse(
            id=id_, project_id=project, feature_name=flag, strategy_name=strategy, environment=environment
        )
        for name in wanted & {each.context_name for each in _on_fields(constraints)}:
            found[name].append(use)
    return found


def _constrained_on(tx: Transaction, field: str) -> list[tuple[Any, ...]]:
    """Strategies with a constraint that may be on a context field."""
    return tx.all(_CONSTRAINED_ON, about=f'"contextName":{msgspec.json.encode(field).decode()}')


def strategy_uses(tx: Transaction, strategy: str, visibility: Visibility = EVERYTHING) -> list[str]:
    """The names of the flags, archived ones too, that have a strategy of this definition, sorted; those of which the
    reader may not know are one without a name, at the end."""
    found = tx.all(_OF_STRATEGY, strategy=strategy)
    seen = sorted(flag for flag, project in found if not is_hidden(project, visibility))
    return seen if len(seen) == len(found) else [*seen, HIDDEN_FLAG]
