"""Who uses what: the strategies that use a segment, and the flags that use a strategy definition."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import bindparam, select

from flagkeeper.features.flags.tables import feature_strategies, feature_strategy_segments, features
from flagkeeper.features.segments.ports import StrategyUse
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
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
_OF_STRATEGY = Query(
    select(feature_strategies.c.feature_name)
    .where(feature_strategies.c.strategy_name == bindparam("strategy"))
    .distinct(),
    str,
)


def segment_uses(tx: Transaction, ids: list[int]) -> Mapping[int, list[StrategyUse]]:
    """The strategies that use each segment, those of archived flags included; an unused segment is left out."""
    found: defaultdict[int, list[StrategyUse]] = defaultdict(list)
    for segment, use in tx.all(_OF_SEGMENTS, segments=ids):
        found[segment].append(use)
    return found


def strategy_uses(tx: Transaction, strategy: str) -> list[str]:
    """The names of the flags, archived ones too, that have a strategy of this definition; sorted."""
    return sorted(tx.all(_OF_STRATEGY, strategy=strategy))
