"""How many listen, and what they get, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class TailMetrics:
    """Metrics of one server."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.open = Gauge("flagkeeper_live_tails", "Live tails that are open.", registry=registry)
        self.events = Counter("flagkeeper_live_tail_events", "Events sent to live tails.", registry=registry)
        self.refused = Counter(
            "flagkeeper_live_tails_refused",
            "Live tails refused because too many are open, in all or by one caller.",
            registry=registry,
        )
