"""Adding measurements to what is stored, for commands. Private to this slice."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from flagkeeper.features.measurements.model import Kind, Metric, Series, Source
from flagkeeper.features.measurements.tables import measured_metrics, measured_series
from flagkeeper.kernel import clock
from flagkeeper.storage.dialects import any_of, upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction


def _put(*, adds_up: bool) -> Insert:
    new = insert(measured_series)
    value = measured_series.c.value + new.excluded.value if adds_up else new.excluded.value
    return new.on_conflict_do_update(
        index_elements=list(measured_series.primary_key.columns),
        set_={"value": value, "seen_at": new.excluded.seen_at},
    )


def to_metric(source: str, name: str, kind: str, help_: str) -> Metric:
    return Metric(Source(source), name, Kind(kind), help_)


_KINDS = Query(
    select(measured_metrics.c.name, measured_metrics.c.kind).where(
        measured_metrics.c.source == bindparam("source"), any_of(measured_metrics.c.name, "names")
    ),
    lambda name, kind: (str(name), Kind(kind)),
)
_COUNT_METRICS = Query(
    select(func.count()).select_from(measured_metrics).where(measured_metrics.c.source == bindparam("source")), int
)
_COUNT_SERIES = Query(
    select(func.count()).select_from(measured_series).where(measured_series.c.source == bindparam("source")), int
)
_KNOWN = Query(
    select(
        measured_series.c.source, measured_series.c.metric, measured_series.c.sample, measured_series.c.labels
    ).where(measured_series.c.source == bindparam("source"), any_of(measured_series.c.metric, "names")),
    lambda source, *rest: Series(Source(source), *rest),
)
_ADD_METRIC = Write[Any](upsert(measured_metrics, key=["source", "name"]))
_PUT = {adds_up: Write[Any](_put(adds_up=adds_up)) for adds_up in (True, False)}
_OLD_SERIES = Write[Any](delete(measured_series).where(measured_series.c.seen_at < bindparam("before")))
_EMPTY_METRICS = Write[Any](
    delete(measured_metrics).where(
        ~select(measured_series.c.metric)
        .where(
            measured_series.c.source == measured_metrics.c.source, measured_series.c.metric == measured_metrics.c.name
        )
        .exists()
    )
)


def kinds(tx: Transaction, source: Source, names: Iterable[str]) -> dict[str, Kind]:
    """Of those that are there."""
    return dict(tx.all(_KINDS, source=source.value, names=sorted(names)))


def known(tx: Transaction, source: Source, names: Iterable[str]) -> set[Series]:
    """All series of these metrics."""
    return set(tx.all(_KNOWN, source=source.value, names=sorted(names)))


def count_metrics(tx: Transaction, source: Source) -> int:
    return tx.first(_COUNT_METRICS, source=source.value) or 0


def count_series(tx: Transaction, source: Source) -> int:
    return tx.first(_COUNT_SERIES, source=source.value) or 0


def add_metric(tx: Transaction, metric: Metric) -> None:
    tx.write(_ADD_METRIC, source=metric.source.value, name=metric.name, kind=metric.kind.value, help=metric.help)


def put(tx: Transaction, values: Mapping[Series, float], now: clock.Millis, *, adds_up: bool) -> None:
    """Adds to numbers, or replaces them. Rows are written in the order of their keys."""
    rows = [
        {**series._asdict(), "source": series.source.value, "value": value, "seen_at": now}
        for series, value in sorted(values.items())
    ]
    tx.write_many(_PUT[adds_up], rows)


def forget(tx: Transaction, before: clock.Millis) -> None:
    tx.write(_OLD_SERIES, before=before)
    tx.write(_EMPTY_METRICS)
