"""What a chart is, and the rules for one. Pure."""

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.system import ImpactMetricChartData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_TEXT = 255
"""Characters of the title, a metric's name, a label or its value."""
MOST_CHARTS = 50
"""Of one flag, or of those that belong to none."""
MOST_LABELS = 20
MOST_VALUES = 100
TIME_RANGES = ("hour", "day", "week", "month")
AGGREGATIONS = ("rps", "count", "avg", "sum", "p50", "p95", "p99")
Y_AXES = ("auto", "zero")


class ChartDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants a chart to show."""

    metric_name: str
    time_range: str
    aggregation_mode: str
    y_axis_min: str
    label_selectors: dict[str, list[str]]
    """Which values of labels are looked at. `*`: all of them."""
    title: str | None = None

    def check(self) -> None:
        """Raises `BadData`."""
        if not self.metric_name.strip():
            raise BadData("A chart is about a metric.", Detail("It is empty.", "/body/metricName"))
        _check_lines((self.metric_name,), "metricName")
        _check_lines((self.title or "",), "title")
        _check_one_of(self.time_range, TIME_RANGES, "timeRange")
        _check_one_of(self.aggregation_mode, AGGREGATIONS, "aggregationMode")
        _check_one_of(self.y_axis_min, Y_AXES, "yAxisMin")
        if len(self.label_selectors) > MOST_LABELS:
            raise BadData(
                "That are too many labels.", Detail(f"At most {MOST_LABELS} are allowed.", "/body/labelSelectors")
            )
        for label, values in self.label_selectors.items():
            _check_lines((label, *values), "labelSelectors")
            if len(values) > MOST_VALUES:
                raise BadData(
                    "That are too many values.", Detail(f"At most {MOST_VALUES} are allowed.", "/body/labelSelectors")
                )


class Chart(ChartDraft, frozen=True, kw_only=True):
    id: str
    flag: str | None
    """None: it belongs to none, and everybody sees it."""
    created_at: clock.Millis

    def draft(self) -> ChartDraft:
        return ChartDraft(**{name: getattr(self, name) for name in ChartDraft.__struct_fields__})

    def changed(self, draft: ChartDraft) -> "Chart":
        return msgspec.structs.replace(self, **msgspec.structs.asdict(draft))

    def payload(self) -> ImpactMetricChartData:
        """How events show it."""
        return ImpactMetricChartData(id=self.id, **msgspec.structs.asdict(self.draft()))

    def state(self) -> "ChartState":
        return ChartState(draft=self.draft(), flag=self.flag, created_at=self.created_at)


class ChartState(Snapshot, frozen=True, kw_only=True):
    """A version of a chart."""

    kind: ClassVar = "impact-metric"
    schema: ClassVar = 1
    draft: ChartDraft
    flag: str | None
    created_at: clock.Millis


def _check_one_of(value: str, allowed: Iterable[str], field: str) -> None:
    if value not in allowed:
        raise BadData(f"There is no such {field}.", Detail(f"Use one of {', '.join(allowed)}.", f"/body/{field}"))


def _check_lines(texts: Iterable[str], field: str) -> None:
    for text in texts:
        check_line(text, f"/body/{field}")
        if len(text) > LONGEST_TEXT:
            raise BadData("That is too long.", Detail(f"At most {LONGEST_TEXT} characters.", f"/body/{field}"))
