"""Follows the log, and keeps ready what SDKs are sent."""

from collections.abc import Sequence

import msgspec

from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.read import LogEvent, LogPosition
from flagkeeper.readmodels.client_features.queries import read_flags, read_revisions, read_segments
from flagkeeper.readmodels.client_features.state import NOTHING, State
from flagkeeper.storage.transaction import Transaction


class ClientFeatures:
    """A follower in memory. `state` is replaced as a whole, never changed."""

    name = "client-features"
    wants = Wants(clients_only=True)

    def __init__(self) -> None:
        self.state = NOTHING

    def load(self, tx: Transaction, position: LogPosition) -> None:
        flags, segments = read_flags(tx, read_segments(tx))
        self.state = State(position, flags, segments, read_revisions(tx))

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: LogPosition) -> None:
        """Reads again what the events are about; all of it, when one is about more than flags and segments."""
        if not batch:
            self.state = msgspec.structs.replace(self.state, position=position)
            return
        flags: set[str] = set()
        segment_ids: set[int] = set()
        for event in batch:
            kind, _, path = event.subject.partition("/")
            if kind == "flag":
                flags.add(path.partition("/")[0])
            elif kind == "segment":
                segment_ids.add(int(path))
            else:
                self.load(tx, position)
                return
        self.state = _changed(tx, self.state, flags, segment_ids, batch, position)


def _changed(
    tx: Transaction,
    old: State,
    flags: set[str],
    segment_ids: set[int],
    batch: Sequence[LogEvent],
    position: LogPosition,
) -> State:
    segments = old.segments
    if segment_ids:
        kept = {id_: segment for id_, segment in segments.items() if id_ not in segment_ids}
        segments = kept | read_segments(tx, segment_ids)
        flags = flags | {name for name, flag in old.flags.items() if flag.uses(segment_ids)}
    found, segments = read_flags(tx, segments, flags) if flags else ({}, segments)
    left = {name: flag for name, flag in old.flags.items() if name not in flags}
    revisions = {**old.revisions, **{event.environment: event.id for event in batch}}
    return State(position, {**left, **found}, segments, revisions)
