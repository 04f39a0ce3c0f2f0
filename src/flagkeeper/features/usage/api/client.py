"""What SDKs and proxies send: registrations and metrics. Plain ASGI; added up in memory, without the database."""

from flagkeeper.features.usage.jobs import UsageCollector
from flagkeeper.features.usage.model import Reporter
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
from flagkeeper.http.sdk import DEFAULT_ENVIRONMENT, sdk_credential
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import MethodNotAllowed

LARGEST_BODY = 1_000_000
LARGEST_BULK = 8_000_000
"""Bytes: a proxy speaks for many SDKs."""
SPEAKS_LIKE = "8.2.0"
"""The version of Unleash whose protocol we speak: what SDKs and proxies are told when they register."""

_VERSION = ((b"x-unleash-version", SPEAKS_LIKE.encode()),)
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


class UsageEndpoints:
    """Takes in what SDKs report."""

    def __init__(self, authenticator: Authenticator, usage: UsageCollector) -> None:
        self._authenticator = authenticator
        self._usage = usage

    def by_path(self) -> dict[str, Endpoint]:
        return {
            "/api/client/register": self.register,
            "/api/client/metrics": self.metrics,
            "/api/client/metrics/bulk": self.bulk,
        }

    async def register(self, scope: Scope, receive: Receive, send: Send) -> None:
        reporter = self._reporter(scope)
        body = decode(await read_body(scope, receive, LARGEST_BODY), RegisterParts).read()
        sighting = body.sighting(reporter, clock.now(), body.strategies)
        self._usage.demand_room((), (sighting,))
        self._usage.see(sighting)
        self._usage.report(body.registration(reporter))
        await respond(send, 202, headers=_VERSION)

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        reporter, now = self._reporter(scope), clock.now()
        body, unread = decode(await read_body(scope, receive, LARGEST_BODY), MetricsParts).read()
        counts, sighting = body.counts(reporter, now), body.sighting(reporter, now)
        self._usage.demand_room(counts, (sighting,))
        self._usage.drop(unread)
        self._usage.count(counts)
        self._usage.see(sighting)
        if report := body.report(reporter):
            self._usage.report(report)
        await respond(send, 202)

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
        for sighting in sightings:
            self._usage.see(sighting)
        for report in body.reports(proxy, counts):
            self._usage.report(report)
        await respond(send, 202)

    def _reporter(self, scope: Scope) -> Reporter:
        credential = sdk_credential(self._authenticator, header(scope, b"authorization"), Kind.BACKEND)
        if scope["method"] != "POST":
            raise MethodNotAllowed("Reports are sent here: use POST.", ("POST",))
        environment = DEFAULT_ENVIRONMENT if credential.environment == "*" else credential.environment
        return Reporter(credential.name, self._authenticator.address(scope), credential.projects, environment)
