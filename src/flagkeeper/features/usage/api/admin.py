"""What people read of usage: applications, and how often a flag was on."""

from typing import Annotated

from litestar.params import FromPath, FromQuery, QueryParameter

from flagkeeper.features.usage import queries
from flagkeeper.features.usage.model import DAYS_KEPT, HOURS_KEPT
from flagkeeper.features.usage.schemas.admin import (
    ApplicationsOut,
    FlagMetricsOut,
    FlagUsageOut,
    OneApplicationOut,
    shown_application,
    shown_count,
    shown_hours,
    shown_in_full,
)
from flagkeeper.http import route
from flagkeeper.kernel import clock
from flagkeeper.kernel.paging import read_page
from flagkeeper.storage.reader import Reader

TAG = "Metrics"
MOST_APPLICATIONS = 1_000
"""On a page."""


@route.get(
    "/api/admin/metrics/applications",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getApplications",
    summary="Applications that read flags",
)
async def list_applications(
    reader: Reader,
    text: Annotated[str, QueryParameter(name="query")] = "",
    offset: FromQuery[str | None] = None,
    limit: FromQuery[str | None] = None,
    sort_order: Annotated[str, QueryParameter(name="sortOrder")] = "asc",
) -> ApplicationsOut:
    page = read_page(limit, offset, default=MOST_APPLICATIONS, largest=MOST_APPLICATIONS)
    backwards = sort_order.lower() == "desc"
    found, uses, total = await reader.run(queries.applications, text, page, backwards=backwards)
    return ApplicationsOut(
        applications=[shown_application(each, uses.get(each.app_name, [])) for each in found], total=total
    )


@route.get(
    "/api/admin/metrics/applications/{app_name:str}",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getApplication",
    summary="An application, its instances and the flags that it reads",
    errors=(404,),
)
async def get_application(app_name: FromPath[str], reader: Reader) -> OneApplicationOut:
    return shown_in_full(*await reader.run(queries.application, app_name))


@route.get(
    "/api/admin/client-metrics/features/{name:str}",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getFeatureUsageSummary",
    summary="How often a flag was on in this hour, and who reads it",
)
async def get_flag_usage(name: FromPath[str], reader: Reader) -> FlagUsageOut:
    return shown_hours(name, *await reader.run(queries.last_hour, name, clock.now()))


@route.get(
    "/api/admin/client-metrics/features/{name:str}/raw",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getRawFeatureMetrics",
    summary="How often a flag was on, by the hour (of the last 48) or by the day",
)
async def get_flag_metrics(
    name: FromPath[str], reader: Reader, hours_back: Annotated[str | None, QueryParameter(name="hoursBack")] = None
) -> FlagMetricsOut:
    hours = read_page(hours_back, None, default=HOURS_KEPT, largest=DAYS_KEPT * 24).limit
    found = await reader.run(queries.flag_usage, name, hours, clock.now())
    return FlagMetricsOut(data=[shown_count(name, each) for each in found])


ROUTES = [list_applications, get_application, get_flag_usage, get_flag_metrics]
