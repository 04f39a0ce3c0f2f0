"""The flags of all scopes that this node serves, each followed for itself."""

import asyncio
from collections.abc import Callable, Iterator

import structlog

from flagkeeper.edge.followed import Followed
from flagkeeper.edge.follower import Follower
from flagkeeper.edge.model import Scope, Tags, scope_of
from flagkeeper.edge.settings import EdgeSettings
from flagkeeper.edge.snapshots import Snapshots
from flagkeeper.edge.tokens import Tokens
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Forbidden, Unavailable
from flagkeeper.outbound.upstream import UpstreamServer, pause
from flagkeeper.readmodels.client_features.follower import Now
from flagkeeper.supervisor import SupervisedTask, Supervisor

MOST_SCOPES = 500
"""Followed at a time."""
MOST_TAGGED = 50
"""Of these, filtered by tags."""
IDLE = clock.HOUR
"""After which a scope that nobody asks for is not followed any more, unless the settings name its token."""
PATIENCE = 5.0
"""Seconds that the first who ask for a scope wait for its flags."""
LOOK_EVERY = 60.0
"""Seconds between two looks at what is idle."""
SAVE_AGAIN_AFTER = 5.0
"""Seconds until what could not be written is written again."""
SAVE_AFTER = 1.0
"""Seconds that changes are collected before they are written to disk."""

log = structlog.get_logger("flagkeeper.edge")


class EdgeFeatures:
    """A `FeatureSource`: flags by the scope of the token that asks."""

    def __init__(
        self,
        settings: EdgeSettings,
        upstream: UpstreamServer,
        tokens: Tokens,
        snapshots: Snapshots,
        supervisor: Supervisor,
    ) -> None:
        self.tell: Callable[[], None] = lambda: None
        self._settings = settings
        self._upstream = upstream
        self._tokens = tokens
        self._snapshots = snapshots
        self._supervisor = supervisor
        self._followers: dict[Scope, Follower] = {}
        self._tasks: dict[Scope, SupervisedTask] = {}
        self._covering: dict[Scope, Followed] = {}
        """Where frontend tokens find their flags. Forgotten whenever something is followed or has come."""
        self._arrived = asyncio.Event()
        """Set, and replaced, whenever flags have come."""
        self._unsaved: set[Scope] = set()
        self._tokens_unsaved = False
        self._work = asyncio.Event()
        self._saving: SupervisedTask | None = None
        self._ending: set[asyncio.Future[None]] = set()
        tokens.tell = self.tokens_changed

    def now_of(self, credential: Credential, tags: Tags = ()) -> Now:
        found = self._find(scope_of(credential.environment, credential.projects, tags), credential.kind)
        if found is None or found.now is None:
            raise Unavailable("The flags for this token have not come yet. Try again.")
        found.used_at = clock.now()
        return found.now

    def followers(self) -> Iterator[Follower]:
        return iter(self._followers.values())

    async def ready(self, credential: Credential, tags: Tags = ()) -> None:
        """Returns once there are flags for a token, which was found to be valid.

        Raises:
            Unavailable: they have not come in time, or nobody here has a token with which they can be had.
            Forbidden: this node serves the scopes of its settings only.
        """
        scope = scope_of(credential.environment, credential.projects, tags)
        if self._is_there(scope, credential.kind):
            return
        if credential.kind is Kind.BACKEND:
            self._demand_given(scope)
            self._follow(scope)
        elif self._find(scope, credential.kind) is None:
            raise Unavailable(
                "This edge has no backend token that opens the projects of this token. Start it with one, or let a "
                "server-side SDK with such a token ask it."
            )
        try:
            async with asyncio.timeout(PATIENCE):
                while not self._is_there(scope, credential.kind):
                    await self._arrived.wait()
        except TimeoutError:
            raise Unavailable("The server that this edge follows has not sent the flags yet. Try again.") from None

    async def start(self) -> None:
        """Follows what the tokens of the settings open, and what was kept of valid tokens."""
        self.tokens_changed()
        for token in self._tokens.backends():  # those from disk may have come with requests, and will again
            if len(self._followers) < MOST_SCOPES:
                self._follow(token.scope)
        for scope in list(self._followers):
            kept = await asyncio.to_thread(self._snapshots.load, scope)
            followed = self._followers[scope].followed
            if kept is not None and followed.now is None:
                await asyncio.to_thread(followed.load, kept)
        for scope, follower in self._followers.items():
            self._run(scope, follower)
        self._saving = self._supervisor.start("edge-snapshots", self._save_changes)

    async def stop(self) -> None:
        for task in self._tasks.values():
            await task.stop()
        if self._saving is not None:
            await self._saving.stop()
        self._unsaved.update(self._followers)
        await self._save()

    def tokens_changed(self) -> None:
        """Follows what valid tokens open, and nothing else."""
        self._tokens_unsaved = True
        self._work.set()
        given = self._tokens.scopes_given()
        valid = {each.scope for each in self._tokens.backends()}
        for scope in list(self._followers):
            bare = scope_of(scope.environment, scope.projects)
            if bare not in valid:
                self._forget(scope)
        for scope in given:
            self._follow(scope)
        for follower in self._followers.values():
            if follower.mode == "waiting":
                follower.woken.set()

    def _is_there(self, scope: Scope, kind: Kind) -> bool:
        found = self._find(scope, kind)
        return found is not None and found.now is not None

    def _find(self, scope: Scope, kind: Kind) -> Followed | None:
        """The flags of a scope; for a frontend token, which cannot have any followed, of one that covers it."""
        own = self._followers.get(scope)
        if own is not None:
            return own.followed
        if kind is Kind.BACKEND:
            return None
        if scope not in self._covering:
            covering = [each.followed for each in self._followers.values() if each.followed.scope.covers(scope)]
            if not covering:
                return None
            self._covering[scope] = min(covering, key=lambda each: (each.now is None, len(each.scope.projects)))
        return self._covering[scope]

    def _demand_given(self, scope: Scope) -> None:
        bare = scope_of(scope.environment, scope.projects)
        if self._settings.strict and not any(each.covers(bare) for each in self._tokens.scopes_given()):
            raise Forbidden("This edge serves what the tokens of its settings open, and this one opens something else.")

    def _follow(self, scope: Scope) -> None:
        """Raises `Unavailable` when too many are followed."""
        if scope in self._followers:
            return
        if scope.tags:
            self._make_room_for_tags()
        if len(self._followers) >= MOST_SCOPES:
            self._forget_idle()
        if len(self._followers) >= MOST_SCOPES:
            raise Unavailable(f"This edge follows {MOST_SCOPES} different scopes of tokens already. Try again later.")
        bare = scope_of(scope.environment, scope.projects)
        follower = Follower(
            Followed(scope),
            self._upstream,
            lambda: self._tokens.secret_for(bare),
            self._settings.refresh_interval,
            self._changed,
            self._tokens.doubt,
        )
        self._followers[scope] = follower
        self._covering.clear()
        if self._saving is not None:
            self._run(scope, follower)

    def _run(self, scope: Scope, follower: Follower) -> None:
        async def follow() -> None:
            followed = follower.followed
            if followed.now is None:
                kept = await asyncio.to_thread(self._snapshots.load, scope)
                if kept is not None:
                    await asyncio.to_thread(followed.load, kept)
                    self._announce()
            await follower.run()

        self._tasks[scope] = self._supervisor.start(f"edge-{scope.environment}-{scope.key[:8]}", follow)

    def _changed(self, followed: Followed) -> None:
        self._unsaved.add(followed.scope)
        self._work.set()
        self._announce()

    def _announce(self) -> None:
        self._covering.clear()
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()
        self.tell()

    def _forget_idle(self) -> None:
        given = self._tokens.scopes_given()
        for scope, follower in list(self._followers.items()):
            if scope not in given and follower.followed.used_at < clock.now() - IDLE:
                self._forget(scope)

    def _make_room_for_tags(self) -> None:
        """Anybody with a token can filter by anything: the filter that was not used for longest goes."""
        tagged = sorted((each.followed.used_at, scope) for scope, each in self._followers.items() if scope.tags)
        if len(tagged) >= MOST_TAGGED:
            self._forget(tagged[0][1])

    def _forget(self, scope: Scope) -> None:
        del self._followers[scope]
        self._covering.clear()
        self._unsaved.discard(scope)
        task = self._tasks.pop(scope, None)
        if task is not None:
            self._ending.add(ending := asyncio.ensure_future(self._end(scope, task)))
            ending.add_done_callback(self._ending.discard)

    async def _end(self, scope: Scope, task: SupervisedTask) -> None:
        await task.stop()
        if scope not in self._followers:
            await asyncio.to_thread(self._snapshots.forget, scope)

    async def _save_changes(self) -> None:
        while True:
            await pause(LOOK_EVERY if self._snapshots.trouble is None else SAVE_AGAIN_AFTER, self._work)
            self._forget_idle()
            await asyncio.sleep(SAVE_AFTER)
            await self._save()

    async def _save(self) -> None:
        """What cannot be written now is tried again at the next look."""
        unsaved, self._unsaved = self._unsaved, set()
        for scope in unsaved:
            follower = self._followers.get(scope)
            saved = None if follower is None else follower.followed.saved()
            if saved is not None and not await asyncio.to_thread(self._snapshots.save, saved):
                self._unsaved.add(scope)
        if self._tokens_unsaved:
            self._tokens_unsaved = False
            if not await asyncio.to_thread(self._snapshots.save_tokens, self._tokens.known()):
                self._tokens_unsaved = True
