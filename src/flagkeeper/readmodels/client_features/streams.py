"""GET /api/client/streaming: flags as they change, pushed to SDKs (Server-Sent Events)."""

from collections.abc import Mapping

from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.http import route
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.http.event_stream import HEADERS
from flagkeeper.http.openapi import RawOperation, RawParameter
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.kernel.errors import FlagkeeperError
from flagkeeper.readmodels.client_features.endpoint import ACCESS
from flagkeeper.readmodels.client_features.listeners import FlagStream, Listeners
from flagkeeper.readmodels.client_features.query import FeatureQuery
from flagkeeper.readmodels.client_features.revision import Revision, read_revision
from flagkeeper.readmodels.client_features.updates import FILTERS, Updates, asked_for
from flagkeeper.supervisor import Supervisor

STREAM = "/api/client/streaming"
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


class SdkStream(FlagStream):
    """One SDK, and the revision that it has."""

    def __init__(
        self, updates: Updates, scope: Scope, credential: Credential, query: FeatureQuery, held: Revision | None
    ) -> None:
        super().__init__(scope, credential)
        self._updates = updates
        self._query = query
        self._held = held
        self._kind = b"unleash-connected"

    async def news(self) -> bytes:
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


class ClientStreams(Listeners[str | None]):
    """All SDKs that listen to one process, by `Authorization`. Who finds no place is given everything once, and told to
    poll."""

    def __init__(
        self,
        updates: Updates,
        authenticator: Authenticator,
        supervisor: Supervisor,
        most: int,
        log_reader: LogReader | None = None,
    ) -> None:
        super().__init__("sdk", updates.features, supervisor, most, log_reader)
        self._updates = updates
        self._authenticator = authenticator

    def by_path(self) -> Mapping[str, Endpoint]:
        return {STREAM: self.answer}

    def who_is(self, key: str | None) -> Credential | None:
        try:
            return sdk_credential(self._authenticator, key, Kind.BACKEND)
        except FlagkeeperError:
            return None

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        credential, query = asked_for(self._authenticator, scope)
        held = read_revision(header(scope, b"last-event-id"))
        caller = header(scope, b"authorization")
        if self.has_room(caller):
            await self.serve(caller, SdkStream(self._updates, scope, credential, query, held), receive, send)
            return
        self.refuse()
        now = self._updates.features.now_of(credential, query.tags)
        everything = await self._updates.everything(now, query)
        await respond(send, 200, POLL + message(b"unleash-connected", now.revision, everything.body), HEADERS)
