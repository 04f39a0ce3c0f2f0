"""GET /api/client/streaming: flags as they change, pushed to SDKs (Server-Sent Events)."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from flagkeeper.eventlog.catalogue.own import FlagkeeperStreamsDisconnected
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.read import LogEvent
from flagkeeper.http import route
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.http.event_stream import HEADERS, Address, Ending, EventStream, stop_all
from flagkeeper.http.openapi import RawOperation, RawParameter
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.kernel.errors import FlagkeeperError
from flagkeeper.readmodels.client_features.endpoint import ACCESS
from flagkeeper.readmodels.client_features.query import FeatureQuery
from flagkeeper.readmodels.client_features.revision import Revision, read_revision
from flagkeeper.readmodels.client_features.updates import FILTERS, Updates, asked_for
from flagkeeper.supervisor import SupervisedTask, Supervisor

STREAM = "/api/client/streaming"
CHECK = 0.5
"""Seconds between two looks at which tokens are still valid."""
PACE = 100e-6
"""Seconds for each stream between two rounds of news: while changes come faster, a round takes several of them along.
Telling one client takes about half of that, so that as much is left for everything else that the server does."""
SHARE = 0.75
"""Of all places that one token may take: a whole fleet has the same token, and others must get in beside it."""
RETRY = b"retry: 2000\n\n"
"""Milliseconds after which a client whose connection broke should come back."""
KEEP_ALIVE = b": keep-alive\n\n"
POLL = b"event: fetch-mode\ndata: polling\n\n"

OPERATIONS = [
    RawOperation(
        method="GET",
        path=STREAM,
        operation="connect",
        tag="Unleash Edge",
        summary="All flags, and then every change of them as it happens (Server-Sent Events)",
        access=ACCESS,
        scope=route.PROJECT,
        parameters=(
            *FILTERS,
            RawParameter(name="Last-Event-ID", where="header", description="What you have: you get what came after."),
        ),
        answer=str,
        media_type="text/event-stream",
        errors=(400, 401, 403),
    ),
]

log = structlog.get_logger("flagkeeper.streams")


class SdkStream(EventStream):
    """One SDK, and the revision that it has."""

    def __init__(
        self, updates: Updates, scope: Scope, credential: Credential, query: FeatureQuery, held: Revision | None
    ) -> None:
        super().__init__(scope.get("client"))
        self.credential = credential
        """Whose token it was when they came."""
        self._updates = updates
        self._query = query
        self._held = held
        self._kind = b"unleash-connected"

    async def write(self, send: Send) -> None:
        await self.send_on(send, RETRY)
        while True:
            self.woken.clear()
            content = await self._next()
            if content:
                await self.send_on(send, content)
            elif self.is_silent:
                await self.send_on(send, KEEP_ALIVE)
            else:
                await self.woken.wait()

    async def _next(self) -> bytes:
        """What is new since the last time; nothing when nothing is."""
        now = self._updates.features.now_of(self.credential, self._query.tags)
        found = self._updates.since(now, self._query, self._held)
        if found is None:
            body, told = (await self._updates.everything(now, self._query)).body, now.revision
            self._held = told
        else:
            body, told = found.body, found.revision
            self._held = max(told, now.revision)
        if not body:
            return b""
        kind, self._kind = self._kind, b"unleash-updated"
        return message(kind, told, body)


def message(kind: bytes, revision: Revision, body: bytes) -> bytes:
    return b"event: %b\nid: %b\ndata: %b\n\n" % (kind, revision.encode(), body)


class ClientStreams:
    """All SDKs that listen to one process.

    Args:
        most: how many may. Who finds no place is given everything once, and told to poll.
        log_reader: brings the word of an administrator that all have to come back.
    """

    def __init__(
        self,
        updates: Updates,
        authenticator: Authenticator,
        supervisor: Supervisor,
        most: int,
        log_reader: LogReader | None = None,
    ) -> None:
        self._updates = updates
        self._authenticator = authenticator
        self._supervisor = supervisor
        self._log_reader = log_reader
        self._most = most
        self._streams: dict[str | None, dict[SdkStream, None]] = {}
        """By `Authorization`."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watching: SupervisedTask | None = None
        self._stopped = False
        self._told_at = 0.0
        self._telling: asyncio.TimerHandle | None = None
        """The next round of news, while there is one to come."""
        self.registry = CollectorRegistry()
        self._open = Gauge("flagkeeper_sdk_streams", "SDKs that listen to this process.", registry=self.registry)
        self._refused = Counter(
            "flagkeeper_sdk_streams_refused",
            "SDKs that were told to poll, because too many listen, in all or with one token.",
            registry=self.registry,
        )

    def by_path(self) -> Mapping[str, Endpoint]:
        return {STREAM: self.answer}

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._updates.features.tell = self._news
        if self._log_reader is not None:
            self._log_reader.listen(self.hear)
        self._watching = self._supervisor.start("sdk-streams", self._watch)

    async def stop(self) -> set[Address]:
        """Ends every stream now. Returns the addresses of clients that have not taken the end."""
        self._stopped = True
        if self._log_reader is not None:
            self._log_reader.unlisten(self.hear)
        if self._telling is not None:
            self._telling.cancel()
        deaf = await stop_all(self._all())
        if self._watching is not None:
            await self._watching.stop()
        return deaf

    def hear(self, news: Sequence[LogEvent]) -> None:
        """An administrator, on any server, wants whoever listens to come back (`eventlog.log_reader.Listener`)."""
        if not any(event.type == FlagkeeperStreamsDisconnected.about.type for event in news):
            return
        for stream in self._all():
            stream.end(Ending("disconnected"))

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        credential, query = asked_for(self._authenticator, scope)
        held = read_revision(header(scope, b"last-event-id"))
        caller = header(scope, b"authorization")
        if not self._has_room(caller):
            self._refused.inc()
            now = self._updates.features.now_of(credential, query.tags)
            everything = await self._updates.everything(now, query)
            body = POLL + message(b"unleash-connected", now.revision, everything.body)
            await respond(send, 200, body, HEADERS)
            return
        stream = SdkStream(self._updates, scope, credential, query, held)
        self._streams.setdefault(caller, {})[stream] = None
        self._open.inc()
        try:
            ending = await stream.run(receive, send)
            log.debug("sdk_stream_ended", reason=ending.reason, token=credential.name)
        finally:
            stream.ended.set()
            self._open.dec()
            self._streams[caller].pop(stream)
            if not self._streams[caller]:
                del self._streams[caller]

    def _has_room(self, caller: str | None) -> bool:
        own = len(self._streams.get(caller, ()))
        return not self._stopped and own < SHARE * self._most and sum(map(len, self._streams.values())) < self._most

    def _all(self) -> list[SdkStream]:
        return [stream for streams in self._streams.values() for stream in streams]

    def _news(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        """Tells all: at once after a silence, else when the round before is done with."""
        if self._loop is None or self._telling is not None:
            return
        due = self._told_at + PACE * sum(map(len, self._streams.values()))
        self._telling = self._loop.call_at(due, self._tell)

    def _tell(self) -> None:
        self._told_at, self._telling = asyncio.get_running_loop().time(), None
        for streams in self._streams.values():
            for stream in streams:
                stream.wake()

    async def _watch(self) -> None:
        """Looks after all streams, and ends those whose tokens no longer open what they opened."""
        while True:
            await asyncio.sleep(CHECK)
            now = asyncio.get_running_loop().time()
            for authorization, streams in list(self._streams.items()):
                credential = self._who_is(authorization)
                for stream in streams:
                    if credential != stream.credential:
                        stream.end(Ending("revoked"))
                    else:
                        stream.look_after(now)

    def _who_is(self, authorization: str | None) -> Credential | None:
        try:
            return sdk_credential(self._authenticator, authorization, Kind.BACKEND)
        except FlagkeeperError:
            return None
