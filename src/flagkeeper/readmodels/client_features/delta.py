"""What has changed for an SDK since a revision: events that lead it from the state of then to the state of now. Pure.

Revisions are ids of events of the log. Steps of the history remember what flags and segments were before, so that what
a query sees now is compared with what it saw then. Where that cannot be known, there is no delta, and the client gets
the whole state again.
"""

from collections.abc import Iterator, Mapping

import msgspec

from flagkeeper.readmodels.client_features.encoding import Segment
from flagkeeper.readmodels.client_features.query import FeatureQuery
from flagkeeper.readmodels.client_features.revision import Revision
from flagkeeper.readmodels.client_features.state import Flag, State, encoded

MOST_TOUCHED = 4_000
"""Flags and segments, as they were before, that the history keeps. Who is further behind gets the whole state."""

_encode = msgspec.json.Encoder().encode


class TouchedFlag(msgspec.Struct, frozen=True):
    """What a flag was before a step that may have changed it."""

    old: Flag | None
    event_id: int
    """Of the last event of the step that is about it."""
    projects: frozenset[str]
    """In which it was, as its events say."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """From the state at the event `start` to the one at `end`, the last event that concerns SDKs."""

    start: int
    end: int
    flags: Mapping[str, TouchedFlag]
    segments: Mapping[int, int]
    """By id, the last event about it."""
    whole: bool = False
    """Everything was read anew: what happened in between is not known."""

    def __len__(self) -> int:
        return len(self.flags) + len(self.segments) + 1


class History(msgspec.Struct, frozen=True):
    """The last steps. Never changed: the follower puts a new one in its place."""

    base: int = 0
    """Where the first step starts."""
    steps: tuple[Step, ...] = ()

    @property
    def end(self) -> int:
        """The last event that concerned SDKs, as far as is known."""
        return self.steps[-1].end if self.steps else self.base

    def after(self, step: Step, most: int = MOST_TOUCHED) -> "History":
        """With one more step, and without the oldest ones if that is too much."""
        steps = (*self.steps, step)
        size, first = 0, len(steps)
        while first and (size := size + len(steps[first - 1])) <= most:
            first -= 1
        return History(steps[first - 1].end if first else self.base, steps[first:])


class _Then(msgspec.Struct):
    """What is known of a flag at the revision from which a delta leads on."""

    old: Flag | None
    known: bool
    """Whether it was `old` then. If not, it changed in the middle of a step."""
    event_id: int
    projects: frozenset[str]


class Delta(msgspec.Struct, frozen=True):
    """Events in one line of JSON, and the last one's id."""

    revision: Revision
    body: bytes


def delta(state: State, history: History, query: FeatureQuery, held: Revision) -> Delta | None:
    """What leads a client on that has `held`; its body is empty when it misses nothing. None: it needs the whole state,
    as all do who come from another log.

    What a project's token gets does not depend on what happens in other projects.
    """
    epoch, revision = state.position.epoch, held.id
    if held.epoch != epoch or not history.base <= revision <= state.position.last_id:
        return None
    steps = [step for step in history.steps if step.end > revision]
    if any(step.whole and step.start < revision for step in steps):
        return None
    events = sorted(_events(state, query, *_since(steps, revision)), key=lambda event: event[:2])
    if not events:
        return Delta(held, b"")
    return Delta(Revision(epoch, events[-1][0]), b'{"events":[' + b",".join(body for _, _, body in events) + b"]}")


def _since(steps: list[Step], revision: int) -> tuple[dict[str, _Then], dict[int, int]]:
    """The flags and the segments that events after `revision` are about."""
    flags: dict[str, _Then] = {}
    segments: dict[int, int] = {}
    for step in steps:
        for name, touched in step.flags.items():
            if touched.event_id <= revision:
                continue
            then = flags.get(name)
            if then is None:
                known = revision <= step.start
                flags[name] = _Then(touched.old, known, touched.event_id, touched.projects)
            else:
                then.event_id, then.projects = touched.event_id, then.projects | touched.projects
        segments |= {id_: event_id for id_, event_id in step.segments.items() if event_id > revision}
    return flags, segments


_SEGMENT, _REMOVED, _UPDATED = range(3)
"""The order of events with the same id: a flag comes after the segments that it needs."""


def _events(
    state: State, query: FeatureQuery, flags: Mapping[str, _Then], segments: Mapping[int, int]
) -> Iterator[tuple[int, int, bytes]]:
    """Each with its id and its place among those with the same id."""
    needed: dict[int, int] = {}
    """Segments that the client may lack, with the event before which it has to have them."""
    for name, then in flags.items():
        new = state.flags.get(name)
        old = then.old if then.old is not None and query.sees(name, then.old.project, then.old.tags) else None
        if new is None or not query.sees(name, new.project, new.tags):
            for project in _left(query, name, old, then):
                yield then.event_id, _REMOVED, _removed(then.event_id, name, project)
            continue
        before = old if then.known else None
        for id_ in new.segments_in(query.environment):
            if id_ in segments:
                needed[id_] = min(segments[id_], needed.get(id_, segments[id_]))
            elif before is None or id_ not in before.segments_in(query.environment):
                needed[id_] = min(then.event_id, needed.get(id_, then.event_id))
        yield from _updated(query, name, then.event_id, before, new)
    for id_, event_id in needed.items():
        segment: Segment = state.segments[id_]
        yield event_id, _SEGMENT, _event(b"segment-updated", event_id, b"segment", segment.encoded)
    for id_, event_id in segments.items():
        if id_ not in state.segments:
            yield event_id, _REMOVED, _event(b"segment-removed", event_id, b"segmentId", b"%d" % id_)


def _updated(
    query: FeatureQuery, name: str, event_id: int, before: Flag | None, new: Flag
) -> Iterator[tuple[int, int, bytes]]:
    """What to say of a flag that is seen. `before`: what the client surely has."""
    if before is None or encoded(before, query) != encoded(new, query):
        if before is not None and before.project != new.project:
            yield event_id, _REMOVED, _removed(event_id, name, before.project)
        yield event_id, _UPDATED, _event(b"feature-updated", event_id, b"feature", encoded(new, query))


def _left(query: FeatureQuery, name: str, old: Flag | None, then: _Then) -> list[str]:
    """The projects from which a flag that a query does not see has gone, for all that the client knows. One that it
    may have seen in the middle of a step is said to be gone too, if it was in a project that it may know."""
    if old is not None:
        return [old.project]
    if then.known or not name.startswith(query.name_prefix or ""):
        return []
    return sorted(then.projects if query.projects is None else then.projects.intersection(query.projects))


def _removed(event_id: int, name: str, project: str) -> bytes:
    return _event(b"feature-removed", event_id, b"featureName", _encode(name) + b',"project":' + _encode(project))


def _event(kind: bytes, event_id: int, field: bytes, value: bytes) -> bytes:
    return b'{"type":"%b","eventId":%d,"%b":%b}' % (kind, event_id, field, value)
