"""All flags in memory, as they are when somebody asks: what has happened since the last time is read from the log.

So there is no server on which a flag is found later than it was made, and one on which nobody searches keeps nothing.
"""

import threading
import time
from collections.abc import Mapping, Set
from typing import TypeVar

from msgspec.structs import replace
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.catalogue.event import Reach
from flagkeeper.eventlog.read import LogPosition, log_position
from flagkeeper.eventlog.tables import events
from flagkeeper.readmodels.feature_search.rows import read_known, read_usage, read_usage_of
from flagkeeper.readmodels.feature_search.state import NOTHING, Flags, Usage
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

T = TypeVar("T")

USAGE_FOR = 5.0
"""Seconds for which what is known of usage is good enough: servers write it that often."""
MOST_EVENTS = 5_000
"""Above so many, all flags are read anew."""

_HAPPENED = Query(
    select(events.c.id, events.c.subject, events.c.reach)
    .where(events.c.id > bindparam("after"), events.c.id <= bindparam("last"))
    .order_by(events.c.id)
    .limit(MOST_EVENTS + 1),
    columns,
)


class FlagMemory:
    """Used by the threads that read."""

    def __init__(self) -> None:
        self._flags = NOTHING
        self._usage_until = 0.0
        self._seen_since = 0
        self._lock = threading.Lock()

    def current(self, tx: Transaction) -> Flags:
        """All flags, at least as new as `tx`."""
        position = log_position(tx)
        with self._lock:
            self._follow(tx, position)
            self._look_at_usage(tx)
            return self._flags

    def _follow(self, tx: Transaction, position: LogPosition) -> None:
        old = self._flags
        if old.position.epoch == position.epoch and old.position.last_id >= position.last_id:
            return
        names = _changed(tx, old.position, position)
        if names is None:
            self._flags = old.moved(position, dict(sorted(read_known(tx).items())), old.usage)
            self._usage_until = 0.0
            self._seen_since = 0
        elif names:
            known = _again(old.known, names, read_known(tx, names))
            if known.keys() - old.known.keys():
                known = {name: known[name] for name in sorted(known)}
            self._flags = old.moved(position, known, _usage_again(old.usage, names, read_usage_of(tx, names)), names)
        else:
            self._flags = replace(old, position=position)

    def _look_at_usage(self, tx: Transaction) -> None:
        now = time.monotonic()
        if now < self._usage_until:
            return
        old, found = self._flags, read_usage(tx, self._seen_since)
        if self._seen_since == 0:
            self._flags = old.moved(old.position, old.known, found)
        else:
            changed = found.moments.keys() | (old.usage.potentially_stale ^ found.potentially_stale)
            self._flags = old.moved(old.position, old.known, _joined(old.usage, found), changed)
        self._seen_since = max(self._flags.usage.last_seen.values(), default=0)
        self._usage_until = now + USAGE_FOR


def _changed(tx: Transaction, old: LogPosition, new: LogPosition) -> set[str] | None:
    """The flags that the events between two positions are about; None: some are about more, or are in the database no
    more, or there are too many."""
    missing = new.last_id - old.last_id
    if old.epoch != new.epoch or missing > MOST_EVENTS:
        return None
    rows = tx.all(_HAPPENED, after=old.last_id, last=new.last_id)
    if len(rows) != missing:
        return None
    names = set()
    for _, subject, reach in rows:
        kind, _, path = subject.partition("/")
        if kind == "flag":
            names.add(path.partition("/")[0])
        elif reach == Reach.CLIENTS and kind != "segment":
            return None
    return names


def _usage_again(old: Usage, names: Set[str], found: Usage) -> Usage:
    """What was known of usage, with what is found of some flags in the place of all that was known of these."""
    return Usage(
        _again(old.last_seen, names, found.last_seen),
        _again(old.moments, names, found.moments),
        (old.potentially_stale - names) | found.potentially_stale,
    )


def _again(old: Mapping[str, T], names: Set[str], found: Mapping[str, T]) -> dict[str, T]:
    """A copy with what is found of some flags, in their places. Copied whole, which takes a fraction of a millisecond,
    so that whoever looks at the old one may go on."""
    new = dict(old)
    new.update(found)
    for gone in names - found.keys():
        new.pop(gone, None)
    return new


def _joined(old: Usage, found: Usage) -> Usage:
    return Usage({**old.last_seen, **found.last_seen}, {**old.moments, **found.moments}, found.potentially_stale)
