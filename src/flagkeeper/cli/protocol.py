"""uvicorn's HTTP protocol, with bounds on what a client may send, and on how long it may take.

A request that goes beyond them is answered once, and what else its client sends is not read: the connection closes. No
line is written to the log for it; the metrics count it.
"""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from flagkeeper.cli.connections import Connections, only_watched
from flagkeeper.http.errors import ErrorAnswer, answer
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.http.middleware import SAFE_HEADERS
from flagkeeper.http.raw import JSON
from flagkeeper.kernel.errors import (
    BadData,
    FlagkeeperError,
    HeaderTooLarge,
    TargetTooLong,
    TooSlow,
    Unavailable,
)

_LINE = 64
"""Bytes of a request line without its target, or of the line of a chunk, that the parser does not show us."""
_ITS_FAULT = (FlagkeeperError, UnicodeDecodeError, httptools.HttpParserInvalidURLError)
"""What the methods below raise, through the parser, for what a client sent."""


class _Reading(Enum):
    """Where in a request a connection is."""

    NOTHING = "nothing"
    HEADER = "header"
    BODY = "body"


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `bounded` gives the class what all connections share."""

    shared: Connections
    metrics: RequestMetrics

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds = self.shared.bounds
        self._reading = _Reading.NOTHING
        self._header_size = 0
        self._unseen = 0
        """Bytes that the parser holds, or has dropped: a header that does not end, what frames a body."""
        self._body_size = 0
        self._body_checked = 0
        self._checks = 0
        self._unanswered = 0
        self._keep_alive = True
        self._spare = False
        self._deaf = False
        """Whether what else the client sends is not looked at."""
        self._closing = False
        self._refusal: FlagkeeperError | None = None
        self._timing = _Reading.NOTHING
        self._timer: asyncio.TimerHandle | None = None
        self._untaken = 0
        """Bytes of answers that the client had not taken when it was last looked at."""
        self._stalled: asyncio.TimerHandle | None = None

    # What the event loop tells

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._ending = _Ending(self)
        admitted = self.shared.admit(self)
        if admitted is None:
            self.give_way()
            return
        if not admitted:
            self._spare = True
            self.app = only_watched(self.app)
        self._watch_time()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.shared.leave(self)
        for timer in (self._timer, self._stalled):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        self._unseen = max(self._unseen, 0) + len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here: the request is answered as it is, and what follows is not looked at.
            self._end_after_answer()
        except httptools.HttpParserError as error:
            if isinstance(error, httptools.HttpParserCallbackError) and not isinstance(error.__context__, _ITS_FAULT):
                raise
            self._refuse(self._refusal or BadData("This is no valid HTTP request."))
        else:
            if self._unseen > self._bounds.header_size:
                self._refuse(_too_large(self._bounds.header_size))
        if not self._deaf:
            self._watch_time()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_taking()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    # What the parser tells

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading = _Reading.HEADER
        self._unseen -= _LINE
        self._header_size = self._body_size = self._body_checked = self._checks = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count_header(len(url))
        if len(self.url) > self._bounds.target_size:
            raise self._refused(TargetTooLong(f"The address may not have more than {self._bounds.target_size} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_header(len(name) + len(value) + 4)
        if self._reading is _Reading.BODY:
            return  # a trailer: nobody here reads them, and they must not look like headers
        super().on_header(name, value)
        if len(self.headers) > self._bounds.headers:
            raise self._refused(HeaderTooLarge(f"There may not be more than {self._bounds.headers} headers."))

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= self._bounds.pipelined:
            raise self._refused(BadData("Too many requests wait on this connection."))
        super().on_headers_complete()
        self._unanswered += 1
        self._reading = _Reading.BODY
        self.cycle.transport = self._ending  # type: ignore[assignment]  # all that it uses of one
        # As long as the body is not here, an answer ends the connection: the rest is not read.
        self._keep_alive = self.cycle.keep_alive and not self._spare
        self.cycle.keep_alive = False

    def on_chunk_header(self) -> None:
        self._unseen -= _LINE

    def on_body(self, body: bytes) -> None:
        self._unseen -= len(body)
        self._body_size += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._reading = _Reading.NOTHING
        self.cycle.keep_alive = self._keep_alive
        self.shared.serve(self)
        super().on_message_complete()

    # What uvicorn tells

    def on_response_complete(self) -> None:
        self._unanswered -= 1
        if self._closing:
            return
        super().on_response_complete()
        if not self._unanswered:
            self.shared.wait(self)

    def timeout_keep_alive_handler(self) -> None:
        self.close()

    def shutdown(self) -> None:
        self._keep_alive = False
        self._ending.flush()
        if self._reading is _Reading.BODY:
            self._refuse(Unavailable("The server is being stopped. Try again."))
        else:
            super().shutdown()

    # What follows from it

    def give_way(self) -> None:
        self.metrics.refused(503)
        self._deaf = self._closing = True
        self.transport.abort()

    def close(self) -> None:
        """Sends what there is to be sent. A client in the middle of sending a request gets time to read that."""
        if self._closing:
            return
        self._ending.flush()
        self._deaf = self._closing = True
        if self._reading is _Reading.NOTHING:
            self.transport.close()
            if self._stalled is None and self.transport.get_write_buffer_size():
                self._watch_taking()
        else:
            self.flow.pause_reading()
            self.transport.write_eof()
            self._set_timer(self._bounds.linger, self.transport.abort)

    def _count_header(self, size: int) -> None:
        self._unseen -= size
        self._header_size += size
        if self._header_size > self._bounds.header_size:
            raise self._refused(_too_large(self._bounds.header_size))

    def _refused(self, error: FlagkeeperError) -> FlagkeeperError:
        """The parser passes no exceptions on: what is to be said is kept."""
        self._refusal = error
        return error

    def _refuse(self, error: FlagkeeperError) -> None:
        refusal = answer(error)
        self.metrics.refused(refusal.status)
        begun = self._reading is _Reading.BODY
        if self._unanswered > begun:
            self._end_after_answer()
            return
        if begun:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not begun or not self.cycle.response_started:
            self._ending.flush()
            self.transport.write(_written(refusal))
        self.close()

    def _end_after_answer(self) -> None:
        """Reads no further, and closes when the request that is being answered is."""
        self._deaf = True
        self.flow.pause_reading()
        self.cycle.keep_alive = self._keep_alive = False

    def _watch_time(self) -> None:
        """Sets the time that the client has for what it owes us now."""
        owed = self._reading
        if owed is _Reading.NOTHING and not self._unanswered and self.timeout_keep_alive_task is None:
            owed = _Reading.HEADER
        if owed is self._timing:
            return
        self._timing = owed
        if owed is _Reading.HEADER:
            self._set_timer(self._bounds.header_time, self._header_late)
        elif owed is _Reading.BODY:
            self._set_timer(self._bounds.body_check, self._check_body)
        elif self._timer is not None:
            self._timer.cancel()

    def _set_timer(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, then)

    def _header_late(self) -> None:
        if self._reading is _Reading.HEADER:
            self._refuse(TooSlow(f"The header did not arrive within {self._bounds.header_time:g} seconds."))
        else:
            self.close()

    def _check_body(self) -> None:
        """Looks whether enough of the body came since it looked last. Time in which we did not read does not count."""
        if not self.flow.read_paused:
            self._checks += 1
            came = self._body_size - self._body_checked
            late = self._checks * self._bounds.body_check >= self._bounds.body_time
            if late or came < self._bounds.rate * self._bounds.body_check:
                self._refuse(TooSlow("The body arrives too slowly."))
                return
        self._body_checked = self._body_size
        self._set_timer(self._bounds.body_check, self._check_body)

    def _watch_taking(self) -> None:
        """Looks whether the client takes what it asked for."""
        self._untaken = self.transport.get_write_buffer_size()
        self._stalled = self.loop.call_later(self._bounds.stalled_time, self._check_taking)

    def _check_taking(self) -> None:
        taken = self._untaken - self.transport.get_write_buffer_size()
        if taken < self._bounds.rate * self._bounds.stalled_time:
            self.transport.abort()
        else:
            self._watch_taking()


class _Ending:
    """What an answer uses of its connection; whether and how that ends is for the protocol to say.

    An answer comes as a head and a body. Written one by one they are two packets, each with a call of the system, which
    takes as long as all else that is done for an SDK that polls: so the first waits for the second, one turn of the
    event loop at most.
    """

    def __init__(self, protocol: BoundedProtocol) -> None:
        self.is_closing = protocol.transport.is_closing
        self.close = protocol.close
        self._write = protocol.transport.write
        self._call_soon = protocol.loop.call_soon
        self._held = b""

    def write(self, data: bytes) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._write(held + data)
        else:
            self._held = data
            self._call_soon(self.flush)

    def flush(self) -> None:
        """Writes what still waits."""
        held, self._held = self._held, b""
        if held and not self.is_closing():
            self._write(held)


def bounded(shared: Connections, metrics: RequestMetrics) -> type[BoundedProtocol]:
    """The protocol of a server, whose connections are counted in `shared`."""
    return type("Bounded", (BoundedProtocol,), {"shared": shared, "metrics": metrics})


def _too_large(most: int) -> HeaderTooLarge:
    return HeaderTooLarge(f"The request line and the header may not have more than {most} bytes together.")


def _written(refusal: ErrorAnswer) -> bytes:
    body = refusal.encode()
    headers = [
        JSON,
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *SAFE_HEADERS,
        *((name.lower().encode(), value.encode()) for name, value in refusal.headers.items()),
    ]
    lines = [b"%b: %b\r\n" % header for header in headers]
    return b"".join([STATUS_LINE[refusal.status], *lines, b"\r\n", body])
