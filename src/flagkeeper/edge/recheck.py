"""Whether upstream still takes tokens that it calls valid.

`POST /edge/validate` of Unleash 8.2 goes on saying so of a token that was revoked, until its process ends; the
endpoints that the token is for refuse it within a minute. So their word counts more. A few tokens are shown to them in
each round.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from flagkeeper.edge.token import Token
from flagkeeper.http.caller import Kind
from flagkeeper.outbound.errors import OutboundError
from flagkeeper.outbound.upstream import UpstreamServer

PATHS = {Kind.BACKEND: "/api/client/features/flagkeeper-edge", Kind.FRONTEND: "/api/frontend/client/features"}
"""What costs upstream next to nothing: it answers 404 or 405, once it has looked at the token."""
EACH_ROUND = 10
"""Tokens that are shown in a round, one after the other."""
MOST_DENIED = 10_000


class Recheck:
    """Tokens are named by the hashes of their secrets."""

    def __init__(self, upstream: UpstreamServer) -> None:
        self._upstream = upstream
        self._next = 0
        self._suspected: set[str] = set()
        """Refused once: that may have been a proxy that was set up wrongly for a moment."""
        self._denied: OrderedDict[str, None] = OrderedDict()

    def suspect(self, key: str) -> None:
        """Upstream has refused it."""
        self._suspected.add(key)

    async def denied(self, tokens: Sequence[tuple[str, Token]]) -> list[str]:
        """Looks at the next few. Returns those that were refused a second time."""
        found = []
        for key, token in self._of_this_round(tokens):
            refused = await self._is_refused(token.secret or "", token.credential.kind)
            if refused is None:
                break
            if refused and key in self._suspected:
                self._denied[key] = None
                found.append(key)
            (self._suspected.add if refused and key not in found else self._suspected.discard)(key)
        self._suspected.intersection_update(key for key, _ in tokens)
        while len(self._denied) > MOST_DENIED:
            self._denied.popitem(last=False)
        return found

    async def allows(self, key: str, secret: str, kind: Kind) -> bool:
        """Whether a token is taken that upstream calls valid. One that was denied is shown again."""
        if key not in self._denied:
            return True
        if await self._is_refused(secret, kind) is not False:
            return False
        del self._denied[key]
        return True

    def _of_this_round(self, tokens: Sequence[tuple[str, Token]]) -> Iterable[tuple[str, Token]]:
        shown = [each for each in tokens if each[1].secret and each[1].credential.kind in PATHS]
        first = [each for each in shown if each[0] in self._suspected]
        start = self._next % max(1, len(shown))
        self._next = start + EACH_ROUND
        rest = [*shown[start:], *shown[:start]][:EACH_ROUND]
        return dict([*first, *rest]).items()

    async def _is_refused(self, secret: str, kind: Kind) -> bool | None:
        """None: there is no answer now."""
        path = PATHS.get(kind)
        if path is None:
            return False
        try:
            answer = await self._upstream.get(path, {}, {"Authorization": secret})
        except OutboundError:
            return None
        return None if answer.is_overload else answer.status == 401
