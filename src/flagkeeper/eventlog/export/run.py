"""An export, from its record in the log to its last byte."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec

from flagkeeper.eventlog.catalogue.own import ExportedEventsData, FlagkeeperEventsExported
from flagkeeper.eventlog.export import FORMATS, FormatName
from flagkeeper.eventlog.export.source import Batch, Source, Wanted
from flagkeeper.eventlog.query import EventQuery, Visibility
from flagkeeper.eventlog.read import View, log_position
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel.actor import Actor
from flagkeeper.storage.reader import Reader


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants exported."""

    format: FormatName
    query: EventQuery
    visibility: Visibility
    view: View
    after: int = 0
    """The last event that they have already."""
    limit: int | None = None
    mark: bool = True
    """Whether the file begins with what tells programs how to read it, if its format has such a thing."""


class Piece(msgspec.Struct, frozen=True):
    """Some bytes of the file, and how far the export has come with them."""

    content: bytes
    events: int
    reached: int
    """No event up to this one is still to come: where an export that was cut off goes on."""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """An export that stands in the log and may be sent."""

    order: Order
    wanted: Wanted
    events: int | None
    """How many it will hold, where that is known."""
    source: Source

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """The file. Each piece is made when it is asked for: if nobody asks, no work is done.

        Raises:
            Unavailable: an event cannot be read. What was given out so far is no complete file.
        """
        form = FORMATS[self.order.format](self.order.view)
        if form.looks_first:
            async for batch in self._batches():
                await asyncio.to_thread(form.survey, batch.rows)
        events, reached = 0, self.wanted.after
        yield Piece((form.mark if self.order.mark else b"") + form.begin(), events, reached)
        async for batch in self._batches():
            content = await asyncio.to_thread(form.batch, batch.rows)
            events, reached = events + len(batch.rows), batch.reached
            yield Piece(content, events, reached)
        yield Piece(form.end(), events, reached)

    async def _batches(self) -> AsyncIterator[Batch]:
        """The source's batches, up to the limit."""
        left = self.order.limit
        async for batch in self.source.batches(self.wanted):
            if left is not None and left <= len(batch.rows):
                if left:
                    yield Batch(batch.rows[:left], batch.rows[left - 1].id)
                return
            left = None if left is None else left - len(batch.rows)
            yield batch


async def begin(actor: Actor | None, order: Order, source: Source, reader: Reader, units: Units) -> Export:
    """Records the export, unless nobody gets it (`actor` is None). It will end where the log ends now, and so without
    the event that this records.

    Raises:
        Unavailable: it could not be recorded, or not be counted: the index is being built.
    """
    until = (await reader.run(log_position)).last_id
    wanted = Wanted(query=order.query, visibility=order.visibility, after=order.after, until=until)
    events = await source.total(wanted)
    if events is not None and order.limit is not None:
        events = min(events, order.limit)
    export = Export(order=order, wanted=wanted, events=events, source=source)
    if actor is not None:
        await units.run(actor, _record, export)
    return export


def _record(unit: Unit, export: Export) -> None:
    wanted = export.wanted
    some = wanted.after < wanted.until
    unit.record(
        FlagkeeperEventsExported(
            data=ExportedEventsData(
                format=export.order.format,
                query=str(wanted.query),
                events=export.events,
                first_id=wanted.after + 1 if some else None,
                last_id=wanted.until if some else None,
            )
        )
    )
