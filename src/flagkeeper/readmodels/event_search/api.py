"""The event log API."""

from typing import Any

from litestar import Request, Response
from litestar.response import Stream

from flagkeeper.eventlog import read
from flagkeeper.eventlog.read import EventFilter, View
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.paging import Page, read_page
from flagkeeper.readmodels.event_search import creators
from flagkeeper.readmodels.event_search.answers import page, whole_list
from flagkeeper.readmodels.event_search.parameters import read_filter, restricted
from flagkeeper.readmodels.event_search.schemas import (
    EventsDocument,
    FeatureEventsDocument,
    SearchBody,
    SearchDocument,
)
from flagkeeper.storage.reader import Reader

TAG = "Events"
JSON = "application/json"
NEWEST = Page(100)
FILTERS = {
    "query": "A substring of `data`, `preData` or `tags`, whatever the case",
    "id": "`IS:123` or `IS_ANY_OF:1,2`",
    "groupId": "`IS:...`: the events of one request",
    "type": "`IS:feature-created` or `IS_ANY_OF:a,b`",
    "project": "`IS:...` or `IS_ANY_OF:...`",
    "feature": "`IS:...` or `IS_ANY_OF:...`, names of flags",
    "environment": "`IS:...` or `IS_ANY_OF:...`",
    "createdBy": "`IS:1` or `IS_ANY_OF:1,2`, ids of users",
    "from": "`IS:2026-11-22`: that day (UTC) or later",
    "to": "`IS:2026-11-22`: that day (UTC) or earlier",
    "limit": "1 to 1000 events, otherwise 50",
    "offset": "How many of the newest to skip",
}
"""The parameters of a search; all that are given must hold."""


@route.get(
    "/api/admin/events",
    permission=Permission.ADMIN,
    tag=TAG,
    operation="getEvents",
    summary="The last 100 events, or all events of a project",
    returns=EventsDocument,
)
async def list_events(caller: Caller, reader: Reader, base_url: str, project: str | None = None) -> Response[Any]:
    view = View(base_url, caller.is_admin)
    if project:
        wanted = EventFilter(projects=(project,))
        return Stream(whole_list(reader, wanted, view, version=1), media_type=JSON)
    body = await reader.run(page, EventFilter(), NEWEST, view, "totalEvents", version=1)
    return Response(body, media_type=JSON)


@route.get(
    "/api/admin/events/{feature:str}",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getEventsForToggle",
    summary="All events of a flag",
    returns=FeatureEventsDocument,
)
async def list_flag_events(feature: str, caller: Caller, reader: Reader, base_url: str) -> Stream:
    wanted = restricted(EventFilter(features=(feature,)), is_admin=caller.is_admin)
    view = View(base_url, caller.is_admin)
    return Stream(whole_list(reader, wanted, view, version=1, toggleName=feature), media_type=JSON)


@route.get(
    "/api/admin/search/events",
    permission=route.ANYBODY,
    tag=TAG,
    operation="searchEvents",
    summary="Find events",
    returns=SearchDocument,
    query=FILTERS,
)
async def search_events(
    request: Request[Any, Any, Any],
    caller: Caller,
    reader: Reader,
    base_url: str,
    limit: str | None = None,
    offset: str | None = None,
) -> Response[bytes]:
    wanted = restricted(read_filter(request.query_params.multi_items()), is_admin=caller.is_admin)
    asked = read_page(limit, offset, default=50, largest=1000)
    body = await reader.run(page, wanted, asked, View(base_url, caller.is_admin), "total")
    return Response(body, media_type=JSON)


@route.post(
    "/api/admin/events/search",
    permission=route.ANYBODY,
    tag=TAG,
    operation="searchEventsByBody",
    summary="Find events, as tools older than the search parameters ask",
    returns=EventsDocument,
)
async def search_by_body(data: SearchBody, caller: Caller, reader: Reader, base_url: str) -> Response[bytes]:
    wanted = EventFilter(
        types=(data.type,) if data.type else None,
        projects=(data.project,) if data.project else None,
        features=(data.feature,) if data.feature else None,
        text=data.query or None,
    )
    view = View(base_url, caller.is_admin)
    asked = Page(data.limit, data.offset)
    visible = restricted(wanted, is_admin=caller.is_admin)
    return Response(await reader.run(page, visible, asked, view, "totalEvents", version=1), media_type=JSON)


@route.get(
    "/api/admin/event-creators",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getEventCreators",
    summary="Everybody who caused events",
)
async def list_creators(caller: Caller, reader: Reader) -> list[read.Creator]:
    return await reader.run(creators.all_creators, restricted(EventFilter(), is_admin=caller.is_admin))


ROUTES = [list_events, list_flag_events, search_events, search_by_body, list_creators]
