"""Custom metrics until they are handed on: numbers as they are now, so that of each series the newest counts. Pure."""

from collections.abc import Sequence
from itertools import islice

import msgspec

from flagkeeper.edge.reports import LARGEST
from flagkeeper.features.measurements.model import CustomMetric
from flagkeeper.kernel.errors import RateLimited
from flagkeeper.kernel.limits import MOST_AT_ONCE

MOST_KEPT = 20_000
"""Series."""
Series = tuple[str, tuple[tuple[str, str], ...]]


class Custom:
    """What was said and not handed on yet."""

    def __init__(self) -> None:
        self._kept: dict[Series, CustomMetric] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, given: Sequence[CustomMetric]) -> None:
        """Raises `RateLimited`: there is no room for all of it, and nothing of it was taken."""
        new = {series_of(each): each for each in given}
        if len(self._kept) + len(new.keys() - self._kept.keys()) > MOST_KEPT:
            raise RateLimited("Too many custom metrics wait for the server behind this edge. Try again later.", 15)
        self._kept |= new

    def batch(self) -> list[CustomMetric]:
        """As many as one request may have, the ones that came first."""
        found: list[CustomMetric] = []
        size = 0
        for each in islice(self._kept.values(), MOST_AT_ONCE):
            size += len(body_of([each]))
            if found and size > LARGEST:
                break
            found.append(each)
        return found

    def forget(self, sent: Sequence[CustomMetric]) -> None:
        """They were handed on. What came under the same name meanwhile stays."""
        for each in sent:
            series = series_of(each)
            if self._kept.get(series) is each:
                del self._kept[series]

    def all(self) -> list[CustomMetric]:
        return list(self._kept.values())


def series_of(metric: CustomMetric) -> Series:
    return metric.name, tuple(sorted((metric.labels or {}).items()))


def body_of(metrics: Sequence[CustomMetric]) -> bytes:
    """Without labels where there are none: Unleash refuses null."""
    return msgspec.json.encode(
        {
            "metrics": [
                {"name": each.name, "value": each.value, **({"labels": each.labels} if each.labels else {})}
                for each in metrics
            ]
        }
    )
