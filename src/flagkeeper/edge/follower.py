"""Follows the flags of one scope: by upstream's stream, and by polling where it has none.

Every connection begins with the whole document, so that whatever was missed is there: while nobody was connected, on
another replica, or in a database that was restored.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing

import structlog

from flagkeeper.edge.followed import Followed
from flagkeeper.edge.model import Unreadable, read_document, read_events
from flagkeeper.outbound.errors import OutboundError
from flagkeeper.outbound.event_stream import Message, StreamRefused
from flagkeeper.outbound.upstream import UpstreamServer, pause

FEATURES = "/api/client/features"
STREAM = "/api/client/streaming"
SPEC = "5.2.0"
"""The version of the client specification that says: we know segments and deltas."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
"""Seconds until upstream is tried again: twice as many each time, and a random part of them."""
POLLED_FOR = 300.0
"""Seconds until a stream that was refused is tried again."""
POLLED_WHEN_FULL = 60.0
"""The same, where upstream says that too many listen."""
_REFUSALS = frozenset({401, 403})

log = structlog.get_logger("flagkeeper.edge")


class _Failed(Exception):
    """Upstream did not answer, or not with flags."""

    def __init__(self, why: str, wait: float | None = None, *, refused: bool = False) -> None:
        super().__init__(why)
        self.wait = wait
        """Seconds, as upstream says."""
        self.refused = refused
        """Whether it is the token."""


class Follower:
    """One scope.

    Args:
        secret: a token with which its flags can be had now. None: nobody has one.
        changed: is told when the flags differ.
        doubt: is told when upstream does not take the token.
    """

    def __init__(
        self,
        followed: Followed,
        upstream: UpstreamServer,
        secret: Callable[[], str | None],
        refresh: float,
        changed: Callable[[Followed], None],
        doubt: Callable[[], None],
    ) -> None:
        self.followed = followed
        self._upstream = upstream
        self._secret = secret
        self._refresh = refresh
        self._changed = changed
        self._doubt = doubt
        self._poll_until = 0.0
        self.woken = asyncio.Event()
        """There may be a token now."""
        self.mode = "starting"
        """What `/ready` calls what it does."""
        self._chance = random.Random()  # noqa: S311 - spreads connections in time, guards nothing

    async def run(self) -> None:
        """Goes on for as long as it is let."""
        failures = 0
        while True:
            try:
                await self._fetch()
                failures = 0
                await self._wait_for_news()
                wait = self._random(FIRST_PAUSE)
            except (_Failed, OutboundError, Unreadable) as error:
                failures += 1
                wait = self._after(error, failures)
            self.followed.is_live = self.followed.is_live and self.mode == "polling"
            await pause(wait, self.woken)

    def _after(self, error: Exception, failures: int) -> float:
        """What follows from a failure. Returns the seconds until the next attempt."""
        if self.mode != "waiting":
            log.warning("upstream_away", environment=self.followed.scope.environment, error=str(error))
        self.mode, self.followed.is_live = "waiting", False
        wait = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 10))
        if isinstance(error, _Failed):
            if error.refused:
                self._doubt()
            wait = max(wait, error.wait or 0.0)
        return self._random(wait)

    def _random(self, seconds: float) -> float:
        """Many nodes must not come back at the same moment."""
        return seconds * self._chance.uniform(0.5, 1.0)

    def _headers(self) -> dict[str, str]:
        secret = self._secret()
        if secret is None:
            raise _Failed("nobody has shown a token for it yet")
        return {
            "Authorization": secret,
            "Unleash-AppName": "flagkeeper-edge",
            "Unleash-Client-Spec": SPEC,
            "Content-Type": "application/json",
        }

    async def _fetch(self) -> None:
        """The whole document, unless it is the one that we have.

        Raises:
            _Failed, OutboundError, Unreadable: it cannot be had.
        """
        followed = self.followed
        headers = self._headers()
        if followed.etag and followed.now is not None:
            headers["If-None-Match"] = followed.etag
        answer = await self._upstream.get(FEATURES, self._parameters, headers)
        if answer.status == 304 and followed.now is not None:
            followed.confirm()
        elif answer.status == 200:
            document = await asyncio.to_thread(read_document, answer.body)
            changed = await asyncio.to_thread(followed.put, document, answer.etag)
            followed.confirm()
            if changed:
                self._changed(followed)
        else:
            refused = answer.status in _REFUSALS
            raise _Failed(f"it answers {answer.status} to {FEATURES}", answer.retry_after, refused=refused)

    @property
    def _parameters(self) -> list[tuple[str, str]]:
        return [("tag", f"{kind}:{value}") for kind, value in self.followed.scope.tags]

    async def _wait_for_news(self) -> None:
        """Returns when it is time to fetch the whole document again."""
        if time.monotonic() >= self._poll_until:
            try:
                await self._listen()
            except StreamRefused as error:
                self._poll_instead(error)
            else:
                return
        self.mode = "polling"
        await pause(self._random(2 * self._refresh / 1.5), self.woken)

    def _poll_instead(self, error: StreamRefused) -> None:
        """Raises `_Failed`: the stream may come when it is tried again soon."""
        if error.status >= 500 and error.status != 501:
            raise _Failed(f"it answers {error.status} to {STREAM}") from error
        if error.status in _REFUSALS:
            self._doubt()
        self._poll_until = time.monotonic() + POLLED_FOR
        log.info("upstream_is_polled", environment=self.followed.scope.environment, status=error.status)

    async def _listen(self) -> None:
        """Takes what upstream tells, until it ends the stream."""
        headers = self._headers()
        if self.followed.upstream_revision:
            headers["Last-Event-ID"] = str(self.followed.upstream_revision)
        async with aclosing(self._upstream.listen(STREAM, self._parameters, headers)) as messages:
            async for message in messages:
                self.mode = "streaming"
                self.followed.confirm()
                if message.kind == "fetch-mode" and message.data == b"polling":
                    self._poll_until = time.monotonic() + POLLED_WHEN_FULL
                    return
                await self._take(message)
        self._doubt()  # it may have ended because the token is not valid any more

    async def _take(self, message: Message) -> None:
        if message.data and message.kind in ("unleash-connected", "unleash-updated"):
            events = await asyncio.to_thread(read_events, message.data)
            if await asyncio.to_thread(self.followed.apply, events):
                self._changed(self.followed)
