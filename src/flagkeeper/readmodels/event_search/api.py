"""The event log API."""

from typing import Any

from litestar import Request, Response
from litestar.types import ASGIApp

from flagkeeper.eventlog.query import ALL, EventQuery
from flagkeeper.eventlog.query.conditions import Field, condition, containing
from flagkeeper.eventlog.query.parameters import FILTERS, read_parameters
from flagkeeper.http import route
from flagkeeper.http.permissions import Permission
from flagkeeper.http.stream import at_once
from flagkeeper.kernel.paging import Page, read_page
from flagkeeper.readmodels.event_search import log_api
from flagkeeper.readmodels.event_search.answers import PageOf, page, whole_list
from flagkeeper.readmodels.event_search.creators import Creator, all_creators
from flagkeeper.readmodels.event_search.recent import Recent
from flagkeeper.readmodels.event_search.schemas import (
    EventsDocument,
    FeatureEventsDocument,
    SearchBody,
    SearchDocument,
)
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.reader import Reader

TAG = "Events"
JSON = "application/json"
NEWEST = Page(100)
PAGING = {"limit": "1 to 1000 events, otherwise 50", "offset": "How many of the newest to skip"}


@route.get(
    "/api/admin/events",
    permission=Permission.ADMIN,
    scope=route.PROJECT,
    tag=TAG,
    operation="getEvents",
    summary="The last 100 events, or all events of a project",
    deprecated=True,
    returns=EventsDocument,
)
async def list_events(log: Log, reader: Reader, recent: Recent, project: str | None = None) -> ASGIApp:
    if project:
        query = EventQuery(conditions=(condition(Field.PROJECT, project),))
        return await whole_list(reader, log, query, version=1)
    return at_once(await reader.run(page, log, PageOf(ALL, NEWEST, version=1), recent))


@route.get(
    "/api/admin/events/{feature:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getEventsForToggle",
    summary="All events of a flag",
    deprecated=True,
    returns=FeatureEventsDocument,
)
async def list_flag_events(feature: str, log: Log, reader: Reader) -> ASGIApp:
    query = EventQuery(conditions=(condition(Field.FLAG, feature),))
    return await whole_list(reader, log, query, version=1, toggleName=feature)


@route.get(
    "/api/admin/search/events",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="searchEvents",
    summary="Find events",
    returns=SearchDocument,
    query={**FILTERS, **PAGING},
)
async def search_events(
    request: Request[Any, Any, Any],
    log: Log,
    reader: Reader,
    recent: Recent,
    limit: str | None = None,
    offset: str | None = None,
) -> Response[bytes]:
    query = read_parameters(request.query_params.multi_items())
    asked = PageOf(query, read_page(limit, offset, default=50, largest=1000), "total")
    return Response(await reader.run(page, log, asked, recent), media_type=JSON)


@route.post(
    "/api/admin/events/search",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="searchEventsByBody",
    summary="Find events, as tools older than the search parameters ask",
    returns=EventsDocument,
)
async def search_by_body(data: SearchBody, log: Log, reader: Reader, recent: Recent) -> Response[bytes]:
    asked = PageOf(_query(data), Page(data.limit, data.offset), version=1)
    return Response(await reader.run(page, log, asked, recent), media_type=JSON)


@route.get(
    "/api/admin/event-creators",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getEventCreators",
    summary="Everybody who caused events",
)
async def list_creators(log: Log, reader: Reader) -> list[Creator]:
    return await reader.run(all_creators, log)


def _query(body: SearchBody) -> EventQuery:
    given = ((Field.TYPE, body.type), (Field.PROJECT, body.project), (Field.FLAG, body.feature))
    conditions = [condition(field, value) for field, value in given if value]
    return EventQuery(conditions=(*conditions, *([containing(body.query)] if body.query else [])))


ROUTES = [list_events, list_flag_events, search_events, search_by_body, list_creators, *log_api.ROUTES]
