"""The export API: everything that a search finds, as one file."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Request
from litestar.params import QueryParameter
from litestar.response import Stream

from flagkeeper.eventlog.export import FORMATS, FormatName
from flagkeeper.eventlog.export.run import Export, Order, begin
from flagkeeper.eventlog.export.source import Indexed
from flagkeeper.eventlog.unit import Units
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.kernel import clock
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.parameters import QUERY, read_query
from flagkeeper.storage.reader import Reader

Kind = Annotated[FormatName, QueryParameter(description="What the file is.")]
After = Annotated[
    int,
    QueryParameter(ge=0, le=2**62, description="The id of the last event received: an export that was cut goes on."),
]
Limit = Annotated[int | None, QueryParameter(ge=1, le=2**62, description="So many events at most.")]


@route.get(
    "/api/admin/log/export",
    permission=route.ANYBODY,
    tag="Events",
    operation="exportEvents",
    summary="All events that match, oldest first, as a file",
    query=QUERY,
    errors=(503,),
)
async def export_events(
    request: Request[Any, Any, Any],
    caller: Caller,
    log: Log,
    reader: Reader,
    units: Units,
    format: Kind = FormatName.NDJSON,  # noqa: A002 - the name on the wire
    after: After = 0,
    limit: Limit = None,
) -> Stream:
    query = read_query(request.query_params.multi_items(), clock.now())
    order = Order(format=format, query=query, sight=log.sight, view=log.view, after=after, limit=limit)
    export = await begin(caller.actor, order, Indexed(reader, log.rows, log.search), reader, units)
    return Stream(_contents(export), media_type=FORMATS[format].media_type, headers=_as_file(format))


async def _contents(export: Export) -> AsyncIterator[bytes]:
    async for piece in export.pieces():
        if piece.content:
            yield piece.content


def _as_file(kind: FormatName) -> dict[str, str]:
    """Browsers save it under this name, which has the day (UTC)."""
    name = f"events_{clock.to_iso(clock.now())[:10]}.{FORMATS[kind].extension}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


ROUTES = [export_events]
