"""Writing what applications measured."""

from collections.abc import Sequence

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.measurements import store
from flagkeeper.features.measurements.model import KEPT, MOST_METRICS, MOST_SAMPLES, Metric, Series, Source


def add(unit: Unit, measured: Sequence[tuple[Metric, Series, float]]) -> int:
    """Adds numbers to what is stored. Returns how many found no room, or have a name that is of another kind."""
    return sum(
        _add(unit, source, [each for each in measured if each[0].source is source])
        for source in Source
        if any(each[0].source is source for each in measured)
    )


def forget_old(unit: Unit) -> None:
    """Forgets what nobody has sent for long."""
    store.forget(unit.tx, unit.now - KEPT)


def _add(unit: Unit, source: Source, measured: Sequence[tuple[Metric, Series, float]]) -> int:
    metrics = {metric.name: metric for metric, _, _ in measured}
    kinds = store.kinds(unit.tx, source, metrics)
    room = MOST_METRICS - store.count_metrics(unit.tx, source)
    for name, metric in sorted(metrics.items()):
        if name not in kinds and room > 0:
            store.add_metric(unit.tx, metric)
            kinds[name] = metric.kind
            room -= 1
    known = store.known(unit.tx, source, metrics)
    left = MOST_SAMPLES - store.count_series(unit.tx, source)
    taken: dict[bool, dict[Series, float]] = {True: {}, False: {}}
    refused = 0
    for metric, series, value in measured:
        is_new = series not in known
        if kinds.get(metric.name) is not metric.kind or (is_new and left <= 0):
            refused += 1
            continue
        left -= is_new
        taken[metric.kind.adds_up][series] = value
    for adds_up, values in taken.items():
        store.put(unit.tx, values, unit.now, adds_up=adds_up)
    return refused
