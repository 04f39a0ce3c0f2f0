"""Follows the flags of one scope: by upstream's stream, and by polling where it has none.

A stream begins with the whole state, or with what followed the place where the last one ended, if upstream's places
name their log. A poll is the whole document, unless it is the one that is there. So whatever was missed is there:
while nobody was connected, on another replica, or in a database that was restored.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing

import structlog

from flagkeeper.edge.followed import Followed
from flagkeeper.edge.model import Hydration, Unreadable, read_document, read_events
from flagkeeper.outbound.errors import OutboundError, TimedOut
from flagkeeper.outbound.event_stream import Message, StreamRefused
from flagkeeper.outbound.upstream import UpstreamServer, pause

FEATURES = "/api/client/features"
STREAM = "/api/client/streaming"
SPEC = "5.2.0"
"""The version of the client specification that says: we know segments and deltas."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
"""Seconds until upstream is tried again: twice as many each time, and a random part of them."""
SETTLED = 5.0
"""Seconds after which a stream counts as one that works."""
MOST_BRIEF = 3
"""Streams in a row that broke before that, or fell silent: then it is polled for a while."""
POLLED_FOR = 300.0
"""Seconds until a stream that was refused is tried again."""
POLLED_IN_TROUBLE = 60.0
"""The same, where upstream says that too many listen, or its streams break."""
WHOLE_AFTER = 3_600.0
"""Seconds after which a stream begins with the whole state again, whatever was followed since."""
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
        doubt: is told when upstream does not take a token, or may not take it any more (None).
    """

    def __init__(
        self,
        followed: Followed,
        upstream: UpstreamServer,
        secret: Callable[[], str | None],
        refresh: float,
        changed: Callable[[Followed], None],
        doubt: Callable[[str | None], None],
    ) -> None:
        self.followed = followed
        self._upstream = upstream
        self._secret = secret
        self._refresh = refresh
        self._changed = changed
        self._doubt = doubt
        self._poll_until = 0.0
        self._polled_for, self._why_polled = 0.0, ""
        self._whole_at = time.monotonic()
        """When this began, or the whole state came by a stream."""
        self._failures = 0
        """In a row."""
        self._brief = 0
        """Streams in a row that broke soon, or fell silent."""
        self.woken = asyncio.Event()
        """There may be a token now."""
        self.mode = "starting"
        """What `/ready` calls what it does."""
        self.trouble: str | None = None
        """Why upstream's flags did not come when they were asked for last."""
        self._chance = random.Random()  # noqa: S311 - spreads connections in time, guards nothing

    async def run(self) -> None:
        """Goes on for as long as it is let."""
        while True:
            try:
                if time.monotonic() < self._poll_until:
                    await self._fetch()
                    self._is_well("polling")
                    wait = self._random(2 * self._refresh / 1.5)
                else:
                    wait = await self._stream()
            except (_Failed, OutboundError, Unreadable) as error:
                wait = self._after(error)
            await pause(wait, self.woken)

    def _is_well(self, mode: str) -> None:
        if mode == "polling" and self.mode != mode:
            log.info("upstream_is_polled", environment=self.followed.scope.environment, why=self._why_polled)
        self.mode, self._failures = mode, 0
        if self.trouble is not None:
            self.trouble = None
            log.info("upstream_is_back", environment=self.followed.scope.environment, mode=mode)

    def _after(self, error: Exception) -> float:
        """What follows from a failure. Returns the seconds until the next attempt. It is said once, not each time."""
        self._failures += 1
        if self.trouble is None:
            log.warning("upstream_away", environment=self.followed.scope.environment, error=str(error))
        self.mode, self.trouble, self.followed.is_live = "waiting", str(error), False
        if self._polled_for == POLLED_IN_TROUBLE:
            self._poll_until = 0.0  # upstream is away altogether: that says nothing of its streams
        wait = self._random(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures, 10)))
        if isinstance(error, _Failed):
            if error.refused:
                self._doubt(self._secret())
            wait = max(wait, error.wait or 0.0)
        return wait

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
        if answer.status == 304 and "If-None-Match" in headers:
            followed.confirm()
        elif answer.status == 200:
            document = await asyncio.to_thread(read_document, answer.body)
            changed = await asyncio.to_thread(followed.put, document, answer.etag)
            followed.confirm()
            if changed:
                self._changed(followed)
        else:
            hint = ": redirects are not followed" if 300 <= answer.status < 400 else ""
            refused = answer.status in _REFUSALS
            raise _Failed(f"it answers {answer.status} to {FEATURES}{hint}", answer.retry_after, refused=refused)

    @property
    def _parameters(self) -> list[tuple[str, str]]:
        return [("tag", f"{kind}:{value}") for kind, value in self.followed.scope.tags]

    async def _stream(self) -> float:
        """Listens for as long as upstream lets. Returns the seconds until the next attempt.

        Raises:
            _Failed, OutboundError, Unreadable: there is no stream, or it broke.
        """
        began = time.monotonic()
        try:
            await self._listen()
        except StreamRefused as error:
            return self._poll_instead(error)
        except (OutboundError, Unreadable) as error:
            self.followed.place = None
            if not self._broke_soon(began, silent=isinstance(error, TimedOut)):
                raise
            return self._poll(POLLED_IN_TROUBLE, str(error))
        self.followed.is_live = self.followed.is_live and time.monotonic() < self._poll_until
        if self._broke_soon(began, silent=False):
            return self._poll(POLLED_IN_TROUBLE, "its streams end at once")
        return self._random(FIRST_PAUSE * 2**self._brief)

    def _broke_soon(self, began: float, *, silent: bool) -> bool:
        """Whether it did, or fell silent, too often."""
        works = time.monotonic() - began >= SETTLED and not silent
        self._brief = 0 if works else self._brief + 1
        return self._brief >= MOST_BRIEF

    def _poll_instead(self, error: StreamRefused) -> float:
        """Raises `_Failed`: the stream may come when it is tried again soon."""
        if error.status in _REFUSALS:
            self._doubt(self._secret())
        if (error.status >= 500 and error.status != 501) or error.status in (200, 429):
            self._brief += 1
            if self._brief < MOST_BRIEF and error.status != 429:
                raise _Failed(f"it answers {error.status} to {STREAM}, and no stream") from error
            return self._poll(POLLED_IN_TROUBLE, f"it answers {error.status}")
        return self._poll(POLLED_FOR, f"it answers {error.status}")

    def _poll(self, seconds: float, why: str) -> float:
        self._poll_until, self._polled_for, self._why_polled = time.monotonic() + seconds, seconds, why
        self._brief = 0
        return 0.0

    async def _listen(self) -> None:
        """Takes what upstream tells, until it ends the stream."""
        followed, began = self.followed, time.monotonic()
        headers = self._headers()
        if followed.place is not None and began - self._whole_at < WHOLE_AFTER:
            headers["Last-Event-ID"] = followed.place
        told = "Last-Event-ID" in headers
        """Whether what we have is what upstream has, as soon as it says anything."""
        async with aclosing(self._upstream.listen(STREAM, self._parameters, headers)) as messages:
            async for message in messages:
                if message.kind == "fetch-mode" and message.data == b"polling":
                    self._poll(POLLED_IN_TROUBLE, "too many listen")
                    return
                told = await self._take(message, told) or told
                if told:
                    followed.confirm()
                    self.mode = "streaming"
                if self.trouble is not None and told and time.monotonic() - began >= SETTLED:
                    self._is_well("streaming")
        self._doubt(None)  # it may have ended because the token is not valid any more

    async def _take(self, message: Message, told: bool) -> bool:
        """Whether it told something. Raises `Unreadable`."""
        if not message.data or message.kind not in ("unleash-connected", "unleash-updated"):
            return False
        followed = self.followed
        events = await asyncio.to_thread(read_events, message.data)
        whole = any(isinstance(each, Hydration) for each in events)
        if not (told or whole):
            raise Unreadable("its stream does not begin with all flags")
        if await asyncio.to_thread(followed.apply, events):
            self._changed(followed)
        if whole:
            self._whole_at = time.monotonic()
        followed.place = message.id if "-" in message.id else None
        return True
