"""Measurements on the wire."""

from collections.abc import Sequence

import msgspec

from flagkeeper.features.measurements.model import CustomMetric, Metric, Shown
from flagkeeper.kernel import clock
from flagkeeper.kernel.limits import AtOnce


class CustomMetricsBody(msgspec.Struct, frozen=True, kw_only=True):
    metrics: AtOnce[CustomMetric]


class CustomMetricOut(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: float
    labels: dict[str, str]
    timestamp: clock.Iso
    """When it was last written."""


class CustomMetricsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    metrics: list[CustomMetricOut]
    count: int
    metric_names: list[str]


def shown(measured: Sequence[tuple[Metric, Sequence[Shown]]]) -> CustomMetricsOut:
    found = [
        CustomMetricOut(
            name=metric.name, value=each.value, labels=dict(each.labels), timestamp=clock.to_iso(each.seen_at)
        )
        for metric, samples in measured
        for each in samples
    ]
    return CustomMetricsOut(metrics=found, count=len(found), metric_names=[metric.name for metric, _ in measured])
