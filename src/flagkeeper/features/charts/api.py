"""The API of charts: parse, run, answer."""

from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.charts import commands, queries
from flagkeeper.features.charts.model import Chart
from flagkeeper.features.charts.ports import ChartedFlag
from flagkeeper.features.charts.queries import Place
from flagkeeper.features.charts.schemas import ChartBody, ChartList, ChartOut, VisitsOut, listed, shown
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.reader import Reader

TAG = "Metrics"
INSTANCE = "/api/admin/impact-metrics/config"
FLAG = "/api/admin/projects/{project:str}/features/{flag:str}/impact-metrics/config"


@route.get(
    INSTANCE,
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getInstanceImpactMetricsConfigs",
    summary="Charts of impact metrics that belong to no flag",
)
async def list_charts(reader: Reader, charted_flag: ChartedFlag) -> ChartList:
    return listed(*await reader.run(queries.charts, None, charted_flag))


@route.post(
    INSTANCE,
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="saveInstanceImpactMetricsConfig",
    summary="Add a chart that belongs to no flag, or replace the one with the id",
    status=200,
    errors=(404,),
)
async def save_chart(
    data: ChartBody, caller: Caller, units: Units, reader: Reader, charted_flag: ChartedFlag
) -> ChartOut:
    saved = await _save(None, data, caller, units, charted_flag)
    return shown(saved, await reader.run(queries.kind_of, saved.metric_name))


@route.delete(
    INSTANCE + "/{chart_id:str}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteInstanceImpactMetricConfig",
    summary="Delete a chart that belongs to no flag",
    status=204,
    errors=(404,),
)
async def delete_chart(chart_id: FromPath[str], caller: Caller, units: Units, charted_flag: ChartedFlag) -> None:
    await units.run(caller.actor, commands.delete, None, chart_id, charted_flag)


@route.get(
    FLAG,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getFlagImpactMetricsConfigsByFeature",
    summary="Charts of impact metrics that belong to a flag",
    errors=(404,),
)
async def list_charts_of_flag(
    project: str, flag: str, caller: Caller, reader: Reader, charted_flag: ChartedFlag
) -> ChartList:
    caller.demand_visible(project)
    return listed(*await reader.run(queries.charts, Place(project, flag), charted_flag))


@route.post(
    FLAG,
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="saveFeatureImpactMetricsConfig",
    summary="Add a chart to a flag, or replace the one with the id",
    status=200,
    errors=(404,),
)
async def save_chart_of_flag(
    project: str,
    flag: str,
    data: ChartBody,
    caller: Caller,
    units: Units,
    reader: Reader,
    charted_flag: ChartedFlag,
) -> ChartOut:
    saved = await _save(Place(project, flag), data, caller, units, charted_flag)
    return shown(saved, await reader.run(queries.kind_of, saved.metric_name))


@route.delete(
    FLAG + "/{chart_id:str}",
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteFlagImpactMetricConfig",
    summary="Delete a chart of a flag",
    status=204,
    errors=(404,),
)
async def delete_chart_of_flag(
    project: str, flag: str, chart_id: str, caller: Caller, units: Units, charted_flag: ChartedFlag
) -> None:
    await units.run(caller.actor, commands.delete, Place(project, flag), chart_id, charted_flag)


@route.get(
    "/api/admin/impact-metrics/plausible",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getPlausibleMetrics",
    summary="Visits that the web analytics service Plausible counted; this server is connected to none",
    errors=(404,),
)
async def get_plausible() -> VisitsOut:
    raise NotFound("This server is connected to no web analytics service.")


async def _save(place: Place | None, data: ChartBody, caller: Caller, units: Units, charted_flag: ChartedFlag) -> Chart:
    if data.id is None:
        return await units.run(caller.actor, commands.create, place, data.draft(), charted_flag)
    return await units.run(caller.actor, commands.update, place, data.id, data.draft(), charted_flag)


ROUTES = [
    list_charts,
    save_chart,
    delete_chart,
    list_charts_of_flag,
    save_chart_of_flag,
    delete_chart_of_flag,
    get_plausible,
]
