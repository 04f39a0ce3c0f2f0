"""What people read of usage: applications, and how often a flag was on."""

from typing import Annotated, Literal

from litestar.params import FromPath, FromQuery, QueryParameter

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.usage import commands, queries
from flagkeeper.features.usage.model import DAYS_KEPT, HOURS_KEPT, check_name
from flagkeeper.features.usage.schemas.admin import (
    ApplicationBody,
    ApplicationsOut,
    FlagMetricsOut,
    FlagUsageOut,
    InstancesOut,
    OneApplicationOut,
    OutdatedSdksOut,
    OverviewOut,
    ProjectApplicationsOut,
    UnknownFlagsOut,
    shown_application,
    shown_count,
    shown_hours,
    shown_in_full,
    shown_in_project,
    shown_instances,
    shown_overview,
    shown_sdks,
    shown_unknown,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.kernel.paging import MAX_OFFSET, read_page, read_whole, read_word
from flagkeeper.storage.reader import Reader

TAG = "Metrics"
MOST_APPLICATIONS = 1_000
"""On a page."""
PROJECT_PAGE = 50
"""Applications of a project on a page, where nobody asks for more."""


@route.get(
    "/api/admin/metrics/applications",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getApplications",
    summary="Applications that read flags",
)
async def list_applications(
    reader: Reader,
    visibility: Visibility,
    text: Annotated[str, QueryParameter(name="query")] = "",
    offset: FromQuery[str | None] = None,
    limit: FromQuery[str | None] = None,
    sort_by: Annotated[Literal["appName"], QueryParameter(name="sortBy")] = "appName",  # noqa: ARG001 - any other is refused
    sort_order: Annotated[str, QueryParameter(name="sortOrder")] = "asc",
) -> ApplicationsOut:
    page = read_page(limit, offset, default=MOST_APPLICATIONS, largest=MOST_APPLICATIONS)
    backwards = read_word("sortOrder", sort_order, "asc", "desc")
    found, uses, total = await reader.run(queries.applications, text, page, visibility, backwards=backwards)
    return ApplicationsOut(
        applications=[shown_application(each, uses.get(each.app_name, [])) for each in found], total=total
    )


@route.get(
    "/api/admin/metrics/applications/{app_name:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getApplication",
    summary="An application, its instances and the flags that it reads",
    errors=(404,),
)
async def get_application(app_name: FromPath[str], reader: Reader, visibility: Visibility) -> OneApplicationOut:
    return shown_in_full(*await reader.run(queries.application, app_name, visibility))


@route.get(
    "/api/admin/client-metrics/features/{name:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getFeatureUsageSummary",
    summary="How often a flag was on in this hour, and who reads it",
    errors=(404,),
)
async def get_flag_usage(name: FromPath[str], reader: Reader, visibility: Visibility) -> FlagUsageOut:
    return shown_hours(name, *await reader.run(queries.last_hour, name, clock.now(), visibility))


@route.get(
    "/api/admin/client-metrics/features/{name:str}/raw",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getRawFeatureMetrics",
    summary="How often a flag was on, by the hour (of the last 48) or by the day",
    errors=(404,),
)
async def get_flag_metrics(
    name: FromPath[str],
    reader: Reader,
    visibility: Visibility,
    hours_back: Annotated[str | None, QueryParameter(name="hoursBack")] = None,
) -> FlagMetricsOut:
    hours = read_whole("hoursBack", hours_back, default=HOURS_KEPT, smallest=1, largest=MAX_OFFSET)
    hours = min(hours, DAYS_KEPT * 24)
    found = await reader.run(queries.flag_usage, name, hours, clock.now(), visibility)
    return FlagMetricsOut(data=[shown_count(name, each) for each in found])


@route.post(
    "/api/admin/metrics/applications/{app_name:str}",
    permission=Permission.UPDATE_APPLICATION,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createApplication",
    summary="Say something of an application, which may be one that nobody has seen yet",
    status=202,
)
async def describe_application(app_name: FromPath[str], data: ApplicationBody, caller: Caller, units: Units) -> None:
    check_name(app_name)
    await units.run(caller.actor, commands.describe_application, app_name, data.notes())


@route.delete(
    "/api/admin/metrics/applications/{app_name:str}",
    permission=Permission.UPDATE_APPLICATION,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteApplication",
    summary="Delete an application, which is there again when it next reports",
    status=200,
)
async def delete_application(
    app_name: FromPath[str], caller: Caller, units: Units, reader: Reader, visibility: Visibility
) -> None:
    if await reader.run(queries.known_application, app_name, visibility) is not None:
        await units.run(caller.actor, commands.delete_application, app_name)


@route.get(
    "/api/admin/metrics/applications/{app_name:str}/overview",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getApplicationOverview",
    summary="Where an application runs, with which SDKs, and what is wrong",
    errors=(404,),
)
async def get_overview(app_name: FromPath[str], reader: Reader, visibility: Visibility) -> OverviewOut:
    return shown_overview(await reader.run(queries.overview, app_name, visibility))


@route.get(
    "/api/admin/metrics/instances/{app_name:str}/environment/{environment:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getApplicationEnvironmentInstances",
    summary="The instances of an application in an environment, the one seen last first",
)
async def list_instances(
    app_name: FromPath[str], environment: FromPath[str], reader: Reader, visibility: Visibility
) -> InstancesOut:
    return shown_instances(await reader.run(queries.instances_in, app_name, environment, visibility))


@route.get(
    "/api/admin/metrics/sdks/outdated",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getOutdatedSdks",
    summary="SDKs that should be newer, and the applications that have them",
)
async def list_outdated_sdks(reader: Reader, visibility: Visibility) -> OutdatedSdksOut:
    return shown_sdks(await reader.run(queries.outdated_sdks, visibility))


@route.get(
    "/api/admin/metrics/unknown-flags",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Unknown Flags",
    operation="getUnknownFlags",
    summary="Flags that SDKs asked for in the last day, and nobody has created",
)
async def list_unknown_flags(reader: Reader, visibility: Visibility) -> UnknownFlagsOut:
    found = await reader.run(queries.unknown_flags, visibility)
    return UnknownFlagsOut(unknown_flags=[shown_unknown(each) for each in found])


@route.get(
    "/api/admin/projects/{project:str}/applications",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Projects",
    operation="getProjectApplications",
    summary="Applications that read flags of a project",
    errors=(404,),
)
async def list_project_applications(
    project: FromPath[str],
    reader: Reader,
    visibility: Visibility,
    text: Annotated[str, QueryParameter(name="query")] = "",
    offset: FromQuery[str | None] = None,
    limit: FromQuery[str | None] = None,
    sort_by: Annotated[Literal["appName"], QueryParameter(name="sortBy")] = "appName",  # noqa: ARG001 - any other is refused
    sort_order: Annotated[str, QueryParameter(name="sortOrder")] = "asc",
) -> ProjectApplicationsOut:
    page = read_page(limit, offset, default=PROJECT_PAGE, largest=MOST_APPLICATIONS)
    backwards = read_word("sortOrder", sort_order, "asc", "desc")
    found, total = await reader.run(
        queries.applications_of_project, project, text, page, visibility, backwards=backwards
    )
    return ProjectApplicationsOut(applications=[shown_in_project(each) for each in found], total=total)


@route.get(
    "/api/admin/projects/{project:str}/sdks/outdated",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Projects",
    operation="getOutdatedProjectSdks",
    summary="SDKs that should be newer, of applications that read flags of a project",
    errors=(404,),
)
async def list_outdated_project_sdks(project: FromPath[str], reader: Reader, visibility: Visibility) -> OutdatedSdksOut:
    return shown_sdks(await reader.run(queries.sdks_of_project, project, visibility))


ROUTES = [
    list_applications,
    get_application,
    describe_application,
    delete_application,
    get_overview,
    list_instances,
    list_outdated_sdks,
    list_unknown_flags,
    list_project_applications,
    list_outdated_project_sdks,
    get_flag_usage,
    get_flag_metrics,
]
