"""Traffic on the wire."""

from datetime import date
from typing import Literal

import msgspec

from flagkeeper.features.traffic.model import GROUPS, Grouping, Period, area_of
from flagkeeper.features.traffic.queries import Answers

GroupingOut = Literal["daily", "monthly"]


class DateRange(msgspec.Struct, frozen=True, kw_only=True):
    """Both days are included."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")


class TrafficType(msgspec.Struct, frozen=True, kw_only=True):
    group: str
    """What became of the requests: `successful-requests`, `not-modified-requests`, `refused-requests`,
    `failed-requests`."""
    count: int


class TrafficPoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    period: str
    traffic_types: list[TrafficType]


class TrafficOfPath(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    api_path: str
    data_points: list[TrafficPoint]


class TrafficOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    grouping: GroupingOut
    date_range: DateRange
    api_data: list[TrafficOfPath]


class RequestsPoint(msgspec.Struct, frozen=True, kw_only=True):
    period: str
    requests: float


class MeteredRequests(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    metered_group: str
    """The part of the API that SDKs asked: `client` or `frontend`."""
    data_points: list[RequestsPoint]


class RequestsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    grouping: GroupingOut
    date_range: DateRange
    api_data: list[MeteredRequests]


class ConnectionsPoint(msgspec.Struct, frozen=True, kw_only=True):
    period: str
    connections: float
    """SDKs connected at the same time, on average, if each asks every 15 seconds."""


class MeteredConnections(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    metered_group: str
    data_points: list[ConnectionsPoint]


class ConnectionsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    grouping: GroupingOut
    date_range: DateRange
    api_data: list[MeteredConnections]


class RateMetric(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    app_name: str = ""
    endpoint: str


class RateSeries(msgspec.Struct, frozen=True, kw_only=True):
    metric: RateMetric
    values: list[tuple[int, str]]
    """Moments in seconds since 1970, each with the requests per second of the five minutes that begin there."""


class RateData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    result_type: Literal["matrix"] = "matrix"
    result: list[RateSeries]


class RatesOut(msgspec.Struct, frozen=True, kw_only=True):
    """As an answer of Prometheus."""

    status: Literal["success"] = "success"
    data: RateData


class AllRatesOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    client_metrics: RatesOut
    admin_metrics: RatesOut


def shown_traffic(period: Period, grouping: Grouping, found: Answers) -> TrafficOut:
    return TrafficOut(
        grouping=grouping.value,
        date_range=_range(period),
        api_data=[
            TrafficOfPath(
                api_path=area,
                data_points=[
                    TrafficPoint(
                        period=name,
                        traffic_types=[
                            TrafficType(group=GROUPS[series], count=count)
                            for series, count in sorted(counts.items())
                            if series in GROUPS
                        ],
                    )
                    for name, counts in sorted(periods.items())
                ],
            )
            for area, periods in sorted(found.items())
        ],
    )


def shown_requests(period: Period, grouping: Grouping, found: Answers) -> RequestsOut:
    return RequestsOut(
        grouping=grouping.value,
        date_range=_range(period),
        api_data=[
            MeteredRequests(
                metered_group=group,
                data_points=[
                    RequestsPoint(period=name, requests=counts[2] + counts[3])
                    for name, counts in sorted(found.get(f"/api/{group}", {}).items())
                ],
            )
            for group in ("client", "frontend")
        ],
    )


def shown_connections(period: Period, grouping: Grouping, found: dict[str, float]) -> ConnectionsOut:
    points = [ConnectionsPoint(period=name, connections=number) for name, number in found.items()]
    return ConnectionsOut(
        grouping=grouping.value,
        date_range=_range(period),
        api_data=[MeteredConnections(metered_group="client", data_points=points)],
    )


def shown_rates(found: dict[tuple[str, str], list[tuple[int, float]]]) -> AllRatesOut:
    of_admin: list[RateSeries] = []
    of_sdks: list[RateSeries] = []
    for (route, application), values in found.items():
        series = RateSeries(
            metric=RateMetric(app_name=application, endpoint=route),
            values=[(moment, f"{rate:g}") for moment, rate in values],
        )
        (of_admin if area_of(route) == "/api/admin" else of_sdks).append(series)
    return AllRatesOut(
        client_metrics=RatesOut(data=RateData(result=of_sdks)),
        admin_metrics=RatesOut(data=RateData(result=of_admin)),
    )


def _range(period: Period) -> DateRange:
    return DateRange(first=period.first, last=period.last)
