"""Follows the log, and keeps ready what SDKs are sent."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.read import LogEvent, LogPosition, log_position
from flagkeeper.http.caller import Credential
from flagkeeper.readmodels.client_features.delta import History, Step, TouchedFlag
from flagkeeper.readmodels.client_features.queries import read_flags, read_revisions, read_segments
from flagkeeper.readmodels.client_features.revision import Revision
from flagkeeper.readmodels.client_features.state import NOTHING, State
from flagkeeper.storage.transaction import Transaction


class Now(msgspec.Struct, frozen=True, eq=False):
    """What SDKs are sent at one moment, and how it came to that."""

    state: State = NOTHING
    history: History = History()

    @property
    def revision(self) -> Revision:
        """Whoever has the state misses nothing up to here."""
        position = self.state.position
        return Revision(position.epoch, min(self.history.end, position.last_id))


class ClientFeatures:
    """A follower in memory. `now` is replaced as a whole, never changed; `tell` is called after that, on a reader's
    thread, when there may be something new for an SDK."""

    name = "client-features"
    wants = Wants(clients_only=True)

    def __init__(self) -> None:
        self.now = Now()
        self.tell: Callable[[], None] = lambda: None

    @property
    def state(self) -> State:
        return self.now.state

    def now_of(self, _credential: Credential, _tags: tuple[tuple[str, str], ...] = ()) -> Now:
        """The same for every token: a query says what of it a token sees (`source.FeatureSource`)."""
        return self.now

    def load(self, tx: Transaction, position: LogPosition) -> None:
        state = _read(tx, position)
        # What came after the last event that concerns SDKs changed nothing for them: a client that was there misses
        # nothing, so that a server that starts sends everything only to those who do.
        self._put(state, History(max(state.revisions.values(), default=0)))

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: LogPosition) -> None:
        """Reads again what the events are about; all of it, when one is about more than flags and segments."""
        old, history = self.now.state, self.now.history
        if not batch:
            self.now = Now(msgspec.structs.replace(old, position=position), history)
            return
        flags, segment_ids, all_of_it = _subjects(batch)
        if all_of_it:
            new = _read(tx, position)
            read_again: AbstractSet[str] = old.flags.keys() | new.flags.keys()
        else:
            new, read_again = _changed(tx, old, set(flags), set(segment_ids), batch, position)
        # A long batch ends before the tables do. What clients are sent may be of later then than what it says.
        head = log_position(tx).last_id
        if head > position.last_id:
            self._put(new, History(head))
        else:
            self._put(new, history.after(_step(old, new, read_again, flags, segment_ids, batch, whole=all_of_it)))

    def _put(self, state: State, history: History) -> None:
        self.now = Now(state, history)
        self.tell()


def _read(tx: Transaction, position: LogPosition) -> State:
    flags, segments = read_flags(tx, read_segments(tx))
    return State(position, flags, segments, read_revisions(tx))


def _subjects(batch: Sequence[LogEvent]) -> tuple[dict[str, int], dict[int, int], bool]:
    """The flags and the segments that events are about, each with the last of these events; and whether one is about
    something else."""
    flags: dict[str, int] = {}
    segment_ids: dict[int, int] = {}
    for event in batch:
        kind, _, path = event.subject.partition("/")
        if kind == "flag":
            flags[path.partition("/")[0]] = event.id
        elif kind == "segment":
            segment_ids[int(path)] = event.id
        else:
            return {}, {}, True
    return flags, segment_ids, False


def _changed(
    tx: Transaction,
    old: State,
    flags: set[str],
    segment_ids: set[int],
    batch: Sequence[LogEvent],
    position: LogPosition,
) -> tuple[State, set[str]]:
    """The state with what these events are about, and the names of the flags that were read again."""
    segments = old.segments
    if segment_ids:
        kept = {id_: segment for id_, segment in segments.items() if id_ not in segment_ids}
        segments = kept | read_segments(tx, segment_ids)
        flags = flags | {name for name, flag in old.flags.items() if flag.uses(segment_ids)}
    found, segments = read_flags(tx, segments, flags) if flags else ({}, segments)
    # Copied as a whole: to ask of each of ten thousand flags whether it stays takes much longer.
    left = dict(old.flags)
    for name in flags:
        left.pop(name, None)
    revisions = {**old.revisions, **{event.environment: event.id for event in batch}}
    return State(position, left | found, segments, revisions), flags


def _step(
    old: State,
    new: State,
    read_again: AbstractSet[str],
    flags: Mapping[str, int],
    segment_ids: Mapping[int, int],
    batch: Sequence[LogEvent],
    *,
    whole: bool,
) -> Step:
    """From `old` to `new`. A flag is touched by its own events, and when what is sent of it differs."""
    last = batch[-1].id
    projects: defaultdict[str, set[str]] = defaultdict(set)
    for event in batch:
        if event.feature_name is not None and event.project is not None:
            projects[event.feature_name].add(event.project)
    about_segments = max(segment_ids.values(), default=0)
    names = {name for name in read_again if old.flags.get(name) is not new.flags.get(name)}
    touched = {}
    for name in names | flags.keys():
        before, after = old.flags.get(name), new.flags.get(name)
        if whole and before == after:
            continue
        event_id = flags.get(name, last if whole or not segment_ids else 0)
        if any(flag is not None and flag.uses(set(segment_ids)) for flag in (before, after)):
            event_id = max(event_id, about_segments)
        touched[name] = TouchedFlag(before, event_id or last, frozenset(projects[name]))
    segments = dict(segment_ids)
    for id_ in old.segments.keys() | new.segments.keys():
        if old.segments.get(id_) != new.segments.get(id_):
            segments.setdefault(id_, last)
    return Step(start=old.position.last_id, end=last, flags=touched, segments=segments, whole=whole)
