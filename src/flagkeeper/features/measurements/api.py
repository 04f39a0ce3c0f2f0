"""The API of measurements: what applications send, and what people and Prometheus read."""

from typing import Protocol

from litestar import Response

from flagkeeper.features.measurements import queries
from flagkeeper.features.measurements.model import CustomMetric, Source, exposition
from flagkeeper.features.measurements.schemas import CustomMetricsBody, CustomMetricsOut, shown
from flagkeeper.http import route
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.body import decode, read_body
from flagkeeper.http.caller import Kind
from flagkeeper.http.metrics import CONTENT_TYPE
from flagkeeper.http.openapi import RawOperation
from flagkeeper.http.permissions import Permission
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.kernel.errors import MethodNotAllowed
from flagkeeper.storage.reader import Reader

LARGEST_BODY = 1_000_000
TAG = "Metrics"

OPERATIONS = [
    RawOperation(
        method="POST",
        path="/api/client/metrics/custom",
        operation="clientCustomMetrics",
        tag="Client",
        summary="Say what numbers are now that have nothing to do with flags",
        access="Needs a backend token.",
        scope=route.OWN,
        body=CustomMetricsBody,
        status=202,
        errors=(400, 401, 403, 413, 415),
    )
]


class TakesCustom(Protocol):
    """Keeps custom metrics."""

    def __call__(self, given: list[CustomMetric], /) -> None: ...


class MeasurementEndpoints:
    """Takes in what applications measure."""

    def __init__(self, authenticator: Authenticator, take: TakesCustom) -> None:
        self._authenticator = authenticator
        self._take = take

    def by_path(self) -> dict[str, Endpoint]:
        return {"/api/client/metrics/custom": self.custom}

    async def custom(self, scope: Scope, receive: Receive, send: Send) -> None:
        sdk_credential(self._authenticator, header(scope, b"authorization"), Kind.BACKEND)
        if scope["method"] != "POST":
            raise MethodNotAllowed("Metrics are sent here: use POST.", ("POST",))
        self._take(decode(await read_body(scope, receive, LARGEST_BODY), CustomMetricsBody).metrics)
        await respond(send, 202)


@route.get(
    "/api/admin/custom-metrics",
    permission=(Permission.ADMIN, Permission.READ_LOGS),
    scope=route.INSTANCE,
    tag=TAG,
    operation="getCustomMetrics",
    summary="Custom metrics that applications sent, as all servers know them together",
)
async def list_custom(reader: Reader) -> CustomMetricsOut:
    return shown(await reader.run(queries.measured, Source.CUSTOM))


@route.get(
    "/api/admin/custom-metrics/prometheus",
    permission=(Permission.ADMIN, Permission.READ_LOGS),
    scope=route.INSTANCE,
    tag=TAG,
    operation="getPrometheusMetrics",
    summary="The same, for Prometheus",
    returns=str,
    media_type="text/plain",
)
async def scrape_custom(reader: Reader) -> Response[str]:
    return Response(exposition(await reader.run(queries.measured, Source.CUSTOM)), media_type=CONTENT_TYPE)


@route.get(
    "/internal-backstage/impact/metrics",
    permission=(Permission.ADMIN, Permission.READ_LOGS),
    scope=route.INSTANCE,
    tag="Operational",
    operation="getImpactMetrics",
    summary="Impact metrics of all SDKs, for Prometheus",
    returns=str,
    media_type="text/plain",
)
async def scrape_impact(reader: Reader) -> Response[str]:
    return Response(exposition(await reader.run(queries.measured, Source.IMPACT)), media_type=CONTENT_TYPE)


ROUTES = [list_custom, scrape_custom, scrape_impact]
