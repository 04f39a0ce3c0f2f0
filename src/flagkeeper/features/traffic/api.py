"""The API of traffic: parse, ask, answer."""

from datetime import date
from typing import Annotated

from litestar.params import QueryParameter

from flagkeeper.features.traffic import queries
from flagkeeper.features.traffic.model import Grouping, Period
from flagkeeper.features.traffic.schemas import (
    AllRatesOut,
    ConnectionsOut,
    RequestsOut,
    TrafficOut,
    shown_connections,
    shown_rates,
    shown_requests,
    shown_traffic,
)
from flagkeeper.http import route
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Metrics"
First = Annotated[date, QueryParameter(name="from")]
Last = Annotated[date, QueryParameter(name="to")]
Grouped = Annotated[Grouping, QueryParameter(name="grouping")]
QUERY = {
    "grouping": "`daily` or `monthly`.",
    "from": "The first day, such as 2026-11-01 (UTC).",
    "to": "The last day, which is included.",
}


@route.get(
    "/api/admin/metrics/traffic",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getTrafficDataUsageForPeriod",
    summary="How many requests all servers answered, by part of the API and what became of them",
    query=QUERY,
)
async def get_traffic(grouping: Grouped, first: First, last: Last, reader: Reader) -> TrafficOut:
    period = checked(first, last)
    return shown_traffic(period, grouping, await reader.run(queries.answers, period, grouping))


@route.get(
    "/api/admin/metrics/request",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getRequestsForPeriod",
    summary="How many requests of SDKs succeeded",
    query=QUERY,
)
async def get_requests(grouping: Grouped, first: First, last: Last, reader: Reader) -> RequestsOut:
    period = checked(first, last)
    return shown_requests(period, grouping, await reader.run(queries.answers, period, grouping))


@route.get(
    "/api/admin/metrics/connection",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getConnectionsForPeriod",
    summary="How many SDKs polled at the same time on average, if each does so every 15 seconds",
    query=QUERY,
)
async def get_connections(grouping: Grouped, first: First, last: Last, reader: Reader) -> ConnectionsOut:
    period = checked(first, last)
    return shown_connections(period, grouping, await reader.run(queries.connected, period, grouping, "/api/client"))


@route.get(
    "/api/admin/metrics/rps",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getRequestsPerSecond",
    summary="Requests per second of the last six hours, by route and application",
)
async def get_rates(reader: Reader) -> AllRatesOut:
    return shown_rates(await reader.run(queries.requests_per_second))


def checked(first: date, last: date) -> Period:
    """Raises `BadData`."""
    period = Period(first, last)
    period.check()
    return period


ROUTES = [get_traffic, get_requests, get_connections, get_rates]
