"""Streams of OFREP (0.3, ADR-0008): providers of OpenFeature in browsers are told when to evaluate again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.http import route
from flagkeeper.http.caller import Credential
from flagkeeper.http.openapi import RawOperation, RawParameter
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, header
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import RateLimited, Unavailable
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.readmodels.client_features.endpoint import demand_reading
from flagkeeper.readmodels.client_features.listeners import FlagStream, Listeners
from flagkeeper.readmodels.client_features.query import read_parameters, read_query
from flagkeeper.readmodels.client_features.revision import Revision, read_revision
from flagkeeper.readmodels.client_features.updates import Updates
from flagkeeper.readmodels.remote_evaluation.ports import TokensById
from flagkeeper.readmodels.remote_evaluation.schemas import EventStreamOut, StreamEndpoint
from flagkeeper.readmodels.remote_evaluation.stream_address import PATH, address_of, opened_by, window_of
from flagkeeper.supervisor import Supervisor

INACTIVE = 120
"""Seconds after which a page that nobody looks at should close its stream."""
PATIENCE = 2.0
"""Seconds in which this server should have seen what another one told of."""
MOST_AWAITED = 64
"""Different events that are waited for at a time: anybody with a token may name some that never come."""
COME_BACK = 30
"""Seconds after which whoever found no place may try again."""

CONFIG_ETAG = RawParameter(
    name="flagConfigEtag",
    description="The `etag` of the event of a stream that made you ask: the answer is no older than that.",
)
OPERATIONS = [
    RawOperation(
        method="GET",
        path=PATH,
        operation="streamFlagChanges",
        tag="OFREP",
        summary="Says when flags are to be evaluated again (Server-Sent Events)",
        access="Needs an address that `eventStreams` of an answer offers: it is signed, and holds for an hour or two.",
        scope=route.PROJECT,
        parameters=(
            RawParameter(name="tokenId", description="The id of the token to which it was offered.", required=True),
            RawParameter(name="until", description="When it expires, in seconds since 1970.", required=True),
            RawParameter(name="signature", description="Of the two, and the token's environment.", required=True),
            RawParameter(name="Last-Event-ID", where="header", description="The last event that you were told of."),
        ),
        answer=str,
        media_type="text/event-stream",
        errors=(401, 429),
    )
]


class Offer(msgspec.Struct, frozen=True):
    """What an answer says of streams: the end of its body, and of its entity tag. An answer that offers another stream
    is another answer: a client whose address has expired must not be told that nothing has changed."""

    body: bytes = b""
    tag: bytes = b""


class OfrepStream(FlagStream):
    """One provider. The first that it is told is to evaluate again, unless it says what it was told last: something may
    have changed since its flags were evaluated."""

    def __init__(self, updates: Updates, scope: Scope, credential: Credential, held: Revision | None) -> None:
        super().__init__(scope, credential)
        self._updates = updates
        self._query = msgspec.structs.replace(read_query(credential, b"", None), inline=False)
        self._held = held

    async def news(self) -> bytes:
        now = self._updates.features.now_of(self.credential)
        found = self._updates.since(now, self._query, self._held)
        told = now.revision if found is None else found.revision
        self._held = now.revision if found is None else max(told, now.revision)
        return b"" if found is not None and not found.body else message(told)


def message(revision: Revision) -> bytes:
    at = revision.encode()
    return b'event: message\nid: %b\ndata: {"type":"refetchEvaluation","etag":"%b"}\n\n' % (at, at)


class OfrepStreams(Listeners[str]):
    """All providers that listen to one process, by the ids of their tokens.

    Args:
        keyring: signs addresses; it is open once the server has started.
        reached: waits until this server knows an event, so many seconds.
        base_path: below which people reach the server.
    """

    def __init__(
        self,
        updates: Updates,
        tokens: TokensById,
        keyring: Callable[[], Keyring],
        reached: Callable[[int, float], Awaitable[None]],
        supervisor: Supervisor,
        most: int,
        *,
        base_path: str,
        log_reader: LogReader | None = None,
    ) -> None:
        super().__init__("ofrep", updates.features, supervisor, most, log_reader)
        self._updates = updates
        self._tokens = tokens
        self._keyring = keyring
        self._reached = reached
        self._base_path = base_path
        self._window = 0
        self._offers: dict[str, Offer] = {}
        """Of this window, by the ids of tokens."""
        self._awaited: dict[int, asyncio.Future[None]] = {}

    def by_path(self) -> Mapping[str, Endpoint]:
        return {PATH: self.answer}

    def who_is(self, key: str) -> Credential | None:
        return self._tokens.of_token(key)

    def offer(self, credential: Credential) -> Offer:
        """What is offered to a token: nothing where there is no place left, and where there is no token."""
        if credential.id is None or not self.has_room(credential.id):
            return Offer()
        window = window_of(clock.now())
        if window != self._window:
            self._window, self._offers = window, {}
        found = self._offers.get(credential.id)
        if found is None:
            uri = f"{self._base_path}{address_of(credential, window, self._keyring())}"
            stream = EventStreamOut(endpoint=StreamEndpoint(request_uri=uri), inactivity_delay_sec=INACTIVE)
            body = b',"eventStreams":' + msgspec.json.encode([stream])
            found = self._offers[credential.id] = Offer(body, b"-%x" % window)
        return found

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        demand_reading(scope)
        key, credential = opened_by(scope["query_string"], clock.now(), self._keyring(), self._tokens.of_token)
        if not self.has_room(key):
            self.refuse()
            raise RateLimited("Too many listen. Evaluate all flags again now and then, and come back later.", COME_BACK)
        held = read_revision(header(scope, b"last-event-id"))
        await self.serve(key, OfrepStream(self._updates, scope, credential, held), receive, send)

    async def arrived(self, credential: Credential, query: bytes) -> None:
        """Returns once this server knows what the event told of that made a client ask: it may have come from another.

        Raises:
            Unavailable: it does not, for now.
            BadData: the query has too many parameters.
        """
        named = next((value for name, value in read_parameters(query) if name == CONFIG_ETAG.name), None)
        told, position = read_revision(named), self._updates.features.now_of(credential).state.position
        if told is None or told.epoch != position.epoch or told.id <= position.last_id:
            return
        awaited = self._awaited.get(told.id)
        if awaited is None:
            if len(self._awaited) >= MOST_AWAITED:
                raise Unavailable("This server does not know yet what you were told of. Ask again in a moment.")
            awaited = self._awaited[told.id] = asyncio.ensure_future(self._reached(told.id, PATIENCE))
            awaited.add_done_callback(lambda done: self._settled(told.id, done))
        await asyncio.shield(awaited)

    def _settled(self, event_id: int, done: "asyncio.Future[None]") -> None:
        del self._awaited[event_id]
        if not done.cancelled():
            done.exception()  # whoever waits is told; perhaps nobody does any more
