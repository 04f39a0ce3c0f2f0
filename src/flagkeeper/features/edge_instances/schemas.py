"""What edges say of themselves, on the wire: as Unleash's Edge sends it, and as administrators read it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from flagkeeper.features.edge_instances.model import (
    LONGEST_NAME,
    MOST_IN_REPORT,
    MOST_REVISIONS,
    Answers,
    EdgeInstance,
    Latency,
    Progress,
)
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import is_one_line

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Amount = Annotated[float, Meta(ge=0, le=1e18)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
MOST_PATHS = 100
FEATURES, FRONTEND = "/api/client/features", "/api/frontend"


class LatencyBody(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds."""

    avg: Amount
    count: Amount
    p99: Amount

    def read(self) -> Latency:
        return Latency(average=self.avg, p99=self.p99)


ByPath = Annotated[dict[str, LatencyBody | None], Meta(max_length=MOST_PATHS)]


class TrafficBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How long an edge takes to answer, by path. Older ones leave some of it out."""

    get: ByPath = {}
    post: ByPath = {}
    access_denied: ByPath = {}
    cached_responses: ByPath = {}


class UpstreamBody(msgspec.Struct, frozen=True, kw_only=True):
    """How long its upstream takes to answer an edge."""

    features: LatencyBody
    metrics: LatencyBody
    edge: LatencyBody


class ProcessBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    cpu_usage: Amount
    memory_usage: Amount


class AnswersBody(msgspec.Struct, frozen=True, kw_only=True):
    requests200: Number = 0
    requests304: Number = 0


class RevisionBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How far an edge has come with one token."""

    environment: Name
    projects: list[Name]
    revision_id: Number
    last_updated: str | None = None


class EdgeReportBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An edge tells of itself, and of those behind it. Keys that we do not know are allowed."""

    identifier: Name
    app_name: Name
    edge_version: Name
    started: str
    traffic: TrafficBody
    latency_upstream: UpstreamBody
    connected_streaming_clients: Number
    connected_edges: Annotated[list["EdgeReportBody"], Meta(max_length=MOST_IN_REPORT)]
    region: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None
    process_metrics: ProcessBody | None = None
    hosting: Literal["hosted", "self-hosted", "enterprise-self-hosted"] | None = None
    requests_since_last_report: Annotated[dict[str, AnswersBody | None], Meta(max_length=MOST_PATHS)] | None = None
    connection_consumption_since_last_report: Any = None
    request_consumption_since_last_report: Any = None
    api_key_revision_ids: Annotated[list[RevisionBody | None], Meta(max_length=MOST_REVISIONS)] | None = None

    def __post_init__(self) -> None:
        # What edges are called stands in lists, on one line.
        names = [self.identifier, self.app_name, self.edge_version, self.region or "", *self._other_names()]
        if not all(map(is_one_line, names)):
            raise ValueError("Control characters and signs that change the direction of text are not allowed in names")

    def _other_names(self) -> Iterator[str]:
        yield from self.requests_since_last_report or ()
        for each in filter(None, self.api_key_revision_ids or ()):
            yield from (each.environment, *each.projects)

    def instances(self) -> list[EdgeInstance]:
        """This one, and all that stand behind it. Raises `BadData` for times that are none, and for too many."""
        found = list(self.seen_through(None, "/body"))
        if len(found) > MOST_IN_REPORT:
            message = f"A report tells of {MOST_IN_REPORT} edges at most, not of {len(found)}."
            raise BadData(message, Detail(message, "/body/connectedEdges"))
        return found

    def seen_through(self, via: str | None, place: str) -> Iterator[EdgeInstance]:
        """The same, as the edge in front of it tells of it; `place` is where in the body."""
        answered = (self.requests_since_last_report or {}).items()
        process = self.process_metrics
        yield EdgeInstance(
            id=self.identifier,
            app_name=self.app_name,
            version=self.edge_version,
            started=_moment(self.started, f"{place}/started"),
            connected_via=via,
            region=self.region,
            hosting=self.hosting,
            streams=self.connected_streaming_clients,
            cpu=None if process is None else process.cpu_usage,
            memory=None if process is None else process.memory_usage,
            features=_at(self.traffic.get, FEATURES),
            frontend=_at(self.traffic.get, FRONTEND),
            upstream_features=self.latency_upstream.features.read(),
            upstream_metrics=self.latency_upstream.metrics.read(),
            upstream_edge=self.latency_upstream.edge.read(),
            answers=tuple(
                Answers(path=path, changed=each.requests200, unchanged=each.requests304)
                for path, each in sorted(answered)
                if each is not None
            ),
            progress=tuple(_progress(each, place) for each in self.api_key_revision_ids or () if each is not None),
        )
        for number, each in enumerate(self.connected_edges):
            yield from each.seen_through(self.identifier, f"{place}/connectedEdges/{number}")


class AnswersOut(msgspec.Struct, frozen=True, kw_only=True):
    requests200: int
    requests304: int


class RevisionOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    environment: str
    projects: list[str]
    revision_id: int
    last_updated: clock.Iso | None


class ConnectedEdgeOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An edge, as it was when it last reported. Latencies are in milliseconds."""

    instance_id: str
    app_name: str
    edge_version: str
    region: str | None
    hosting: str | None
    connected_via: str | None
    """The `instanceId` of the edge in front of it. None: it reports to this server itself."""
    started: clock.Iso
    reported_at: clock.Iso
    connected_streaming_clients: int
    cpu_usage: float | None
    memory_usage: float | None
    client_features_average_latency_ms: float
    client_features_p99_latency_ms: float = msgspec.field(name="clientFeaturesP99LatencyMs")
    frontend_api_average_latency_ms: float
    frontend_api_p99_latency_ms: float = msgspec.field(name="frontendApiP99LatencyMs")
    upstream_features_average_latency_ms: float
    upstream_features_p99_latency_ms: float = msgspec.field(name="upstreamFeaturesP99LatencyMs")
    upstream_metrics_average_latency_ms: float
    upstream_metrics_p99_latency_ms: float = msgspec.field(name="upstreamMetricsP99LatencyMs")
    upstream_edge_average_latency_ms: float
    upstream_edge_p99_latency_ms: float = msgspec.field(name="upstreamEdgeP99LatencyMs")
    requests_since_last_report: dict[str, AnswersOut]
    api_key_revision_ids: list[RevisionOut]


class LicenceStateOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether an edge may run. There are no licences here: any may."""

    edge_license_state: Literal["Valid", "Invalid", "Expired"]


VALID = LicenceStateOut(edge_license_state="Valid")


def shown(heard_of: Sequence[tuple[EdgeInstance, clock.Millis]]) -> list[ConnectedEdgeOut]:
    return [_shown(each, reported_at) for each, reported_at in heard_of]


def _shown(edge: EdgeInstance, reported_at: clock.Millis) -> ConnectedEdgeOut:
    return ConnectedEdgeOut(
        instance_id=edge.id,
        app_name=edge.app_name,
        edge_version=edge.version,
        region=edge.region,
        hosting=edge.hosting,
        connected_via=edge.connected_via,
        started=clock.to_iso(edge.started),
        reported_at=clock.to_iso(reported_at),
        connected_streaming_clients=edge.streams,
        cpu_usage=edge.cpu,
        memory_usage=edge.memory,
        client_features_average_latency_ms=edge.features.average,
        client_features_p99_latency_ms=edge.features.p99,
        frontend_api_average_latency_ms=edge.frontend.average,
        frontend_api_p99_latency_ms=edge.frontend.p99,
        upstream_features_average_latency_ms=edge.upstream_features.average,
        upstream_features_p99_latency_ms=edge.upstream_features.p99,
        upstream_metrics_average_latency_ms=edge.upstream_metrics.average,
        upstream_metrics_p99_latency_ms=edge.upstream_metrics.p99,
        upstream_edge_average_latency_ms=edge.upstream_edge.average,
        upstream_edge_p99_latency_ms=edge.upstream_edge.p99,
        requests_since_last_report={
            each.path: AnswersOut(requests200=each.changed, requests304=each.unchanged) for each in edge.answers
        },
        api_key_revision_ids=[
            RevisionOut(
                environment=each.environment,
                projects=list(each.projects),
                revision_id=each.revision,
                last_updated=None if each.at is None else clock.to_iso(each.at),
            )
            for each in edge.progress
        ],
    )


def _at(by_path: Mapping[str, LatencyBody | None], path: str) -> Latency:
    found = by_path.get(path)
    return Latency() if found is None else found.read()


def _progress(given: RevisionBody, place: str) -> Progress:
    at = given.last_updated
    return Progress(
        environment=given.environment,
        projects=tuple(given.projects),
        revision=given.revision_id,
        at=None if at is None else _moment(at, f"{place}/apiKeyRevisionIds/*/lastUpdated"),
    )


def _moment(text: str, place: str) -> clock.Millis:
    try:
        return clock.from_iso(text)
    except (ValueError, OverflowError) as error:
        message = f"{text!r:.60} is no time. Send ISO 8601, such as 2026-11-22T17:00:00.000Z."
        raise BadData(message, Detail(message, place)) from error
