"""Archive, holds and pseudonyms on the wire."""

import msgspec

from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.archive.pseudonyms import Pseudonym
from flagkeeper.eventlog.archive.segment import Segment
from flagkeeper.eventlog.archive.store import Hold, LastRun
from flagkeeper.features.retention.model import Person
from flagkeeper.features.retention.queries import ArchiveState
from flagkeeper.kernel import clock


class SegmentOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A file of contiguous events."""

    first_id: int
    last_id: int
    first_at: clock.Iso
    last_at: clock.Iso
    events: int
    size: int
    """In bytes."""
    sha256: str
    file: str


class RunOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    started_at: clock.Iso
    finished_at: clock.Iso | None
    """Null: it is under way, or was cut off."""
    segments: int
    events: int
    error: str | None


class HoldOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    reason: str
    created_by: str
    created_at: clock.Iso


class PolicyOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How much of the log stays in the database; null: the rule is not set."""

    keep_days: int | None
    keep_events: int | None


class ArchiveOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the events are."""

    archive: str | None
    """Null: none is configured."""
    policy: PolicyOut
    last_id: int
    """The newest event."""
    first_in_database: int | None
    """The oldest event that is not archived. Null: all are."""
    archived_events: int
    size: int
    """Of all segments, in bytes."""
    segments: list[SegmentOut]
    last_run: RunOut | None
    holds: list[HoldOut]


class RunBegun(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the archive tells how it goes."""

    started: bool


class HoldBody(msgspec.Struct, frozen=True, kw_only=True):
    reason: str


class HoldList(msgspec.Struct, frozen=True, kw_only=True):
    holds: list[HoldOut]


class PersonBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who is to be forgotten: a deleted user, or an actor that never was a user."""

    user_id: int | None = None
    name: str | None = None

    def person(self) -> Person:
        return Person(user_id=self.user_id, name=self.name)


class PseudonymOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A pseudonym. Whom it stands for is said only by the id, where there is one."""

    pseudonym: str
    user_id: int | None
    events: int
    """Rewritten so far."""
    asked_at: clock.Iso
    finished_at: clock.Iso | None


class PseudonymList(msgspec.Struct, frozen=True, kw_only=True):
    pseudonyms: list[PseudonymOut]


def shown_state(state: ArchiveState, archive: str | None, policy: RetentionPolicy) -> ArchiveOut:
    return ArchiveOut(
        archive=archive,
        policy=PolicyOut(keep_days=policy.keep_days, keep_events=policy.keep_events),
        last_id=state.last_id,
        first_in_database=state.first_live,
        archived_events=state.last_id if state.first_live is None else state.first_live - 1,
        size=sum(segment.size for segment in state.segments),
        segments=[_shown_segment(segment) for segment in state.segments],
        last_run=_shown_run(state.last_run) if state.last_run else None,
        holds=[shown_hold(hold) for hold in state.holds],
    )


def shown_hold(hold: Hold) -> HoldOut:
    return HoldOut(id=hold.id, reason=hold.reason, created_by=hold.created_by, created_at=clock.to_iso(hold.created_at))


def shown_pseudonym(each: Pseudonym) -> PseudonymOut:
    return PseudonymOut(
        pseudonym=each.pseudonym,
        user_id=each.user_id,
        events=each.events,
        asked_at=clock.to_iso(each.asked_at),
        finished_at=clock.to_iso(each.finished_at) if each.finished_at is not None else None,
    )


def _shown_segment(segment: Segment) -> SegmentOut:
    return SegmentOut(
        first_id=segment.first_id,
        last_id=segment.last_id,
        first_at=clock.to_iso(segment.first_at),
        last_at=clock.to_iso(segment.last_at),
        events=segment.events,
        size=segment.size,
        sha256=segment.sha256,
        file=segment.file,
    )


def _shown_run(run: LastRun) -> RunOut:
    return RunOut(
        started_at=clock.to_iso(run.started_at),
        finished_at=clock.to_iso(run.finished_at) if run.finished_at is not None else None,
        segments=run.segments,
        events=run.events,
        error=run.error,
    )
