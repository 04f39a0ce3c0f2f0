"""The API of how projects get on."""

from litestar.params import FromPath

from flagkeeper.eventlog.query import Visibility
from flagkeeper.http import route
from flagkeeper.http.access import Access
from flagkeeper.http.caller import Caller, Kind
from flagkeeper.kernel.errors import Forbidden
from flagkeeper.readmodels.project_figures import dashboard, queries
from flagkeeper.readmodels.project_figures.dashboard_schemas import (
    DashboardOut,
    ProjectDetailsOut,
    shown_dashboard,
    shown_details,
)
from flagkeeper.readmodels.project_figures.schemas import (
    DeliveryOut,
    HealthReportOut,
    InsightsOut,
    OverviewOut,
    StatusOut,
    shown_delivery,
    shown_insights,
    shown_overview,
    shown_report,
    shown_status,
)
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.reader import Reader

TAG = "Projects"


@route.get(
    "/api/admin/projects/{project:str}/overview",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getProjectOverview",
    summary="A project and how it gets on",
    errors=(404,),
)
async def get_overview(project: FromPath[str], caller: Caller, reader: Reader, visibility: Visibility) -> OverviewOut:
    return shown_overview(await reader.run(queries.overview, project, visibility, caller.credential.user_id))


@route.get(
    "/api/admin/projects/{project:str}/status",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getProjectStatus",
    summary="What a project has, how healthy it is, and on which days of the last year something happened",
    errors=(404,),
)
async def get_status(project: FromPath[str], reader: Reader, visibility: Visibility) -> StatusOut:
    return shown_status(await reader.run(queries.status, project, visibility))


@route.get(
    "/api/admin/projects/{project:str}/health-report",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getProjectHealthReport",
    summary="A project with all its flags, and how many of them are stale",
    deprecated=True,
    errors=(404,),
)
async def get_health_report(
    project: FromPath[str], caller: Caller, reader: Reader, visibility: Visibility
) -> HealthReportOut:
    return shown_report(*await reader.run(queries.health_report, project, visibility, caller.credential.user_id))


@route.get(
    "/api/admin/projects/{project:str}/insights",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getProjectInsights",
    summary="How a project gets on",
    deprecated=True,
    errors=(404,),
)
async def get_insights(project: FromPath[str], caller: Caller, reader: Reader, visibility: Visibility) -> InsightsOut:
    return shown_insights(*await reader.run(queries.insights, project, visibility, caller.credential.user_id))


@route.get(
    "/api/admin/projects/{project:str}/dora",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getProjectDora",
    summary="How many days release flags took until they were first on in production",
    deprecated=True,
    errors=(404,),
)
async def get_delivery(project: FromPath[str], reader: Reader, visibility: Visibility) -> DeliveryOut:
    return shown_delivery(await reader.run(queries.delivery, project, visibility))


@route.get(
    "/api/admin/personal-dashboard",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getPersonalDashboard",
    summary="The projects that are yours, and the flags that you made",
)
async def get_dashboard(caller: Caller, reader: Reader, visibility: Visibility) -> DashboardOut:
    return shown_dashboard(await reader.run(dashboard.dashboard, _person(caller), caller.credential.access, visibility))


@route.get(
    "/api/admin/personal-dashboard/{project:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getPersonalDashboardProjectDetails",
    summary="What happened last in a project, how it gets on, and what you are in it",
    errors=(404,),
)
async def get_details(
    project: FromPath[str], caller: Caller, reader: Reader, visibility: Visibility, log: Log
) -> ProjectDetailsOut:
    caller.demand_visible(project)
    access = _access(caller)
    return shown_details(await reader.run(dashboard.project_details, access, project, visibility, log))


def _access(caller: Caller) -> Access:
    _person(caller)
    return caller.credential.access


def _person(caller: Caller) -> int:
    if caller.credential.kind is not Kind.USER:
        raise Forbidden("Only people have a dashboard: log in, or use a personal access token.")
    return caller.credential.user_id


ROUTES = [get_overview, get_status, get_health_report, get_insights, get_delivery, get_dashboard, get_details]
