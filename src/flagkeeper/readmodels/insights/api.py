"""The API of insights: parse, ask, answer."""

from datetime import date, timedelta
from typing import Annotated

from litestar.params import QueryParameter

from flagkeeper.eventlog.query import Visibility
from flagkeeper.http import route
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.readmodels.insights import queries
from flagkeeper.readmodels.insights.model import DAYS_KEPT, Period, period, trends
from flagkeeper.readmodels.insights.schemas import (
    InsightsOut,
    LicensedUsersOut,
    LifecycleOut,
    shown,
    shown_licensed,
    shown_trends,
)
from flagkeeper.storage.reader import Reader

TAG = "Admin UI"
First = Annotated[date | None, QueryParameter(name="from")]
Last = Annotated[date | None, QueryParameter(name="to")]


@route.get(
    "/api/admin/insights",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getInstanceInsights",
    summary="How the server and its projects got on, week by week",
    query={
        "from": "The first day, such as 2026-11-01 (UTC); left out: half a year ago.",
        "to": "The last day, which is included; left out: today.",
    },
)
async def get_insights(
    heavy_reader: Reader, visibility: Visibility, first: First = None, last: Last = None
) -> InsightsOut:
    wanted = period(first, last, _today())
    return shown(await heavy_reader.run(queries.insights, wanted, visibility))


@route.get(
    "/api/admin/insights/lifecycle",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getLifecycleTrends",
    summary="How many flags are in each part of their life, and for how long",
    query={"projects": "Ids of projects, with commas between them; left out: all."},
)
async def get_lifecycle(heavy_reader: Reader, visibility: Visibility, projects: str = "") -> LifecycleOut:
    wanted = [each for each in projects.split(",") if each]
    return shown_trends(trends(await heavy_reader.run(queries.lives, wanted, visibility), clock.now()))


@route.get(
    "/api/admin/licensed-users",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Users",
    operation="getAllLicensedUsers",
    summary="How many people were active within 60 days, today and on each day of the last two years",
)
async def get_licensed_users(reader: Reader) -> LicensedUsersOut:
    today = _today()
    kept = Period(today - timedelta(days=DAYS_KEPT), today)
    return shown_licensed(await reader.run(queries.users_now, clock.now()), await reader.run(queries.users_of, kept))


def _today() -> date:
    return date.fromisoformat(clock.to_iso(clock.now())[:10])


ROUTES = [get_insights, get_lifecycle, get_licensed_users]
