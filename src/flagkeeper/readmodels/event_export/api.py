"""The export API: everything that a search finds, as one file."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, aclosing
from functools import partial
from typing import Annotated, Any

from litestar import Request
from litestar.params import QueryParameter
from litestar.types import ASGIApp

from flagkeeper.eventlog.export import FORMATS, FormatName
from flagkeeper.eventlog.export.run import Export, Order, begin
from flagkeeper.eventlog.export.source import Indexed
from flagkeeper.eventlog.unit import Units
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.middleware import HEAD
from flagkeeper.http.stream import begun
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail, Unavailable
from flagkeeper.readmodels.event_export.slots import ExportSlots
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.parameters import QUERY, read_query
from flagkeeper.storage.reader import Reader

NUMBER = "X-Flagkeeper-Total"
Kind = Annotated[FormatName, QueryParameter(description="What the file is.")]
After = Annotated[
    int,
    QueryParameter(ge=0, le=2**62, description="The id of the last event received: an export that was cut goes on."),
]
Mark = Annotated[
    bool | None,
    QueryParameter(name="bom", description="`false`: a CSV file without the byte order mark that spreadsheets need."),
]
Limit = Annotated[int | None, QueryParameter(ge=1, le=2**62, description="So many events at most.")]


@route.get(
    "/api/admin/log/export",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Events",
    operation="exportEvents",
    summary="All events that match, oldest first, as a file",
    query=QUERY,
    errors=(429, 503),
    returns=str,
    media_type=FORMATS[FormatName.NDJSON].media_type,
    answered={NUMBER: "How many events the file will have. Absent: nobody knows yet."},
)
async def export_events(
    request: Request[Any, Any, Any],
    caller: Caller,
    log: Log,
    heavy_reader: Reader,
    units: Units,
    export_slots: ExportSlots,
    format: Kind = FormatName.NDJSON,  # noqa: A002 - the name on the wire
    after: After = 0,
    limit: Limit = None,
    bom: Mark = None,
) -> ASGIApp:
    query = read_query(request.query_params.multi_items(), clock.now())
    order = Order(
        format=format,
        query=query,
        visibility=log.visibility,
        view=log.view,
        after=after,
        limit=limit,
        mark=_mark(format, bom),
    )
    source, actor = Indexed(heavy_reader, log.rows, log.search), None if HEAD in request.state else caller.actor
    start = partial(begin, actor, order, source, heavy_reader, units)
    headers = _as_file(format)
    contents = _contents(start, export_slots.take(caller), headers)
    return await begun(contents, headers, FORMATS[format].cut_off)


def _mark(kind: FormatName, asked: bool | None) -> bool:
    if asked and not FORMATS[kind].mark:
        raise BadData(f"A file of the format {kind} has no byte order mark.", Detail("only csv has one", "/query/bom"))
    return asked is not False


async def _contents(
    start: Callable[[], Awaitable[Export]], slot: AbstractContextManager[None], headers: dict[str, str]
) -> AsyncGenerator[bytes, None]:
    """The file. However it ends, its slot is free again. The number of its events is known before its first bytes, with
    which `headers` are sent."""
    with slot:
        export = await start()
        if export.events is not None:
            headers[NUMBER] = str(export.events)
        async with aclosing(_pieces(export)) as pieces:
            async for piece in pieces:
                yield piece


async def _pieces(export: Export) -> AsyncGenerator[bytes, None]:
    """The bytes of the file; the first ones come with the first events: what fails until then has a status."""
    first, begun_with = b"", False
    reached = export.wanted.after
    try:
        async with aclosing(export.pieces()) as pieces:
            async for piece in pieces:
                reached = piece.reached
                first += piece.content
                if begun_with or piece.events:
                    begun_with = True
                    yield first
                    first = b""
    except Unavailable as error:
        raise Unavailable(f"{error.message} This is not all: it ends after event {reached}.") from error
    if not begun_with:
        yield first


def _as_file(kind: FormatName) -> dict[str, str]:
    """Browsers save it under this name, which has the day (UTC)."""
    name = f"events_{clock.to_iso(clock.now())[:10]}.{FORMATS[kind].extension}"
    media_type = FORMATS[kind].media_type
    text = "; charset=utf-8" if media_type.startswith("text/") else ""
    return {"Content-Type": f"{media_type}{text}", "Content-Disposition": f'attachment; filename="{name}"'}


ROUTES = [export_events]
