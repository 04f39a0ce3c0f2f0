"""What SDKs and proxies send: registrations and metrics. Plain ASGI; added up in memory, without the database."""

from msgspec.structs import replace

from flagkeeper.features.usage.model import Reporter
from flagkeeper.features.usage.ports import TakesUsage
from flagkeeper.features.usage.schemas.reports import (
    BulkBody,
    BulkParts,
    MetricsBody,
    MetricsParts,
    RegisterBody,
    RegisterParts,
)
from flagkeeper.http import route
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.body import decode, read_body
from flagkeeper.http.caller import Kind
from flagkeeper.http.openapi import RawOperation
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import DEFAULT_ENVIRONMENT, FRONTEND_PATHS, sdk_credential
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import MethodNotAllowed

LARGEST_BODY = 1_000_000
LARGEST_BULK = 8_000_000
"""Bytes: a proxy speaks for many SDKs."""
SPEAKS_LIKE = "8.2.0"
"""The version of Unleash whose protocol we speak: what SDKs and proxies are told when they register."""

_VERSION = ((b"x-unleash-version", SPEAKS_LIKE.encode()),)
_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)
_ACCESS = "Needs a backend token."

OPERATIONS = [
    RawOperation(
        method="POST",
        path="/api/client/register",
        operation="registerClientApplication",
        tag="Client",
        summary="An SDK has started",
        access=_ACCESS,
        scope=route.OWN,
        body=RegisterBody,
        status=202,
        errors=(400, 401, 403, 413, 415, 429),
    ),
    RawOperation(
        method="POST",
        path="/api/client/metrics",
        operation="registerClientMetrics",
        tag="Client",
        summary="What an SDK counted",
        access=_ACCESS,
        scope=route.OWN,
        body=MetricsBody,
        status=202,
        errors=(400, 401, 403, 413, 415, 429),
    ),
    RawOperation(
        method="POST",
        path="/api/client/metrics/bulk",
        operation="clientBulkMetrics",
        tag="Unleash Edge",
        summary="What a proxy collected of many SDKs",
        access=_ACCESS,
        scope=route.OWN,
        body=BulkBody,
        status=202,
        errors=(400, 401, 403, 413, 415, 429),
    ),
]


def _frontend_operation(base: str, path: str, name: str, body: type, summary: str) -> RawOperation:
    return RawOperation(
        method="POST",
        path=f"{base}/client/{path}",
        operation=f"register{base.rpartition('/')[2].capitalize()}{name}",
        tag="Frontend API",
        summary=summary,
        access="Needs a frontend token.",
        scope=route.OWN,
        body=body,
        answer=str,
        media_type="text/plain",
        errors=(400, 401, 403, 413, 415),
    )


OPERATIONS += [
    operation
    for base in FRONTEND_PATHS
    for operation in (
        _frontend_operation(base, "metrics", "Metrics", MetricsBody, "What an SDK in a browser counted"),
        _frontend_operation(base, "register", "Client", RegisterBody, "An SDK in a browser has started"),
    )
]


class UsageEndpoints:
    """Takes in what SDKs report."""

    def __init__(self, authenticator: Authenticator, usage: TakesUsage) -> None:
        self._authenticator = authenticator
        self._usage = usage

    def by_path(self) -> dict[str, Endpoint]:
        return {
            "/api/client/register": self.register,
            "/api/client/metrics": self.metrics,
            "/api/client/metrics/bulk": self.bulk,
        }

    def frontend_by_path(self) -> dict[str, Endpoint]:
        """What pages of other sites may call."""
        return {
            path: endpoint
            for base in FRONTEND_PATHS
            for path, endpoint in (
                (f"{base}/client/metrics", self.frontend_metrics),
                (f"{base}/client/register", self.frontend_register),
            )
        }

    async def frontend_register(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What browsers send, who are sightings and no registrations: there are as many as there are people."""
        reporter = self._reporter(scope, Kind.FRONTEND)
        body = decode(await read_body(scope, receive, LARGEST_BODY), RegisterParts).read()
        sighting = replace(body.sighting(reporter, clock.now(), body.strategies), sdk_type="frontend")
        self._usage.demand_room((), (sighting,))
        self._usage.see(sighting)
        await respond(send, 200, b"OK", _TEXT)

    async def frontend_metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._take_metrics(scope, receive, self._reporter(scope, Kind.FRONTEND), sdk_type="frontend")
        await respond(send, 200, b"OK", _TEXT)

    async def register(self, scope: Scope, receive: Receive, send: Send) -> None:
        reporter = self._reporter(scope)
        body = decode(await read_body(scope, receive, LARGEST_BODY), RegisterParts).read()
        sighting = body.sighting(reporter, clock.now(), body.strategies)
        self._usage.demand_room((), (sighting,))
        self._usage.see(sighting)
        self._usage.report(body.registration(reporter))
        await respond(send, 202, headers=_VERSION)

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._take_metrics(scope, receive, self._reporter(scope))
        await respond(send, 202)

    async def _take_metrics(self, scope: Scope, receive: Receive, reporter: Reporter, **seen: str) -> None:
        now = clock.now()
        body, unread = decode(await read_body(scope, receive, LARGEST_BODY), MetricsParts).read()
        counts, sighting = body.counts(reporter, now), replace(body.sighting(reporter, now), **seen)
        self._usage.demand_room(counts, (sighting,))
        self._usage.drop(unread)
        self._usage.count(counts)
        self._usage.take_impact(body.impact_metrics, body.app_name, reporter.environment)
        self._usage.see(sighting)
        if report := body.report(reporter):
            self._usage.report(report)

    async def bulk(self, scope: Scope, receive: Receive, send: Send) -> None:
        proxy, now = self._reporter(scope), clock.now()
        parts = decode(await read_body(scope, receive, LARGEST_BULK), BulkParts)
        body, unread = parts.read()
        counts = list(body.counts(proxy, now))
        sightings = [each.sighting(each.reporter(proxy), now, each.strategies) for each in body.applications]
        self._usage.demand_room((key for key, _ in counts), sightings)
        self._usage.drop(unread)
        for key, count in counts:
            self._usage.count({key: count})
        self._usage.take_impact(body.impact_metrics, "", proxy.environment)
        for sighting in sightings:
            self._usage.see(sighting)
        for report in body.reports(proxy, counts):
            self._usage.report(report)
        for secret in body.seen_tokens or ():
            self._authenticator.tokens.find(secret)  # notes its use, as if it had been shown here
        await respond(send, 202)

    def _reporter(self, scope: Scope, kind: Kind = Kind.BACKEND) -> Reporter:
        credential = sdk_credential(self._authenticator, header(scope, b"authorization"), kind)
        if scope["method"] != "POST":
            raise MethodNotAllowed("Reports are sent here: use POST.", ("POST",))
        environment = DEFAULT_ENVIRONMENT if credential.environment == "*" else credential.environment
        return Reporter(credential.name, self._authenticator.address(scope), credential.projects, environment)
