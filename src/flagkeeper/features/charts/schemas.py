"""Charts on the wire."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from flagkeeper.features.charts.model import Chart, ChartDraft
from flagkeeper.features.measurements.model import Kind

TimeRange = Literal["hour", "day", "week", "month"]
YAxis = Literal["auto", "zero"]
Aggregation = Literal["rps", "count", "avg", "sum", "p95", "p99", "p50"]


class ChartBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str | None = None
    """Of the chart that is replaced. Left out: a new one."""
    metric_name: str
    time_range: TimeRange
    y_axis_min: YAxis
    aggregation_mode: Aggregation
    label_selectors: dict[str, list[str]]
    title: str | None = None

    def draft(self) -> ChartDraft:
        return ChartDraft(**{name: getattr(self, name) for name in ChartDraft.__struct_fields__})


class ChartOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    id: str
    metric_name: str
    display_name: str
    time_range: TimeRange
    aggregation_mode: Aggregation
    y_axis_min: YAxis
    label_selectors: dict[str, list[str]]
    step: Literal["1m", "15m", "3h", "1d"]
    """How far its points lie apart, as the time range says."""
    type: Literal["counter", "gauge", "histogram", "unknown"]
    """`unknown`: no SDK has sent it yet."""
    title: str | msgspec.UnsetType = msgspec.UNSET


class ChartList(msgspec.Struct, frozen=True, kw_only=True):
    configs: list[ChartOut]


class Visits(msgspec.Struct, frozen=True, kw_only=True):
    count: float
    date: str


class VisitsOut(msgspec.Struct, frozen=True, kw_only=True):
    data: list[Visits]


_STEPS = {"hour": "1m", "day": "15m", "week": "3h", "month": "1d"}


def shown(chart: Chart, kinds: Mapping[str, Kind]) -> ChartOut:
    kind = kinds.get(chart.metric_name)
    given = {
        "id": chart.id,
        "metricName": chart.metric_name,
        "displayName": chart.metric_name,
        "timeRange": chart.time_range,
        "aggregationMode": chart.aggregation_mode,
        "yAxisMin": chart.y_axis_min,
        "labelSelectors": chart.label_selectors,
        "step": _STEPS[chart.time_range],
        "type": "unknown" if kind is None else kind.value,
    }
    return msgspec.convert(given if chart.title is None else {**given, "title": chart.title}, ChartOut)


def listed(found: Sequence[Chart], kinds: Mapping[str, Kind]) -> ChartList:
    return ChartList(configs=[shown(each, kinds) for each in found])
