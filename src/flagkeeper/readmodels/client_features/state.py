"""What SDKs can be sent at one position of the log. Never changed: the follower puts a new one in its place. Pure."""

from collections.abc import Iterator, Mapping

import msgspec

from flagkeeper.eventlog.read import LogPosition
from flagkeeper.readmodels.client_features.encoding import Encoded, Segment
from flagkeeper.readmodels.client_features.query import FeatureQuery


class Flag(msgspec.Struct, frozen=True):
    """A flag that is not archived, ready to be sent."""

    project: str
    tags: frozenset[tuple[str, str]]
    off: bytes
    """Sent in environments in which it has no state."""
    environments: Mapping[str, Encoded]

    def segments_in(self, environment: str) -> frozenset[int]:
        """Those that it uses there."""
        state = self.environments.get(environment)
        return frozenset() if state is None else state.segments

    def uses(self, segment_ids: set[int]) -> bool:
        return any(not segment_ids.isdisjoint(each.segments) for each in self.environments.values())


class State(msgspec.Struct, frozen=True):
    """Every flag and segment, and how far each environment has come."""

    position: LogPosition
    flags: Mapping[str, Flag]
    segments: Mapping[int, Segment]
    revisions: Mapping[str | None, int]
    """By environment, the id of the last event that concerns SDKs; under None, of those in no environment."""

    def revision(self, environment: str) -> int:
        """What a change for SDKs in this environment raises."""
        return max(self.revisions.get(environment, 0), self.revisions.get(None, 0))

    def etag(self, query: FeatureQuery) -> str:
        """Names the answer to a query; one of another log (after a backup was restored) never equals one of ours."""
        return f'"{query.hash_in(self.position.epoch)}:{self.revision(query.environment)}:v1"'

    def one(self, query: FeatureQuery, name: str) -> bytes | None:
        """A flag as `query` sees it. None when it sees none of that name."""
        flag = self.flags.get(name)
        return encoded(flag, query) if flag is not None and query.sees(name, flag.project, flag.tags) else None

    def answer(self, query: FeatureQuery) -> bytes:
        """The whole body, in order of the flags' names."""
        etag, digest = self.etag(query), query.hash_in(self.position.epoch)
        meta = Meta(revisionId=self.revision(query.environment), etag=etag, queryHash=digest)
        parts = [b'{"version":2,"features":[', b",".join(self._features(query)), b'],"query":', query.encode()]
        if not query.inline:
            parts += [b',"segments":[', b",".join(self._segments(query.environment)), b"]"]
        return b"".join([*parts, b',"meta":', msgspec.json.encode(meta), b"}"])

    def hydration(self, query: FeatureQuery, revision: int) -> bytes:
        """All flags that a query sees, and the segments that these use, as one event in one line. `revision`: from
        where on a client misses nothing, when it has these."""
        seen = [flag for name, flag in sorted(self.flags.items()) if query.sees(name, flag.project, flag.tags)]
        used = frozenset[int]().union(*(flag.segments_in(query.environment) for flag in seen))
        parts = [
            b'{"events":[{"type":"hydration","eventId":%d,"features":[' % revision,
            b",".join(encoded(flag, query) for flag in seen),
            b'],"segments":[',
            b",".join(self.segments[id_].encoded for id_ in sorted(used)),
            b"]}]}",
        ]
        return b"".join(parts)

    def _features(self, query: FeatureQuery) -> Iterator[bytes]:
        for name in sorted(self.flags):
            flag = self.flags[name]
            if query.sees(name, flag.project, flag.tags):
                yield encoded(flag, query)

    def _segments(self, environment: str) -> Iterator[bytes]:
        """Those that any flag uses in this environment, whether the query sees that flag or not."""
        used: set[int] = set()
        for flag in self.flags.values():
            used |= flag.segments_in(environment)
        for id_ in sorted(used):
            yield self.segments[id_].encoded


class Meta(msgspec.Struct, frozen=True):
    """What names the answer."""

    revisionId: int  # noqa: N815 - a wire name
    etag: str
    queryHash: str  # noqa: N815 - a wire name


NOTHING = State(LogPosition("", 0), {}, {}, {})
"""Before the first load."""


def encoded(flag: Flag, query: FeatureQuery) -> bytes:
    """The flag in the environment and the form of a query, whether that sees it or not."""
    state = flag.environments.get(query.environment)
    if state is None:
        return flag.off
    return state.inlined if query.inline else state.linked
