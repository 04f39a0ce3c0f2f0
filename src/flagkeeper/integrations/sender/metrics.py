"""What deliveries cost and how they go, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from flagkeeper.integrations.delivery.model import DeliveryState
from flagkeeper.integrations.delivery.queries import Backlog
from flagkeeper.kernel import clock

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)
"""Seconds. The goal is 0.05 for half of them and 0.25 for nineteen in twenty."""
_OUTCOMES = {DeliveryState.DONE: "delivered", DeliveryState.WAITING: "failed", DeliveryState.DEAD: "dead"}


class DeliveryMetrics:
    """Metrics of one server."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._attempts = Counter(
            "flagkeeper_deliveries",
            "Attempts to deliver an event: delivered, failed (to be tried again) or dead (given up).",
            ("provider", "outcome"),
            registry=registry,
        )
        self._lag = Histogram(
            "flagkeeper_delivery_lag_seconds",
            "Seconds from an event to the first attempt to deliver it.",
            registry=registry,
            buckets=BUCKETS,
        )
        self._waiting = Gauge("flagkeeper_deliveries_waiting", "Deliveries to be made.", registry=registry)
        self._dead = Gauge("flagkeeper_deliveries_dead", "Deliveries that were given up.", registry=registry)
        self._oldest = Gauge(
            "flagkeeper_deliveries_oldest_waiting_seconds",
            "Age of the oldest delivery to be made; 0 when there is none.",
            registry=registry,
        )

    def started(self, lag: clock.Millis) -> None:
        self._lag.observe(max(0, lag) / clock.SECOND)

    def finished(self, provider: str, state: DeliveryState) -> None:
        self._attempts.labels(provider, _OUTCOMES[state]).inc()

    def measured(self, backlog: Backlog, now: clock.Millis) -> None:
        self._waiting.set(backlog.waiting)
        self._dead.set(backlog.dead)
        self._oldest.set(max(0, now - backlog.oldest) / clock.SECOND if backlog.oldest is not None else 0)
