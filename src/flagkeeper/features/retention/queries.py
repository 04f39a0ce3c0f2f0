"""The state of the archive, holds and pseudonyms."""

import msgspec

from flagkeeper.eventlog.archive import live, pseudonyms, store
from flagkeeper.eventlog.archive.pseudonyms import Pseudonym
from flagkeeper.eventlog.archive.segment import Segment
from flagkeeper.eventlog.archive.store import Hold, LastRun
from flagkeeper.eventlog.read import log_position
from flagkeeper.storage.transaction import Transaction


class ArchiveState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the events are."""

    segments: list[Segment]
    first_live: int | None
    """The oldest event in the database."""
    last_id: int
    last_run: LastRun | None
    holds: list[Hold]


def archive_state(tx: Transaction) -> ArchiveState:
    return ArchiveState(
        segments=store.segments(tx),
        first_live=live.first_id(tx),
        last_id=log_position(tx).last_id,
        last_run=store.last_run(tx),
        holds=store.holds(tx),
    )


def holds(tx: Transaction) -> list[Hold]:
    return store.holds(tx)


def all_pseudonyms(tx: Transaction) -> list[Pseudonym]:
    return pseudonyms.all_pseudonyms(tx)


def unfinished(tx: Transaction) -> list[Pseudonym]:
    return pseudonyms.unfinished(tx)
