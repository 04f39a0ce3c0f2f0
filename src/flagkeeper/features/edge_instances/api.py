"""What edges send about themselves, and what administrators read of it."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from flagkeeper.features.edge_instances import queries
from flagkeeper.features.edge_instances.model import EdgeInstance
from flagkeeper.features.edge_instances.schemas import (
    VALID,
    ConnectedEdgeOut,
    EdgeReportBody,
    LicenceStateOut,
    shown,
)
from flagkeeper.http import route
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.body import decode, read_body
from flagkeeper.http.caller import Kind
from flagkeeper.http.openapi import RawOperation
from flagkeeper.http.permissions import Permission
from flagkeeper.http.raw import JSON, Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.kernel.errors import MethodNotAllowed
from flagkeeper.storage.reader import Reader

REPORT, HEARTBEAT = "/api/client/metrics/edge", "/api/client/edge-licensing/heartbeat"
LARGEST_BODY = 1_000_000
_ACCESS = "Needs a backend token."
_TAG = "Unleash Edge"

OPERATIONS = [
    RawOperation(
        method="POST",
        path=REPORT,
        operation="registerEdgeObservabilityMetrics",
        tag=_TAG,
        summary="What an edge tells of itself, and of those behind it",
        access=_ACCESS,
        scope=route.OWN,
        body=EdgeReportBody,
        status=202,
        errors=(400, 401, 403, 413, 415, 429),
    ),
    RawOperation(
        method="POST",
        path=HEARTBEAT,
        operation="edgeInstanceHeartbeat",
        tag=_TAG,
        summary="Whether an edge may run: there are no licences here, so any may",
        access=_ACCESS,
        scope=route.OWN,
        answer=LicenceStateOut,
        status=202,
        errors=(400, 401, 403),
    ),
]


class TakesReports(Protocol):
    """Keeps what edges report."""

    def __call__(self, instances: Sequence[EdgeInstance], /) -> None: ...


class EdgeEndpoints:
    """Takes in what edges report."""

    def __init__(self, authenticator: Authenticator, take: TakesReports) -> None:
        self._authenticator = authenticator
        self._take = take

    def by_path(self) -> dict[str, Endpoint]:
        return {REPORT: self.report, HEARTBEAT: self.heartbeat}

    async def report(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._demand_edge(scope)
        self._take(decode(await read_body(scope, receive, LARGEST_BODY), EdgeReportBody).instances())
        await respond(send, 202)

    async def heartbeat(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Whatever else an edge sends along says nothing about that."""
        self._demand_edge(scope)
        await respond(send, 202, msgspec.json.encode(VALID), (JSON,))

    def _demand_edge(self, scope: Scope) -> None:
        sdk_credential(self._authenticator, header(scope, b"authorization"), Kind.BACKEND)
        if scope["method"] != "POST":
            raise MethodNotAllowed("Edges tell of themselves here: use POST.", ("POST",))


@route.get(
    "/api/admin/metrics/edges",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Metrics",
    operation="getConnectedEdges",
    summary="Edges that were heard of in the last 24 hours, on any server; the latest first",
)
async def list_edges(reader: Reader) -> list[ConnectedEdgeOut]:
    return shown(await reader.run(queries.heard_of))


ROUTES = [list_edges]
