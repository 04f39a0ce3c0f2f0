"""Adding up what applications measure besides flags, in the form in which SDKs send it, until it is handed on. Pure."""

from collections.abc import Iterator

import msgspec

from flagkeeper.features.measurements.model import Bucket, ImpactMetric, ImpactSample, Kind, read_impact, written

MOST_KEPT = 20_000
"""Samples."""


class Key(msgspec.Struct, frozen=True):
    """One series of an environment."""

    environment: str
    name: str
    kind: Kind
    labels: str


class Sample(msgspec.Struct):
    """What was measured, with the description that came with it."""

    help: str
    sample: ImpactSample


class Impact:
    """What was measured and not handed on yet."""

    def __init__(self) -> None:
        self.samples: dict[Key, Sample] = {}
        self.dropped = 0
        """Samples that found no room."""

    def take(self, metric: ImpactMetric, app_name: str, environment: str) -> None:
        """Adds what an SDK measured.

        Raises:
            Unreadable: it makes no sense.
        """
        read_impact(metric, app_name, environment)
        for each in metric.samples:
            labels = {"appName": app_name} if app_name else {}
            labels |= {name: str(value) for name, value in (each.labels or {}).items()}
            sample = msgspec.structs.replace(each, labels=dict(labels))
            self._add(Key(environment, metric.name, metric.type, written(labels)), Sample(metric.help, sample))

    def absorb(self, earlier: "Impact") -> None:
        """Takes back what could not be handed on; of a gauge, what is newer holds."""
        self.dropped += earlier.dropped
        for key, each in earlier.samples.items():
            if key.kind is not Kind.GAUGE or key not in self.samples:
                self._add(key, each)

    def of(self, environment: str) -> Iterator[tuple[Key, ImpactMetric]]:
        """What is to be handed on."""
        for key, each in self.samples.items():
            if key.environment == environment:
                yield key, ImpactMetric(name=key.name, help=each.help, type=key.kind, samples=[each.sample])

    def _add(self, key: Key, new: Sample) -> None:
        old = self.samples.get(key)
        if old is None and len(self.samples) >= MOST_KEPT:
            self.dropped += 1
        elif old is None or key.kind is Kind.GAUGE:
            self.samples[key] = new
        else:
            self.samples[key] = Sample(new.help, _sum(old.sample, new.sample))


def _sum(one: ImpactSample, other: ImpactSample) -> ImpactSample:
    """Counters and histograms say what came on top. Of histograms whose buckets differ, the common ones are kept: each
    holds what the smaller ones do, so that every one of them is right."""
    counts = {str(each.le): each.count for each in other.buckets}
    return ImpactSample(
        labels=one.labels,
        value=_plus(one.value, other.value),
        count=_plus(one.count, other.count),
        sum=_plus(one.sum, other.sum),
        buckets=[
            Bucket(le=each.le, count=each.count + counts[str(each.le)])
            for each in one.buckets
            if str(each.le) in counts
        ],
    )


def _plus(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other
