"""The flags of one scope as they are now, how it came to that, and how new that is."""

from collections.abc import Iterable

import msgspec

from flagkeeper.edge.model import Content, Document, Event, Scope, demand_scope, next_state, step_between
from flagkeeper.eventlog.read import LogPosition
from flagkeeper.kernel import clock
from flagkeeper.readmodels.client_features.delta import History
from flagkeeper.readmodels.client_features.follower import Now
from flagkeeper.readmodels.client_features.state import State


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept on disk of a scope. No token is in it."""

    scope: Scope
    revision: int
    upstream_revision: int
    etag: str | None
    at: clock.Millis
    """When it was known to be what upstream has."""
    features: list[msgspec.Raw]
    segments: list[msgspec.Raw]
    place: str | None = None


class Followed:
    """`now` is replaced as a whole, never changed."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.now: Now | None = None
        self.upstream_revision = 0
        """What upstream calls the state that we have."""
        self.place: str | None = None
        """The same, as its stream says it with the name of its log. None: it did not, or something else came since."""
        self.etag: str | None = None
        """Of the document that the state is exactly. None: events were applied since."""
        self.fresh_at: clock.Millis | None = None
        """When upstream last said that this is what it has. None: never."""
        self.is_live = False
        """Whether upstream would tell us now."""
        self.used_at = clock.now()

    @property
    def stale_since(self) -> clock.Millis | None:
        """None: it is what upstream has."""
        return None if self.is_live else self.fresh_at

    def confirm(self) -> None:
        """Upstream says that nothing has changed."""
        self.fresh_at, self.is_live = clock.now(), True

    def put(self, document: Document, etag: str | None) -> bool:
        """Takes the whole document. Whether it differs from what was there. Raises `Unreadable`: it is another's."""
        demand_scope(document, self.scope)
        content = Content({}, {})
        content.replace(document.features, document.segments)
        changed = self._move(content, document.meta.revision_id)
        self.upstream_revision, self.etag, self.place = document.meta.revision_id, etag, None
        return changed

    def apply(self, events: Iterable[Event]) -> bool:
        """Takes events in order. Whether they changed anything. Raises `Unreadable`: they are another's."""
        given = list(events)
        demand_scope(given, self.scope)
        content = Content({}, {}) if self.now is None else Content.of(self.now.state, self.scope.environment)
        for event in given:
            content.apply(event)
        revision = max((event.event_id for event in given), default=self.upstream_revision)
        changed = self._move(content, revision)
        self.upstream_revision = revision
        if changed:
            self.etag = None
        return changed

    def load(self, saved: Saved) -> None:
        """Takes what was on disk, which is as old as it says."""
        content = Content({}, {})
        content.replace(saved.features, saved.segments)
        self._move(content, saved.revision)
        self.upstream_revision, self.etag, self.fresh_at = saved.upstream_revision, saved.etag, saved.at
        self.place = saved.place

    def saved(self) -> Saved | None:
        """What is to be kept. None: there is nothing yet."""
        if self.now is None:
            return None
        state, environment = self.now.state, self.scope.environment
        return Saved(
            scope=self.scope,
            revision=state.position.last_id,
            upstream_revision=self.upstream_revision,
            etag=self.etag,
            at=clock.now() if self.is_live else self.fresh_at or 0,
            features=[msgspec.Raw(each.environments[environment].linked) for each in state.flags.values()],
            segments=[msgspec.Raw(each.encoded) for each in state.segments.values()],
            place=self.place,
        )

    def _move(self, content: Content, revision: int) -> bool:
        """To another content. Revisions only rise here, even where upstream's fall, as when a backup was restored or a
        replica is behind: whoever asks what is new since one of them is answered rightly."""
        if self.now is None:
            state = next_state(_NOTHING, content, self.scope, max(revision, 1))
            self.now = Now(state, History(state.position.last_id)) if state else None
            return True
        old = self.now
        state = next_state(old.state, content, self.scope, max(revision, old.state.position.last_id + 1))
        if state is None:
            return False
        self.now = Now(state, old.history.after(step_between(old.state, state)))
        return True


_NOTHING = State(LogPosition("", 0), {}, {}, {})
