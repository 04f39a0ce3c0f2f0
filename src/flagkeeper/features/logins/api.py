"""The API of the history of logins."""

from typing import Any

from litestar import Request, Response

from flagkeeper.features.logins import queries
from flagkeeper.features.logins.model import as_csv
from flagkeeper.features.logins.schemas import LoginHistory, shown
from flagkeeper.http import route
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.storage.reader import Reader


@route.get(
    "/api/admin/logins",
    permission=(Permission.ADMIN, Permission.READ_LOGS),
    scope=route.INSTANCE,
    tag="Instance Admin",
    operation="getLoginHistory",
    summary="Who logged in and who tried to, in the last 14 days, the newest first; as CSV for those who accept it",
    returns=LoginHistory,
)
async def list_logins(request: Request[Any, Any, Any], heavy_reader: Reader) -> Response[Any]:
    found = await heavy_reader.run(queries.history, clock.now())
    if request.accept.best_match(["application/json", "text/csv"]) == "text/csv":
        name = f"flagkeeper-logins-{clock.to_iso(clock.now())[:10]}.csv"
        return Response(
            as_csv(found), media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )
    return Response(LoginHistory(events=[shown(each) for each in found]))


ROUTES = [list_logins]
