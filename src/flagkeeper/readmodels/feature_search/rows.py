"""Reading what is kept in memory of flags: of all of them, or of some."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from flagkeeper.features.flags.model.lifecycle import Moments
from flagkeeper.features.flags.model.relations import Completion
from flagkeeper.features.flags.tables import (
    feature_completions,
    feature_environments,
    feature_last_seen,
    feature_stages,
    feature_strategy_segments,
    feature_tags,
    features,
)
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.feature_search.state import Known, Usage
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction


class _All(msgspec.Struct, frozen=True):
    """The same question about all flags and about some."""

    everything: Query[Any]
    some: Query[Any]

    def ask(self, tx: Transaction, names: list[str] | None) -> list[Any]:
        return tx.all(self.everything) if names is None else tx.all(self.some, names=names)


def _all(question: Select[Any], name: ColumnElement[str]) -> _All:
    return _All(Query(question, columns), Query(question.where(any_of(name, "names")), columns))


_FLAGS = _all(
    select(
        features.c.name,
        features.c.project,
        features.c.type,
        features.c.description,
        features.c.stale,
        features.c.impression_data,
        features.c.created_at,
        features.c.created_by,
        features.c.created_by_user_id,
        features.c.archived_at,
        feature_completions.c.at,
        feature_completions.c.status,
        feature_completions.c.status_value,
    ).outerjoin(feature_completions, feature_completions.c.feature_name == features.c.name),
    features.c.name,
)
_ENVIRONMENTS = _all(
    select(feature_environments.c.feature_name, feature_environments.c.environment, feature_environments.c.enabled),
    feature_environments.c.feature_name,
)
_TAGS = _all(
    select(feature_tags.c.feature_name, feature_tags.c.type, feature_tags.c.value), feature_tags.c.feature_name
)
_SEGMENTS = _all(
    select(feature_strategy_segments.c.feature_name, feature_strategy_segments.c.segment_id),
    feature_strategy_segments.c.feature_name,
)
_SEEN = select(feature_last_seen.c.feature_name, feature_last_seen.c.at)
_SEEN_SINCE = Query(_SEEN.where(feature_last_seen.c.at >= bindparam("since")), columns)
_LAST_SEEN = (
    select(feature_last_seen.c.feature_name, func.max(feature_last_seen.c.at))
    .where(any_of(feature_last_seen.c.feature_name, "names"))
    .group_by(feature_last_seen.c.feature_name)
)
_SEEN_OF = Query(_LAST_SEEN, columns)
_STAGES = select(
    feature_stages.c.feature_name, feature_stages.c.revived_at, feature_stages.c.pre_live_at, feature_stages.c.live_at
)
_STAGES_SINCE = Query(
    _STAGES.where(
        or_(
            feature_stages.c.revived_at >= bindparam("since"),
            feature_stages.c.pre_live_at >= bindparam("since"),
            feature_stages.c.live_at >= bindparam("since"),
        )
    ),
    columns,
)
_STAGES_OF = Query(_STAGES.where(any_of(feature_stages.c.feature_name, "names")), columns)
_STALE = _all(select(features.c.name).where(features.c.potentially_stale), features.c.name)


def read_known(tx: Transaction, names: Iterable[str] | None = None) -> dict[str, Known]:
    """All flags, or those among `names`."""
    wanted = None if names is None else sorted(names)
    places: defaultdict[str, set[tuple[str, bool]]] = defaultdict(set)
    for name, environment, enabled in _ENVIRONMENTS.ask(tx, wanted):
        places[name].add((environment, enabled))
    tags: defaultdict[str, list[str]] = defaultdict(list)
    same: dict[str, str] = {}
    for name, type_, value in _TAGS.ask(tx, wanted):
        tag = f"{type_}:{value}"
        tags[name].append(same.setdefault(tag, tag))
    segments: defaultdict[str, set[int]] = defaultdict(set)
    for name, segment in _SEGMENTS.ask(tx, wanted):
        segments[name].add(segment)
    found = {}
    shared: dict[frozenset[Any], frozenset[Any]] = {}
    for name, project, type_, description, stale, impressions, created, by, by_id, archived, *completed in _FLAGS.ask(
        tx, wanted
    ):
        at, status, value = completed
        found[name] = Known(
            name=name,
            project=project,
            type=type_,
            description=description,
            stale=stale,
            impression_data=impressions,
            created_at=created,
            created_by=by,
            created_by_user_id=by_id,
            archived_at=archived,
            completion=None if at is None else Completion(at=at, status=status, status_value=value),
            tags=frozenset(tags[name]),
            segments=_shared(shared, segments[name]),
            places=_shared(shared, places[name]),
            text="\n".join([name, description or "", *tags[name]]).lower(),
        )
    return found


def _shared(known: dict[frozenset[Any], frozenset[Any]], values: Iterable[Any]) -> frozenset[Any]:
    found = frozenset(values)
    return known.setdefault(found, found)


def read_usage(tx: Transaction, since: Millis) -> Usage:
    """What usage says of flags that were asked for since a moment; 0: of all of them."""
    seen: dict[str, Millis] = {}
    for name, at in tx.all(_SEEN_SINCE, since=since):
        if at > seen.get(name, 0):
            seen[name] = at
    return Usage(seen, _moments(tx.all(_STAGES_SINCE, since=since)), _names(_STALE.ask(tx, None)))


def read_usage_of(tx: Transaction, names: Iterable[str]) -> Usage:
    """All that usage says of some flags."""
    wanted = sorted(names)
    return Usage(
        dict(tx.all(_SEEN_OF, names=wanted)),
        _moments(tx.all(_STAGES_OF, names=wanted)),
        _names(_STALE.ask(tx, wanted)),
    )


def _moments(rows: Iterable[Any]) -> Mapping[str, Moments]:
    return {name: Moments(*moments) for name, *moments in rows}


def _names(rows: Iterable[Any]) -> frozenset[str]:
    return frozenset(name for (name,) in rows)
