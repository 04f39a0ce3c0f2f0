"""What a node tells upstream of itself, as `POST /api/client/metrics/edge`, and what nodes behind it told."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

import msgspec
import structlog
from prometheus_client.core import Metric

from flagkeeper import __version__
from flagkeeper.edge.source import EdgeFeatures
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import NotFound, Unavailable
from flagkeeper.outbound.errors import OutboundError
from flagkeeper.outbound.upstream import UpstreamServer
from flagkeeper.supervisor import SupervisedTask, Supervisor

EDGE = "/api/client/metrics/edge"
APP_NAME = "flagkeeper-edge"
ASK_AGAIN = 3_600.0
"""Seconds until a server that does not know edges is told again: it may have been updated."""
MOST_BEHIND = 100
"""Nodes behind this one of which is told."""
BEHIND_FOR = 5 * clock.MINUTE
"""How long a node counts that says nothing more."""
ANSWERED, UNCHANGED, DENIED = ("200", "202"), ("304",), ("403",)

log = structlog.get_logger("flagkeeper.edge")


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds, and how many answers they are of."""

    avg: float = 0.0
    count: int = 0
    p99: float = 0.0


class Traffic(msgspec.Struct, frozen=True, rename="camel"):
    """By path: what was answered, what had not changed, and what was refused."""

    get: dict[str, Latency] = {}
    post: dict[str, Latency] = {}
    access_denied: dict[str, Latency] = {}
    cached_responses: dict[str, Latency] = {}


class UpstreamLatency(msgspec.Struct, frozen=True):
    features: Latency
    metrics: Latency
    edge: Latency


class ProcessMetrics(msgspec.Struct, frozen=True, rename="camel"):
    cpu_usage: float
    """Seconds."""
    memory_usage: float
    """Bytes."""


class ApiKeyRevision(msgspec.Struct, frozen=True, rename="camel"):
    environment: str
    projects: tuple[str, ...]
    revision_id: int


class EdgeInstance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The names and units are those of Unleash's Edge."""

    identifier: str
    app_name: str
    region: str | None = None
    edge_version: str
    process_metrics: ProcessMetrics | None = None
    started: clock.Iso
    traffic: Traffic
    latency_upstream: UpstreamLatency
    connected_streaming_clients: int
    connected_edges: list[msgspec.Raw] = []
    requests_since_last_report: dict[str, dict[str, int]] = {}
    hosting: str = "self-hosted"
    api_key_revision_ids: list[ApiKeyRevision] = []


class Behind:
    """Nodes that report to this one, by what they call themselves."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[clock.Millis, msgspec.Raw]] = {}

    def take(self, identifier: str, told: bytes) -> None:
        """What is too much is forgotten, the ones first that were silent for longest."""
        self._known.pop(identifier, None)
        self._known[identifier] = clock.now(), msgspec.Raw(told)
        while len(self._known) > MOST_BEHIND:
            del self._known[next(iter(self._known))]

    def now(self) -> list[msgspec.Raw]:
        since = clock.now() - BEHIND_FOR
        return [told for at, told in self._known.values() if at >= since]


class Instance:
    """Tells upstream about this node, every few seconds.

    Args:
        secret: any backend token. Raises `Unavailable` or `NotFound` where there is none.
        listening: how many SDKs have a stream.
    """

    def __init__(
        self,
        identifier: str,
        upstream: UpstreamServer,
        secret: Callable[[None], str],
        metrics: RequestMetrics,
        features: EdgeFeatures,
        every: float,
    ) -> None:
        self.behind = Behind()
        self.listening: Callable[[], int] = lambda: 0
        self._identifier = identifier
        self._upstream = upstream
        self._secret = secret
        self._metrics = metrics
        self._features = features
        self._every = every
        self._started = clock.now()
        self._told: dict[tuple[str, str], int] = {}
        """Answers by path and status that were in the last report."""
        self._task: SupervisedTask | None = None

    def start(self, supervisor: Supervisor) -> None:
        self._task = supervisor.start("edge-instance", self._report)

    async def stop(self) -> None:
        if self._task is not None:
            await self._task.stop()

    async def _report(self) -> None:
        """A report that gets lost is not sent again: the next one says how things are then."""
        while True:
            await asyncio.sleep(self._every)
            try:
                secret = self._secret(None)
                families = await asyncio.to_thread(lambda: list(self._metrics.registry.collect()))
                body = msgspec.json.encode(self._describe(families))
                answer = await self._upstream.post(EDGE, body, {"Authorization": secret})
            except (OutboundError, Unavailable, NotFound):
                continue
            if answer.status in (404, 405):
                log.info("upstream_knows_no_edges", status=answer.status)
                await asyncio.sleep(ASK_AGAIN)

    def _describe(self, families: Iterable[Metric]) -> EdgeInstance:
        counted, took, process = _read(families)
        took_upstream = self._upstream.took
        return EdgeInstance(
            identifier=self._identifier,
            app_name=APP_NAME,
            edge_version=__version__,
            process_metrics=process,
            started=clock.to_iso(self._started),
            traffic=_traffic(counted, took),
            latency_upstream=UpstreamLatency(
                _measured(took_upstream.get("/api/client/features", ())),
                _measured(took_upstream.get("/api/client/metrics/bulk", ())),
                _measured(took_upstream.get(EDGE, ())),
            ),
            connected_streaming_clients=self.listening(),
            connected_edges=self.behind.now(),
            requests_since_last_report=self._since_last(counted),
            api_key_revision_ids=[
                ApiKeyRevision(each.scope.environment, each.scope.projects, each.now.revision.id)
                for each in (follower.followed for follower in self._features.followers())
                if each.now is not None and not each.scope.tags
            ],
        )

    def _since_last(self, counted: Mapping[tuple[str, str, str], int]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for kind, statuses in (("requests200", ANSWERED), ("requests304", UNCHANGED)):
            for path in sorted({route for _, route, _ in counted if route.startswith("/api/")}):
                number = sum(n for (_, route, status), n in counted.items() if route == path and status in statuses)
                new = number - self._told.get((path, kind), 0)
                self._told[path, kind] = number
                if new:
                    found.setdefault(path, {"requests200": 0, "requests304": 0})[kind] = new
        return found


def _read(
    families: Iterable[Metric],
) -> tuple[dict[tuple[str, str, str], int], dict[tuple[str, str], Latency], ProcessMetrics]:
    """Requests by method, route and status; how long they took by method and route; and what the process takes."""
    counted: dict[tuple[str, str, str], int] = {}
    sums: dict[tuple[str, str], float] = {}
    buckets: dict[tuple[str, str], list[tuple[float, float]]] = {}
    process = {"process_cpu_seconds_total": 0.0, "process_resident_memory_bytes": 0.0}
    for family in families:
        for name, labels, value, *_ in family.samples:
            if name == "flagkeeper_http_requests_total":
                counted[labels["method"], labels["route"], labels["status"]] = int(value)
            elif name == "flagkeeper_http_request_seconds_sum":
                sums[labels["method"], labels["route"]] = value
            elif name == "flagkeeper_http_request_seconds_bucket":
                buckets.setdefault((labels["method"], labels["route"]), []).append((float(labels["le"]), value))
            elif name in process:
                process[name] = value
    took = {key: _of_buckets(sums[key], found) for key, found in buckets.items()}
    return counted, took, ProcessMetrics(*process.values())


def _of_buckets(total: float, buckets: list[tuple[float, float]]) -> Latency:
    count = int(buckets[-1][1])
    bounds = [bound for bound, within in buckets if within >= 0.99 * count and bound != float("inf")]
    return Latency(round(1_000 * total / max(1, count), 3), count, 1_000 * (bounds[0] if bounds else buckets[-2][0]))


def _traffic(counted: Mapping[tuple[str, str, str], int], took: Mapping[tuple[str, str], Latency]) -> Traffic:
    found = Traffic({}, {}, {}, {})
    for (method, route, status), number in counted.items():
        into = (
            found.cached_responses if status in UNCHANGED
            else found.access_denied if status in DENIED
            else {"GET": found.get, "POST": found.post}.get(method) if status in ANSWERED
            else None
        )  # fmt: skip
        if into is not None and route.startswith("/api/"):
            took_here, before = took[method, route], into.get(route, Latency())
            into[route] = msgspec.structs.replace(took_here, count=before.count + number)
    return found


def _measured(seconds: Iterable[float]) -> Latency:
    found = sorted(seconds)
    if not found:
        return Latency()
    worst = found[min(len(found) - 1, int(0.99 * len(found)))]
    return Latency(round(1_000 * sum(found) / len(found), 3), len(found), round(1_000 * worst, 3))
