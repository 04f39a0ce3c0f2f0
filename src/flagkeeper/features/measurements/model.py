"""What a measurement is, how it is read from what applications send, and how it is added up. Pure."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from flagkeeper.kernel import clock
from flagkeeper.kernel.text import is_one_line

MOST_METRICS = 1_000
"""Names of a source."""
MOST_SAMPLES = 20_000
"""Series of a source, each bucket of a histogram for itself: names and labels are whatever holders of tokens send."""
MOST_KEPT = 20_000
"""Series held between two writes; what comes on top is dropped and counted."""
MOST_LABELS = 20
MOST_BUCKETS = 50
LONGEST_NAME = 200
LONGEST_VALUE = 255
"""Characters of a label's value."""
LONGEST_HELP = 500
KEPT = 30 * clock.DAY
"""What nobody sends for so long is forgotten."""

INFINITE = "+Inf"
_WRONG = re.compile(r"[^a-zA-Z0-9_]")
_NAME = re.compile(r"[a-zA-Z_]")
"""What a name begins with, of a metric or a label."""


class Source(StrEnum):
    IMPACT = "impact"
    """SDKs send it with what they counted."""
    CUSTOM = "custom"
    """It came by the endpoint for custom metrics."""


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"

    @property
    def adds_up(self) -> bool:
        """What comes is added to what there is; of a gauge, the last value holds."""
        return self is not Kind.GAUGE


class Metric(NamedTuple):
    source: Source
    name: str
    kind: Kind
    help: str


class Series(NamedTuple):
    """One number of a metric."""

    source: Source
    metric: str
    sample: str
    """The name that Prometheus knows it by: of a histogram, several belong to one metric."""
    labels: str
    """A JSON object, its keys in order."""


class Shown(NamedTuple):
    """A stored number."""

    sample: str
    labels: Mapping[str, str]
    value: float
    seen_at: clock.Millis


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """How many values were at most `le`, those of smaller buckets included."""

    le: float | str
    count: float


class ImpactSample(msgspec.Struct, frozen=True, kw_only=True):
    """A number, or a histogram, with its labels."""

    labels: dict[str, str | float | bool] | None = None
    value: float | None = None
    count: float | None = None
    sum: float | None = None
    buckets: list[Bucket] = []


class ImpactMetric(msgspec.Struct, frozen=True, kw_only=True):
    """As SDKs send it: counters and histograms say what came on top since the last time, gauges what there is."""

    name: str
    help: str = ""
    type: Kind
    samples: list[ImpactSample]


class CustomMetric(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: float
    labels: dict[str, str] | None = None


class Unreadable(ValueError):
    """A measurement that makes no sense."""


class Collected:
    """Everything measured since the last write."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self.metrics: dict[tuple[Source, str], Metric] = {}
        self.values: dict[Series, float] = {}
        self.dropped = 0
        """Numbers that found no room, or that cannot be read."""

    def take(self, metric: Metric, values: Mapping[Series, float]) -> None:
        """Adds what was measured. A name has one kind: what comes under it as another one is dropped."""
        if self.metrics.setdefault((metric.source, metric.name), metric).kind is not metric.kind:
            self.dropped += len(values)
            return
        for series, value in values.items():
            if series not in self.values and len(self.values) >= self._most:
                self.dropped += 1
            elif metric.kind.adds_up:
                self.values[series] = self.values.get(series, 0.0) + value
            else:
                self.values[series] = value

    def absorb(self, earlier: "Collected") -> None:
        """Takes back what could not be written; what is newer holds."""
        self.dropped += earlier.dropped
        for series, value in earlier.values.items():
            metric = earlier.metrics[series.source, series.metric]
            if metric.kind.adds_up or series not in self.values:
                self.take(metric, {series: value})


def read_impact(given: ImpactMetric, app_name: str, environment: str) -> tuple[Metric, dict[Series, float]]:
    """What an SDK measured. The environment is that of its token, whatever a label says.

    Raises:
        Unreadable: a name, a label or a number makes no sense.
    """
    metric = Metric(Source.IMPACT, _name(given.name), given.type, _help(given.help))
    values: dict[Series, float] = {}
    for sample in given.samples:
        own = {"origin": "sdk", **({"appName": app_name} if app_name else {}), **_labels(sample.labels or {})}
        labels = {**own, "environment": environment, "metric_type": given.type.value}
        for name, extra, value in _numbers(metric, sample):
            series = Series(Source.IMPACT, metric.name, name, written({**labels, **extra}))
            values[series] = value + (values.get(series, 0.0) if metric.kind.adds_up else 0.0)
    return metric, values


def read_custom(given: CustomMetric) -> tuple[Metric, dict[Series, float]]:
    """Raises `Unreadable`."""
    name = _name(given.name)
    series = Series(Source.CUSTOM, name, name, written(_labels(given.labels or {})))
    return Metric(Source.CUSTOM, name, Kind.GAUGE, ""), {series: _finite(given.value)}


def written(labels: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(sorted(labels.items()))).decode()


def exposition(metrics: Iterable[tuple[Metric, Iterable[Shown]]]) -> str:
    """The numbers in Prometheus' text format, version 0.0.4. Counters keep their names: Prometheus' own library would
    have them all end in `_total`."""
    lines: list[str] = []
    for metric, samples in metrics:
        lines.append(f"# HELP {metric.name} {_escaped(metric.help or metric.name)}\n")
        lines.append(f"# TYPE {metric.name} {metric.kind}\n")
        lines.extend(
            f"{each.sample}{_braces(each.labels)} {_number(each.value)}\n" for each in sorted(samples, key=_place)
        )
    return "".join(lines)


def _numbers(metric: Metric, sample: ImpactSample) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """The numbers of a sample: their names, labels and values."""
    if metric.kind is not Kind.HISTOGRAM:
        value = _finite(sample.value)
        if metric.kind is Kind.COUNTER and value < 0:
            raise Unreadable("a counter only grows")
        yield metric.name, {}, value
        return
    if len(sample.buckets) > MOST_BUCKETS:
        raise Unreadable("too many buckets")
    count = _finite(sample.count)
    buckets = {_bound(each.le): _finite(each.count) for each in sample.buckets}
    buckets.setdefault(INFINITE, count)
    counts = [buckets[bound] for bound in sorted(buckets, key=float)]
    if counts != sorted(counts) or counts[0] < 0 or counts[-1] != count:
        raise Unreadable("each bucket holds what the smaller ones do, and the last one everything")
    for bound in sorted(buckets, key=float):
        yield f"{metric.name}_bucket", {"le": bound}, buckets[bound]
    yield f"{metric.name}_sum", {}, _finite(sample.sum)
    yield f"{metric.name}_count", {}, count


def _name(name: str) -> str:
    """The name with what Prometheus does not know in names written as `_`."""
    if not _NAME.match(name) or len(name) > LONGEST_NAME:
        raise Unreadable("names begin with a letter or _")
    return _WRONG.sub("_", name)


def _labels(labels: Mapping[str, object]) -> dict[str, str]:
    if len(labels) > MOST_LABELS:
        raise Unreadable("too many labels")
    found = {_name(name): _label(value) for name, value in labels.items()}
    if "le" in found:
        raise Unreadable("the label le belongs to the buckets of histograms")
    return found


def _label(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
    if len(text) > LONGEST_VALUE or not is_one_line(text):
        raise Unreadable("a label has one short line")
    return text


def _help(text: str) -> str:
    return text[:LONGEST_HELP] if is_one_line(text) else ""


def _bound(le: float | str) -> str:
    try:
        bound = float(le)
    except ValueError:
        raise Unreadable("a bucket ends at a number") from None
    if math.isnan(bound):
        raise Unreadable("a bucket ends at a number")
    return INFINITE if bound == math.inf else _number(bound)


def _finite(value: float | None) -> float:
    if value is None or not math.isfinite(value):
        raise Unreadable("a number is missing")
    return float(value)


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def _place(shown: Shown) -> tuple[str, list[tuple[str, str]], float]:
    """Series stay together, their buckets in order."""
    labels = sorted((name, value) for name, value in shown.labels.items() if name != "le")
    return shown.sample, labels, float(shown.labels.get("le", 0))


def _braces(labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{name}="{_escaped(value, quote=True)}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _escaped(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text
