"""How many listen, and what they get, for Prometheus."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import Metric
from prometheus_client.registry import Collector


class TailMetrics:
    """Metrics of one server."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.open = Gauge("flagkeeper_live_tails", "Live tails that are open.", registry=registry)
        self.events = Counter("flagkeeper_live_tail_events", "Events sent to live tails.", registry=registry)
        self.refused = Counter(
            "flagkeeper_live_tails_refused", "Live tails refused because too many are open.", registry=registry
        )


class TailCollector(Collector):
    """Shows the metrics of whichever server runs now (a test run has many after each other)."""

    source: TailMetrics | None = None

    def collect(self) -> Iterator[Metric]:
        return iter(self.source.registry.collect() if self.source else ())
