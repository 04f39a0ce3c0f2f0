"""The API of the timeline, and of what changed around a moment."""

from typing import Annotated

from litestar.params import QueryParameter

from flagkeeper.eventlog.query import parse
from flagkeeper.http import route
from flagkeeper.kernel import clock
from flagkeeper.readmodels.timeline.timeline import MARKS, MOST_MARKS, Timeline, Window, timeline
from flagkeeper.readmodels.timeline.what_changed import WhatChanged, what_changed
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.moments import read_moment, read_span, read_zone
from flagkeeper.readmodels.views.parameters import ZONE
from flagkeeper.storage.reader import Reader

TAG = "Events"
LONGEST_TIMELINE = "366d"
LONGEST_WINDOW = "31d"
MARGIN = 2 * clock.MINUTE
"""After the moment: clocks differ, and a change may have been recorded a little later than it was noticed."""

Environment = Annotated[
    str | None,
    QueryParameter(name="environment", description="Leaves out events of other environments. By default, of none."),
]
Search = Annotated[str, QueryParameter(name="q", description="A search in the query language that must hold as well.")]
Span = Annotated[str, QueryParameter(name="span", description="How far back: 30m, 1h, 3h, 12h, 24h, 48h, 7d ...")]
Marks = Annotated[int, QueryParameter(name="marks", ge=1, le=MOST_MARKS, description="Groups at most.")]
Zone = Annotated[str | None, QueryParameter(name="tz", description=ZONE)]
To = Annotated[str | None, QueryParameter(name="to", description="Where the timeline ends. By default now.")]
At = Annotated[str | None, QueryParameter(name="at", description="The moment, as an ISO time. By default now.")]
Before = Annotated[str, QueryParameter(name="window", description="How far back: 10m, 3h, 2d ...")]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100, description="Entries at most.")]


@route.get(
    "/api/admin/log/timeline",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getEventTimeline",
    summary="The important events of some hours or days, in groups",
    errors=(503,),
)
async def get_timeline(
    log: Log,
    reader: Reader,
    environment: Environment = None,
    span: Span = "30m",
    to: To = None,
    marks: Marks = MARKS,
    q: Search = "",
    tz: Zone = None,
) -> Timeline:
    now = clock.now()
    end = now if to is None else read_moment(to, "to")
    start = max(0, end - read_span(span, "span", longest=LONGEST_TIMELINE))
    query = parse(q, now, zone=read_zone(tz), typed=True)
    window = Window(start=start, end=max(end, start + 1), environment=environment, query=query, marks=marks)
    return await reader.run(timeline, log, window)


@route.get(
    "/api/admin/log/what-changed",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getWhatChanged",
    summary="What changed around a moment, the most telling first",
    errors=(503,),
)
async def get_what_changed(
    log: Log,
    reader: Reader,
    at: At = None,
    window: Before = "30m",
    environment: Environment = None,
    limit: Limit = 20,
    q: Search = "",
    tz: Zone = None,
) -> WhatChanged:
    now = clock.now()
    moment = now if at is None else read_moment(at, "at")
    start = max(0, moment - read_span(window, "window", longest=LONGEST_WINDOW))
    query = parse(q, now, zone=read_zone(tz), typed=True)
    around = Window(start=start, end=moment + MARGIN, environment=environment, query=query)
    return await reader.run(what_changed, log, around, moment, limit)


ROUTES = [get_timeline, get_what_changed]
