"""Reading flags and segments for SDKs: all of them, or those that have changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, literal_column, select

from flagkeeper.eventlog.archive.store import newest_of
from flagkeeper.eventlog.catalogue.event import Reach
from flagkeeper.eventlog.tables import events
from flagkeeper.features.environments.tables import environments
from flagkeeper.features.flags.tables import (
    feature_dependencies,
    feature_environments,
    feature_strategies,
    feature_strategy_segments,
    feature_tags,
    features,
)
from flagkeeper.features.segments.queries import all_segments, segments_of
from flagkeeper.readmodels.client_features.encoding import (
    DependencyRow,
    EnvironmentRow,
    FlagRow,
    Segment,
    StrategyRow,
    encode_flag,
    encode_off,
    encode_segment,
)
from flagkeeper.readmodels.client_features.state import Flag
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Parameters, Query, columns
from flagkeeper.storage.transaction import Transaction


class _All(msgspec.Struct, frozen=True):
    """The same question about all flags and about some."""

    everything: Query[Any]
    some: Query[Any]

    def of(self, names: list[str] | None) -> tuple[Query[Any], Parameters]:
        """The question about flags of these names, or about all; for `Transaction.together`."""
        return (self.everything, {}) if names is None else (self.some, {"names": names})


def _all(question: Select[Any], name: ColumnElement[str], row: Any = columns) -> _All:
    alive = question if name is features.c.name else question.join(features, features.c.name == name)
    alive = alive.where(features.c.archived_at.is_(None))
    return _All(Query(alive, row), Query(alive.where(any_of(name, "names")), row))


_FLAGS = _all(
    select(
        features.c.name,
        features.c.type,
        features.c.project,
        features.c.description,
        features.c.stale,
        features.c.impression_data,
    ),
    features.c.name,
    FlagRow,
)
_ENVIRONMENTS = _all(
    select(
        feature_environments.c.feature_name,
        feature_environments.c.environment,
        feature_environments.c.enabled,
        feature_environments.c.variants,
    ),
    feature_environments.c.feature_name,
)
_STRATEGIES = _all(
    select(
        feature_strategies.c.feature_name,
        feature_strategies.c.environment,
        feature_strategies.c.id,
        feature_strategies.c.strategy_name,
        feature_strategies.c.parameters,
        feature_strategies.c.constraints,
        feature_strategies.c.variants,
        feature_strategies.c.sort_order,
    ).where(feature_strategies.c.disabled.is_(False)),
    feature_strategies.c.feature_name,
)
_SEGMENTS_OF_STRATEGIES = _all(
    select(feature_strategy_segments.c.strategy_id, feature_strategy_segments.c.segment_id),
    feature_strategy_segments.c.feature_name,
)
_TAGS = _all(
    select(feature_tags.c.feature_name, feature_tags.c.type, feature_tags.c.value), feature_tags.c.feature_name
)

_DEPENDENCIES = _all(
    select(
        feature_dependencies.c.feature_name,
        feature_dependencies.c.parent,
        feature_dependencies.c.enabled,
        feature_dependencies.c.variants,
    ),
    feature_dependencies.c.feature_name,
)
_QUESTIONS = (_FLAGS, _ENVIRONMENTS, _STRATEGIES, _SEGMENTS_OF_STRATEGIES, _TAGS, _DEPENDENCIES)

# One look into an index per environment (a GROUP BY would read the whole log). The number is written out: the index has
# only events of this reach, and is used only for what plainly asks for them.
_FOR_CLIENTS: ColumnElement[int] = literal_column(str(int(Reach.CLIENTS)))
_REVISION = select(events.c.id).where(events.c.reach == _FOR_CLIENTS).order_by(events.c.id.desc()).limit(1)
_REVISION_IN = Query(_REVISION.where(events.c.environment == bindparam("environment")), int)
_REVISION_NOWHERE = Query(_REVISION.where(events.c.environment.is_(None)), int)
_ENVIRONMENT_NAMES = Query(select(environments.c.name), str)


def read_revisions(tx: Transaction) -> dict[str | None, int]:
    """By environment, the last event that concerns SDKs, archived or not; under None, of those that name none."""
    archived = {name or None: event_id for name, event_id, _ in newest_of(tx, "environment")}
    found: dict[str | None, int] = {None: tx.first(_REVISION_NOWHERE) or archived.get(None, 0)}
    for environment in tx.all(_ENVIRONMENT_NAMES):
        if revision := tx.first(_REVISION_IN, environment=environment) or archived.get(environment):
            found[environment] = revision
    return found


def read_segments(tx: Transaction, ids: Iterable[int] | None = None) -> dict[int, Segment]:
    """All segments, or those of `ids` that exist."""
    found = all_segments(tx) if ids is None else segments_of(tx, sorted(ids))
    return {each.id: encode_segment(each.id, each.name, each.constraints) for each in found}


def read_flags(
    tx: Transaction, segments: Mapping[int, Segment], names: Iterable[str] | None = None
) -> tuple[dict[str, Flag], Mapping[int, Segment]]:
    """All flags that are not archived, or those among `names`; and `segments`, with those that they use and that were
    missing: `tx` may be ahead of the events that brought us here."""
    wanted = None if names is None else sorted(names)
    # In one round trip: every change for SDKs leads here, on every server.
    rows, own, strategies, of_strategies, tagged, asked = tx.together(*(each.of(wanted) for each in _QUESTIONS))
    states = _states(own, strategies, of_strategies)
    if missing := _used(states).difference(segments):
        segments = {**segments, **read_segments(tx, missing)}
    tags: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for name, kind, value in tagged:
        tags[name].add((kind, value))
    dependencies: defaultdict[str, list[DependencyRow]] = defaultdict(list)
    for name, parent, enabled, variants in sorted(asked):
        dependencies[name].append(DependencyRow(parent, enabled, variants))
    flags = {
        flag.name: Flag(
            project=flag.project,
            tags=frozenset(tags[flag.name]),
            off=encode_off(flag, dependencies[flag.name]),
            environments={
                environment: encode_flag(flag, state, segments, dependencies[flag.name])
                for environment, state in states[flag.name].items()
            },
        )
        for flag in rows
    }
    return flags, segments


def _used(states: Mapping[str, Mapping[str, EnvironmentRow]]) -> set[int]:
    return {
        id_
        for environments_of_flag in states.values()
        for state in environments_of_flag.values()
        for strategy in state.strategies
        for id_ in strategy.segments
    }


def _states(
    own: list[Any], strategies: list[Any], of_strategies: list[Any]
) -> defaultdict[str, dict[str, EnvironmentRow]]:
    """By flag and environment, from the rows of `_ENVIRONMENTS`, `_STRATEGIES` and `_SEGMENTS_OF_STRATEGIES`."""
    segments: defaultdict[str, list[int]] = defaultdict(list)
    for strategy, segment in of_strategies:
        segments[strategy].append(segment)
    enabled_ones: defaultdict[tuple[str, str], list[tuple[int, str, StrategyRow]]] = defaultdict(list)
    for flag, environment, id_, name, parameters, constraints, variants, sort_order in strategies:
        row = StrategyRow(name, parameters, constraints, variants, tuple(sorted(segments[id_])))
        enabled_ones[flag, environment].append((sort_order, id_, row))
    found: defaultdict[str, dict[str, EnvironmentRow]] = defaultdict(dict)
    for flag, environment, enabled, variants in own:
        # Ids rise with time, so of equal sort orders the older strategy comes first.
        ordered = [row for _, _, row in sorted(enabled_ones[flag, environment], key=lambda each: each[:2])]
        found[flag][environment] = EnvironmentRow(enabled, variants, ordered)
    return found
