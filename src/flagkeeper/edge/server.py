"""The edge as an ASGI application: the server's endpoints for SDKs, in front of flags that come from another server."""

import secrets
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

import msgspec
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flagkeeper.edge.admission import Admission, NoSessions
from flagkeeper.edge.forwarder import Forwarder, ForwarderMetrics
from flagkeeper.edge.health import health_of
from flagkeeper.edge.instance import Instance
from flagkeeper.edge.operations import OwnEndpoints
from flagkeeper.edge.settings import EdgeSettings
from flagkeeper.edge.snapshots import Snapshots
from flagkeeper.edge.source import EdgeFeatures
from flagkeeper.edge.tokens import Tokens
from flagkeeper.features.measurements import slice as measurements
from flagkeeper.features.usage import slice as usage
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.caller import Kind
from flagkeeper.http.cross_origin import cross_origin
from flagkeeper.http.endpoints import Endpoints
from flagkeeper.http.errors import BASE_PATH
from flagkeeper.http.event_stream import Address
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.http.middleware import Middleware
from flagkeeper.http.pace import Pace
from flagkeeper.http.proxies import Proxies
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, respond_error
from flagkeeper.http.sdk import FRONTEND_PATHS
from flagkeeper.http.target import read_target
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, NotFound, Unavailable
from flagkeeper.outbound.upstream import UpstreamServer
from flagkeeper.readmodels.client_features import slice as client_features
from flagkeeper.readmodels.client_features.answers import Answers
from flagkeeper.readmodels.client_features.streams import ClientStreams
from flagkeeper.readmodels.client_features.updates import Updates
from flagkeeper.readmodels.remote_evaluation import slice as remote_evaluation
from flagkeeper.readmodels.remote_evaluation.ofrep import PATH as OFREP
from flagkeeper.readmodels.remote_evaluation.views import Views
from flagkeeper.supervisor import Lifecycle, Supervisor

FORWARDING_PATIENCE = 6.0
"""Seconds that the last report gets."""
OPERATIONS = [
    *client_features.SLICE.operations,
    *remote_evaluation.SLICE.operations,
    *usage.SLICE.operations,
    *measurements.SLICE.operations,
]

log = structlog.get_logger("flagkeeper.edge")


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How requests are served, as a server's settings have it."""

    base_path: str = ""
    trusted_proxies: Sequence[IPv4Network | IPv6Network] = ()
    proxy_header: str = "x-forwarded-for"
    origins: Sequence[str] = ("*",)
    evaluations_per_minute: int | None = None
    streams: int = 10_000
    access_log: bool = False


class EdgeServer:
    """One node. `start` comes before the first request, and `stop` after the last one."""

    def __init__(self, settings: EdgeSettings, manner: Manner) -> None:
        self.request_metrics = RequestMetrics()
        self._settings = settings
        self._manner = manner
        self._middleware = Middleware(self._dispatch, self.request_metrics, access_log=manner.access_log)
        self._lifecycle = Lifecycle(limit=FORWARDING_PATIENCE + 3.0)
        self._supervisor = Supervisor()
        self._upstream = UpstreamServer(settings.upstream_url, settings.patience)
        self._snapshots = Snapshots(settings.backup_folder, settings.upstream_url)
        self._tokens = Tokens(self._upstream, settings.tokens, settings.revalidation_interval)
        self._features = EdgeFeatures(settings, self._upstream, self._tokens, self._snapshots, self._supervisor)
        name, every, secret = (
            f"flagkeeper-edge@{secrets.token_hex(6)}",
            settings.metrics_interval,
            self._tokens.secret_of,
        )
        self._forwarder = Forwarder(self._upstream, secret, self._snapshots, self._supervisor, every, name)
        self._instance = Instance(name, self._upstream, secret, self.request_metrics, self._features, every)
        self._watched = self._features, self._tokens, self._forwarder, self._snapshots
        self._endpoints = Endpoints({}, ())
        self._streams: ClientStreams | None = None

    async def start(self) -> None:
        """Asks about the tokens, takes what is on disk, and begins to follow.

        Raises:
            BadData: upstream does not know a token of the settings, or the folder cannot be written to.
        """
        self._snapshots.prepare()
        self._tokens.remember(self._snapshots.load_tokens())
        try:
            await self._tokens.ask_about_given()
        except Unavailable as error:
            log.warning("upstream_away", error=error.message)
        except BadData:
            self._snapshots.release()
            await self._upstream.close()
            raise
        authenticator = Authenticator(
            self._tokens, NoSessions(), Proxies(self._manner.trusted_proxies, self._manner.proxy_header)
        )
        answers = Answers()
        updates = Updates(self._features, answers)
        self._streams = ClientStreams(updates, authenticator, self._supervisor, self._manner.streams)
        self._endpoints = Endpoints(self._by_path(authenticator, answers, updates, self._streams), OPERATIONS)
        streams = self._streams.registry
        self._instance.listening = lambda: int(streams.get_sample_value("flagkeeper_sdk_streams") or 0)
        for collector in (
            self._streams.registry,
            ForwarderMetrics(self._forwarder),
            _Staleness(self._features, self._tokens),
        ):
            self.request_metrics.others.register(collector)
        start = self._lifecycle.start
        await start("edge-folder", _nothing, self._release)
        await start("upstream", _nothing, self._upstream.close)
        await start("edge-usage", self._forwarder.start, self._forwarder.stop, FORWARDING_PATIENCE)
        await start("edge-features", self._features.start, self._features.stop)
        await start("edge-tokens", self._start_tokens, self._tokens.stop)
        await start("edge-instance", self._start_instance, self._instance.stop)
        await start("sdk-streams", self._streams.start, self._streams.stop)

    async def end_streams(self) -> set[Address]:
        """Returns the addresses of clients that have not taken the end."""
        return set() if self._streams is None else await self._streams.stop()

    async def stop(self) -> None:
        """Reports what is left, writes what is not on disk, and ends everything that runs."""
        await self._lifecycle.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._middleware(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        base = self._manner.base_path
        BASE_PATH.set(base)
        try:
            path = read_target(scope)
        except BadData as error:
            await respond_error(send, error)
            return
        if base and f"{path}/".startswith(f"{base}/"):
            path = path.removeprefix(base) or "/"
        scope["path"] = path
        if not await self._endpoints.serve(path, scope, receive, send):
            await respond_error(send, NotFound("This is an edge: it serves SDKs, and has no such path."))

    def _by_path(
        self, who: Authenticator, answers: Answers, updates: Updates, streams: ClientStreams
    ) -> dict[str, Endpoint]:
        admission = Admission(who, self._tokens, self._features)
        readers = client_features.endpoints_of(who, self._features, answers, updates, streams)
        evaluated = remote_evaluation.endpoints_of(
            who, Views(self._features), Pace(self._manner.evaluations_per_minute)
        )
        browsers = {path: each for path, each in evaluated.items() if path.startswith(FRONTEND_PATHS)}
        providers = {path: each for path, each in evaluated.items() if path.startswith(OFREP)}
        reports, reports_of_browsers = usage.endpoints_of(who, self._forwarder)
        custom = measurements.endpoints_of(who, self._forwarder.take_custom)
        own = OwnEndpoints(
            who, self._tokens, self.request_metrics, self._instance.behind, lambda: health_of(*self._watched)
        )
        open_to_pages = {
            **admission.served(browsers, Kind.FRONTEND),
            **admission.served(providers, Kind.FRONTEND, Kind.BACKEND),
            **admission.known(reports_of_browsers),
        }
        return {
            **admission.served(readers, Kind.BACKEND),
            **admission.known({**reports, **custom, **own.of_edges()}),
            **cross_origin(open_to_pages, lambda: self._manner.origins),
            **own.by_path(),
        }

    async def _start_tokens(self) -> None:
        self._tokens.start(self._supervisor)

    async def _start_instance(self) -> None:
        self._instance.start(self._supervisor)

    async def _release(self) -> None:
        self._snapshots.release()


async def _nothing() -> None:
    """What is there from the beginning."""


class _Staleness(Collector):
    """How old the flags may be, and how many strangers were turned away."""

    def __init__(self, features: EdgeFeatures, tokens: Tokens) -> None:
        self._features = features
        self._strangers = tokens.strangers

    def collect(self) -> Iterator[Metric]:
        followed = [each.followed for each in self._features.followers()]
        since = [each.stale_since for each in followed if each.stale_since is not None]
        seconds = (clock.now() - min(since)) / clock.SECOND if since else 0.0
        yield GaugeMetricFamily("flagkeeper_edge_scopes", "Scopes of tokens that are followed.", value=len(followed))
        yield GaugeMetricFamily(
            "flagkeeper_edge_stale_seconds", "Since when upstream was not heard of, for the oldest.", value=seconds
        )
        yield CounterMetricFamily(
            "flagkeeper_edge_strangers_refused",
            "Requests from addresses of which too many unknown tokens came.",
            value=self._strangers.refused,
        )
