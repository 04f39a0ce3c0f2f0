"""Reading what applications measure."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.features.measurements.model import Kind, Metric, Shown, Source
from flagkeeper.features.measurements.store import kinds, to_metric
from flagkeeper.features.measurements.tables import measured_metrics, measured_series
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_METRICS = Query(
    select(measured_metrics).where(measured_metrics.c.source == bindparam("source")).order_by(measured_metrics.c.name),
    to_metric,
)
_labels = msgspec.json.Decoder(dict[str, str]).decode
_SERIES = Query(
    select(
        measured_series.c.metric,
        measured_series.c.sample,
        measured_series.c.labels,
        measured_series.c.value,
        measured_series.c.seen_at,
    )
    .where(measured_series.c.source == bindparam("source"))
    .order_by(measured_series.c.metric, measured_series.c.sample, measured_series.c.labels),
    lambda metric, sample, labels, value, seen_at: (metric, Shown(sample, _labels(labels), value, seen_at)),
)


def measured(tx: Transaction, source: Source) -> list[tuple[Metric, list[Shown]]]:
    """All metrics of a source with their numbers, by name."""
    found: defaultdict[str, list[Shown]] = defaultdict(list)
    for metric, shown in tx.all(_SERIES, source=source.value):
        found[metric].append(shown)
    return [(metric, found[metric.name]) for metric in tx.all(_METRICS, source=source.value)]


def kinds_of(tx: Transaction, names: Sequence[str]) -> dict[str, Kind]:
    """What kinds of impact metrics these are; of one that nobody has sent, nothing is said."""
    return kinds(tx, Source.IMPACT, names)
