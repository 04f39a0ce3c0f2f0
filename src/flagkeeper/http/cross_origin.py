"""What pages of other sites may ask: the headers that browsers want to see (CORS, Fetch standard 3.2), and preflights,
which come without a token."""

from collections.abc import Callable, Collection, Mapping

from flagkeeper.http.raw import Endpoint, Message, Receive, Scope, Send, guarded, header
from flagkeeper.kernel.origins import ANY_ORIGIN

KEPT_SECONDS = 86_400
"""For how long a browser may keep what a preflight said."""

_ALWAYS = (
    (b"vary", b"Origin"),
    (b"access-control-expose-headers", b"ETag"),
)
_FOR_ANY = (
    *_ALWAYS,
    (b"access-control-allow-origin", ANY_ORIGIN.encode()),
    (b"access-control-allow-credentials", b"true"),
)
_METHODS = b"GET,HEAD,PUT,PATCH,POST,DELETE"
"""As Unleash says them; whoever uses another one than an endpoint has is told so."""

Origins = Callable[[], Collection[str]]


class CrossOrigin:
    """An endpoint that answers pages of other sites as well.

    Args:
        endpoint: answers errors itself, so that pages can read those, too.
        origins: those that may ask now; `*` among them stands for all.
    """

    def __init__(self, endpoint: Endpoint, origins: Origins) -> None:
        self._endpoint = endpoint
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = self._headers(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *own]
            await send(message)

        await self._endpoint(scope, receive, answer)

    def preflight(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """What an answer to OPTIONS says besides which methods there are."""
        found = [
            *self._headers(scope),
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-max-age", str(KEPT_SECONDS).encode()),
        ]
        if asked := header(scope, b"access-control-request-headers"):
            found.append((b"access-control-allow-headers", asked.encode("latin-1")))
        return found

    def _headers(self, scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
        """A page that may not ask gets its answer without these, and its browser keeps the answer from it."""
        origins = self._origins()
        if ANY_ORIGIN in origins:
            return _FOR_ANY
        allowed = header(scope, b"origin") or ""
        if allowed not in origins:
            return _ALWAYS
        return (
            *_ALWAYS,
            (b"access-control-allow-origin", allowed.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
        )


def cross_origin(endpoints: Mapping[str, Endpoint], origins: Origins) -> dict[str, Endpoint]:
    """The endpoints, by path, for pages of other sites; their errors are answered as all errors are."""
    return {path: CrossOrigin(guarded(endpoint), origins) for path, endpoint in endpoints.items()}
