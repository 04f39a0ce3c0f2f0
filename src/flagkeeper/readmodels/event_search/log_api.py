"""Our own API for finding and understanding events."""

from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response
from litestar.params import QueryParameter

from flagkeeper.http import route
from flagkeeper.kernel import clock
from flagkeeper.kernel.paging import MAX_OFFSET
from flagkeeper.readmodels.event_search.counts import FIELDS, Bucket, CountQuestion, Counts, counts, read_by
from flagkeeper.readmodels.event_search.cursor import read_cursor
from flagkeeper.readmodels.event_search.page import COUNTED, Links, LogPage, PageQuestion, page
from flagkeeper.readmodels.event_search.permalink import EventPage, event_page
from flagkeeper.readmodels.event_search.recent import Answer, Recent
from flagkeeper.readmodels.event_search.types import EventTypes, event_types
from flagkeeper.readmodels.views.listed import Detail, Shown
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.moments import read_zone
from flagkeeper.readmodels.views.parameters import QUERY, read_query
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

TAG = "Events"
JSON = "application/json"
LONGEST_LINKS = 4_000
"""Characters of a `Link` header: proxies refuse answers with long headers. The body has the links in any case."""

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=1000, description="Events on a page.")]
Offset = Annotated[int, QueryParameter(name="offset", ge=0, le=MAX_OFFSET, description="How many to skip.")]
Around = Annotated[
    int | None,
    QueryParameter(
        name="around", ge=1, le=2**32, description="The page around this event: half are newer. Not with `cursor`."
    ),
]
CursorText = Annotated[str | None, QueryParameter(name="cursor", description="As `next` and `prev` have it.")]
Total = Annotated[
    str | None,
    QueryParameter(name="total", pattern="^exact$", description=f"`exact`: count on beyond {COUNTED} matching events."),
]
BucketOf = Annotated[Bucket, QueryParameter(name="bucket", description="Of which length the buckets of time are.")]
By = Annotated[str, QueryParameter(name="by", description=f"Some of {', '.join(FIELDS)}, separated by commas.")]
Values = Annotated[
    int, QueryParameter(name="limit", ge=1, le=1000, description="Values of each field; others are summed.")
]
Facets = Annotated[
    bool,
    QueryParameter(
        name="facets", description="Count each field without what the query says of it: what one may choose besides."
    ),
]

_encode = msgspec.json.Encoder().encode


@route.get(
    "/api/admin/log/events",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="listEvents",
    summary="Find events, page by page",
    returns=LogPage,
    query=QUERY,
    errors=(503,),
)
async def list_log(
    request: Request[Any, Any, Any],
    log: Log,
    reader: Reader,
    recent: Recent,
    limit: Limit = 50,
    offset: Offset = 0,
    cursor: CursorText = None,
    total: Total = None,
    around: Around = None,
    view: Shown = Detail.FULL,
) -> Response[bytes]:
    # As they stand in the URL: `query_params` gives them in an order of its own.
    given = tuple(parse_qsl(request.url.query, keep_blank_values=True))
    asked = PageQuestion(
        query=read_query(given, clock.now()),
        limit=limit,
        offset=offset,
        cursor=None if cursor is None else read_cursor(cursor),
        around=around,
        at_most=COUNTED if total is None else None,
        parameters=given,
    )
    answer = await reader.run(_answer, log.as_wanted(view), asked, recent)
    return Response(answer.body, media_type=JSON, headers={"Link": answer.link} if answer.link else {})


def _answer(tx: Transaction, log: Log, asked: PageQuestion, recent: Recent) -> Answer:
    indexed = log.search.indexed(tx, asked.query, log.visibility)

    def make() -> Answer:
        found = page(tx, log, asked, indexed)
        return Answer(_encode(found), _link_header(Links(found.next, found.prev)))

    return recent.answer(indexed.head, (log.visibility, log.view, asked), make)


@route.get(
    "/api/admin/log/events/{event_id:int}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getEvent",
    summary="An event, what it changed, and the events around it",
    returns=EventPage,
    errors=(404, 503),
)
async def get_event(event_id: int, log: Log, reader: Reader) -> Response[bytes]:
    return Response(_encode(await reader.run(event_page, log, event_id)), media_type=JSON)


@route.get(
    "/api/admin/log/counts",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="countEvents",
    summary="Count events by time and by what they have in common",
    query=QUERY,
    errors=(503,),
)
async def count_events(
    request: Request[Any, Any, Any],
    log: Log,
    reader: Reader,
    bucket: BucketOf = Bucket.DAY,
    by: By = "",
    limit: Values = 50,
    facets: Facets = False,
) -> Counts:
    now = clock.now()
    query = read_query(request.query_params.multi_items(), now)
    zone = read_zone(request.query_params.get("tz"))
    asked = CountQuestion(query=query, bucket=bucket, by=read_by(by), limit=limit, zone=zone, facets=facets)
    return await reader.run(counts, log, asked, now)


@route.get(
    "/api/admin/log/types",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="listEventTypes",
    summary="All types of events: what they are called, and when the newest of each happened",
    errors=(503,),
)
async def list_types(log: Log, reader: Reader) -> EventTypes:
    return await reader.run(event_types, log)


def _link_header(links: Links) -> str:
    header = links.header()
    return header if len(header) <= LONGEST_LINKS else ""


ROUTES = [list_log, get_event, count_events, list_types]
