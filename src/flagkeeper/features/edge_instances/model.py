"""What an edge tells of itself, and how reports wait until they are written. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from flagkeeper.kernel import clock

KEPT = clock.DAY
"""Since an edge was last heard of: whatever it is called by is new with each of its processes."""
MOST_INSTANCES = 1_000
"""Stored, and held between two writes. Of those that are stored, the ones heard of last stay."""
MOST_IN_REPORT = 200
"""Edges that stand behind the one that reports."""
MOST_REVISIONS = 100
"""Scopes of tokens of which an edge says how far it has come."""
LONGEST_NAME = 255


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long something takes, in milliseconds."""

    average: float = 0.0
    p99: float = 0.0


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What an edge answered at one path since its report before."""

    path: str
    changed: int
    """200."""
    unchanged: int
    """304."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an edge has come with what tokens of one scope see."""

    environment: str
    projects: tuple[str, ...]
    revision: int
    at: clock.Millis | None


class EdgeInstance(msgspec.Struct, frozen=True, kw_only=True):
    """One process of an edge, as it was when it last reported."""

    id: str
    """It calls itself so, until it ends."""
    app_name: str
    version: str
    started: clock.Millis
    connected_via: str | None = None
    """The id of the edge through which it reports. None: it reports to us."""
    region: str | None = None
    hosting: str | None = None
    streams: int = 0
    """SDKs that listen to it."""
    cpu: float | None = None
    """Seconds of processor time since it started."""
    memory: float | None = None
    """Bytes."""
    features: Latency = Latency()
    """Of its own answers to SDKs that evaluate flags."""
    frontend: Latency = Latency()
    """Of its own answers to those that have flags evaluated."""
    upstream_features: Latency = Latency()
    """Of what it asks its upstream for: flags."""
    upstream_metrics: Latency = Latency()
    upstream_edge: Latency = Latency()
    answers: tuple[Answers, ...] = ()
    progress: tuple[Progress, ...] = ()


class Collected:
    """The newest report of each edge since the last write."""

    def __init__(self, most: int = MOST_INSTANCES) -> None:
        self._most = most
        self.instances: dict[str, EdgeInstance] = {}

    def has_room_for(self, instances: Iterable[EdgeInstance], leaving: Mapping[str, EdgeInstance]) -> bool:
        """Whether all of them find room beside what is `leaving`, which may come back."""
        new = sum(each.id not in self.instances for each in instances)
        return len(self.instances) + len(leaving) + new <= self._most

    def take(self, instances: Iterable[EdgeInstance]) -> None:
        self.instances.update((each.id, each) for each in instances)

    def absorb(self, earlier: Mapping[str, EdgeInstance]) -> None:
        """Takes back what could not be written; what is newer holds."""
        self.instances = {**earlier, **self.instances}
