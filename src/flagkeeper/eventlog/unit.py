"""Units of work: how every change is made. See `README.md` for what they guarantee."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec

from flagkeeper.eventlog.append import Draft, append
from flagkeeper.eventlog.bell import Bell
from flagkeeper.eventlog.catalogue.event import Event, Tag
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.errors import LimitExceeded, SilentChange
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.kernel.limits import Limits
from flagkeeper.storage.database import Database
from flagkeeper.storage.transaction import Transaction
from flagkeeper.storage.writer import Work, Writer

P = ParamSpec("P")
R = TypeVar("R")

LARGEST_UNIT = 500
"""Events in one unit. Above it, everybody else waits too long for the log: split the work (`Units.run_chunks`)."""

DEFAULT_LIMITS = Limits()

_encode = msgspec.json.Encoder().encode


class TagSource(Protocol):
    """Knows the tags of flags, for events that do not bring their own (facts: events.md, section 2, rule 3)."""

    def __call__(self, tx: Transaction, flags: list[str]) -> Mapping[str, tuple[Tag, ...]]: ...


class Unit:
    """What a command works with: the transaction, the actor, the moment, and the events recorded so far."""

    def __init__(
        self, tx: Transaction, actor: Actor, group_id: str, now: clock.Millis, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.tx = tx
        self.actor = actor
        self.now = now
        self.limits = limits
        self._group_id = group_id
        self._recorded: list[tuple[Event, Draft]] = []
        self._silent: set[str] = set()

    def record(self, event: Event, version: Snapshot | None = None) -> None:
        """Puts `event` into the log, together with the state of its subject after the change.

        Raises:
            SilentChange: for an event whose `data` equals its `pre_data`: nothing changed, so nothing may be recorded.
        """
        if event.data is not None and event.data == event.pre_data:
            raise SilentChange(f"{event.about.type} says that nothing changed: decide before recording")
        about = event.about
        row = {
            "type": about.type,
            "created_by": self.actor.name,
            "created_by_user_id": self.actor.user_id,
            "project": event.project,
            "environment": event.environment,
            "feature_name": event.feature_name,
            "data": None if event.data is None else _encode(event.data).decode(),
            "pre_data": None if event.pre_data is None else _encode(event.pre_data).decode(),
            "tags": "[]" if event.tags is None else _encode(event.tags).decode(),
            "label": about.label,
            "summary": event.summary(self.actor.name),
            "ip": self.actor.ip,
            "group_type": "transaction",
            "group_id": self._group_id,
            "subject": event.subject(),
            "reach": int(about.reach),
        }
        kept = None
        if version is not None:
            kept = {"kind": version.kind, "schema": version.schema, "state": version.pack()}
        self._recorded.append((event, Draft(row, kept)))

    def silent(self, subject: str, reason: str) -> None:
        """Allows a change of `subject` (a path, or one above it) without an event; `reason` is for the reader."""
        if not reason:
            raise ValueError("a silent change needs a reason")
        self._silent.add(subject)

    def drafts(self, tags_of: TagSource) -> list[Draft]:
        """What has been recorded, complete and checked.

        Raises:
            SilentChange: an audited subject was written and no event covers it.
        """
        self._demand_events()
        untagged = sorted(
            {event.feature_name for event, _ in self._recorded if event.feature_name and event.tags is None}
        )
        if untagged:
            tags = tags_of(self.tx, untagged)
            for event, draft in self._recorded:
                if event.tags is None and event.feature_name and (own := tags.get(event.feature_name)):
                    draft.row["tags"] = _encode(own).decode()
        return [draft for _, draft in self._recorded]

    def _demand_events(self) -> None:
        if not self.tx.touched:
            return
        covered = {draft.row["subject"] for _, draft in self._recorded} | self._silent
        for subject in self.tx.touched:
            path = subject
            while path not in covered:
                path, slash, _ = path.rpartition("/")
                if not slash:
                    raise SilentChange(f"{subject} was changed, and no event says so")


class _UnitWork:
    """A command waiting for the writer."""

    def __init__(
        self, command: Callable[[Unit], Any], actor: Actor, group_id: str, tags_of: TagSource, limits: Limits
    ) -> None:
        self._command = command
        self._actor = actor
        self._group_id = group_id
        self._tags_of = tags_of
        self._limits = limits
        self.drafts: list[Draft] = []

    def run(self, tx: Transaction) -> Any:
        unit = Unit(tx, self._actor, self._group_id, clock.now(), self._limits)
        result = self._command(unit)
        self.drafts = unit.drafts(self._tags_of)
        if len(self.drafts) > LARGEST_UNIT:
            raise LimitExceeded(
                f"This would record {len(self.drafts)} events at once; at most {LARGEST_UNIT} are allowed. Split it."
            )
        return result


def _swap(command: Callable[[Unit, Sequence[Any]], Any], items: Sequence[Any], unit: Unit) -> Any:
    return command(unit, items)


class Units:
    """Runs commands as units of work on the one writer."""

    def __init__(self, database: Database, bell: Bell, tags_of: TagSource, limits: Limits = DEFAULT_LIMITS) -> None:
        self._bell = bell
        self._tags_of = tags_of
        self._limits = limits
        self.writer = Writer(database, self._seal)

    async def run(
        self, actor: Actor, command: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Runs `command(unit, ...)` and returns its result once everything it did is committed.

        Raises:
            FlagkeeperError: what the command raised; then nothing of it was stored.
        """
        return await asyncio.wrap_future(self.submit(actor, command, *args, **kwargs))

    def run_now(self, actor: Actor, command: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same, blocking, for callers without an event loop (the command line)."""
        return self.submit(actor, command, *args, **kwargs).result()

    def submit(
        self, actor: Actor, command: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> Future[R]:
        """Hands the command to the writer; the future is resolved after the commit."""
        return self._submit(actor, new_ulid(), lambda unit: command(unit, *args, **kwargs))

    async def run_chunks(
        self, actor: Actor, command: Callable[[Unit, Sequence[Any]], Any], items: Sequence[Any], size: int = 100
    ) -> None:
        """Runs `command(unit, some items)` for all items, at most `size` at a time, as units of one group: other
        changes get their turn in between. What was done stays done when a later chunk fails; running the same items
        again must be harmless."""
        group_id = new_ulid()
        for start in range(0, len(items), size):
            chunk = items[start : start + size]
            await asyncio.wrap_future(self._submit(actor, group_id, partial(_swap, command, chunk)))

    def _submit(self, actor: Actor, group_id: str, command: Callable[[Unit], R]) -> Future[R]:
        return self.writer.submit(_UnitWork(command, actor, group_id, self._tags_of, self._limits))

    def _seal(self, tx: Transaction, batch: Sequence[Work]) -> Callable[[], None]:
        drafts = [draft for work in batch if isinstance(work, _UnitWork) for draft in work.drafts]
        if not drafts:
            return lambda: None
        head = append(tx, drafts, clock.now())
        return lambda: self._bell.ring(head.last_id)
