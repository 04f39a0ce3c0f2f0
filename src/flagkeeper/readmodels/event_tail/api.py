"""The live tail over HTTP."""

from typing import Annotated, Any

from litestar import Request
from litestar.params import HeaderParameter, QueryParameter
from litestar.types import ASGIApp

from flagkeeper.eventlog.read import log_position
from flagkeeper.http import route
from flagkeeper.kernel import clock
from flagkeeper.readmodels.event_tail.stream import Start
from flagkeeper.readmodels.event_tail.streams import LiveTails
from flagkeeper.readmodels.event_tail.wire import Mark, read_mark
from flagkeeper.readmodels.views.listed import Detail, Shown
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.parameters import QUERY, read_query
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

LastId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID", description="The id of the last message received: the stream goes on after it."
    ),
]
LastIdInUrl = Annotated[
    str | None,
    QueryParameter(name="lastEventId", description="The same, for the first connection of a browser's `EventSource`."),
]
After = Annotated[
    int | None,
    QueryParameter(name="after", ge=0, le=2**63 - 1, description="Begin after the event with this id instead of now."),
]


@route.get(
    "/api/admin/log/stream",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Events",
    operation="streamEvents",
    summary="Events as they happen (Server-Sent Events), until the client goes",
    query=QUERY,
    errors=(429, 503),
    returns=str,
    media_type="text/event-stream",
)
async def stream_events(
    request: Request[Any, Any, Any],
    log: Log,
    reader: Reader,
    live_tails: LiveTails,
    last_id: LastId = None,
    last_id_in_url: LastIdInUrl = None,
    after: After = None,
    view: Shown = Detail.FULL,
) -> ASGIApp:
    query = read_query(request.query_params.multi_items(), clock.now())
    received = _received(last_id, last_id_in_url)
    start = await reader.run(_start, received, after)
    return live_tails.open(request, log.as_wanted(view), query, start)  # type: ignore[return-value]  # its scope is a TypedDict


def _received(in_header: str | None, in_url: str | None) -> Mark | None:
    """What the client has received already."""
    if in_header:
        return read_mark(in_header)
    return read_mark(in_url, "/query/lastEventId") if in_url else None


def _start(tx: Transaction, received: Mark | None, after: int | None) -> Start:
    """After what the client has received; otherwise where it asks to begin; otherwise now."""
    head = log_position(tx)
    if received is not None:
        known = received.epoch == head.epoch and received.position <= head.last_id
        return Start(head.epoch, received.position if known else head.last_id, reset=not known)
    return Start(head.epoch, head.last_id if after is None else min(after, head.last_id))


ROUTES = [stream_events]
