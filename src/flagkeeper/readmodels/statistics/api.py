"""The API of numbers about the whole server."""

from litestar import Response

from flagkeeper.features.instance.model import ServerFacts
from flagkeeper.http import route
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.readmodels.statistics.statistics import Statistics, as_csv, statistics
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.reader import Reader

TAG = "Instance Admin"


@route.get(
    "/api/admin/instance-admin/statistics",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getInstanceAdminStats",
    summary="How much there is on this server, and how much it is used",
    errors=(503,),
)
async def get_statistics(log: Log, heavy_reader: Reader, server_facts: ServerFacts) -> Statistics:
    return await _statistics(log, heavy_reader, server_facts)


@route.get(
    "/api/admin/instance-admin/statistics/csv",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getInstanceAdminStatsCsv",
    summary="The same as CSV: a line of names, and one of values",
    errors=(503,),
    media_type="text/csv",
)
async def get_statistics_csv(log: Log, heavy_reader: Reader, server_facts: ServerFacts) -> Response[str]:
    found = await _statistics(log, heavy_reader, server_facts)
    name = f"flagkeeper-statistics-{found.timestamp[:10]}.csv"
    return Response(
        as_csv(found), media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def _statistics(log: Log, reader: Reader, facts: ServerFacts) -> Statistics:
    passwords = facts.auth_type != "none"
    return await reader.run(statistics, log.search, clock.now(), passwords=passwords)


ROUTES = [get_statistics, get_statistics_csv]
