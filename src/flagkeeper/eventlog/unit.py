"""Units of work: how every change is made. See `README.md` for what they guarantee."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from types import MappingProxyType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

import msgspec

from flagkeeper.eventlog.append import Draft, LogEnd, append, is_stored, lock
from flagkeeper.eventlog.catalogue.event import Event, Tag
from flagkeeper.eventlog.log_signal import LogSignal
from flagkeeper.eventlog.more import more_of
from flagkeeper.eventlog.read import EventRow
from flagkeeper.eventlog.version import State, StoredVersion, stored
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import NO_CONTEXT, ChangeContext, Origin
from flagkeeper.kernel.errors import LimitExceeded, SilentChange
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.kernel.limits import Limits
from flagkeeper.storage.database import Database
from flagkeeper.storage.transaction import Transaction
from flagkeeper.storage.waiting import Work
from flagkeeper.storage.writer import Writer

P = ParamSpec("P")
R = TypeVar("R")

LARGEST_UNIT = 500
"""Events in one unit. Above it, everybody else waits too long for the log: split the work (`Units.run_chunks`)."""

DEFAULT_LIMITS = Limits()

_NOTHING: Mapping[str, State] = MappingProxyType({})

_encode = msgspec.json.Encoder().encode


class TagSource(Protocol):
    """Knows the tags of flags, for events that do not bring their own."""

    def __call__(self, tx: Transaction, flags: list[str]) -> Mapping[str, tuple[Tag, ...]]: ...


class Receipt(msgspec.Struct, frozen=True):
    """What a commit has recorded of one unit: events whose ids have no gap, and of which types they are."""

    first_id: int
    last_id: int
    types: frozenset[str]


class Unit:
    """What a command works with: the transaction, the actor, the moment, the context, and the events so far."""

    def __init__(
        self,
        tx: Transaction,
        actor: Actor,
        group_id: str,
        now: clock.Millis,
        limits: Limits = DEFAULT_LIMITS,
        context: ChangeContext = NO_CONTEXT,
    ) -> None:
        self.tx = tx
        self.actor = actor
        self.now = now
        self.limits = limits
        self.context = context
        self._more = more_of(actor, context).text()
        self._group_id = group_id
        self._recorded: list[tuple[Event, Draft]] = []
        self._silent: set[str] = set()

    def record(self, event: Event, version: State | None = None, *, also: Mapping[str, State] = _NOTHING) -> None:
        """Puts `event` into the log, together with the state of its subject after the change, and with the states of
        other subjects that the change touched, by path. Every audited subject that a unit touches needs a version.

        Raises:
            SilentChange: for an event whose `data` equals its `pre_data`: nothing changed, so nothing may be recorded.
            LimitExceeded: the unit has as many events as it may have.
        """
        if len(self._recorded) == LARGEST_UNIT:
            raise LimitExceeded(f"This would record more than {LARGEST_UNIT} events at once. Split it.")
        if event.data is not None and event.data == event.pre_data:
            raise SilentChange(f"{event.about.type} says that nothing changed: decide before recording")
        about, subject = event.about, event.subject()
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
            "group_type": self.context.origin.kind,
            "group_id": self._group_id,
            "subject": subject,
            "reach": int(about.reach),
            "more": self._more,
        }
        states = dict(also) if version is None else {subject: version, **also}
        self._recorded.append((event, Draft(row, tuple(stored(path, state) for path, state in states.items()))))

    def silent(self, subject: str, reason: str) -> None:
        """Allows a change of `subject` (a path, or one above it) without an event; `reason` is for the reader."""
        if not reason:
            raise ValueError("a silent change needs a reason")
        self._silent.add(subject)

    def drafts(self, tags_of: TagSource) -> list[Draft]:
        """What has been recorded, complete and checked.

        Raises:
            SilentChange: an audited subject was written, and no event has its version.
        """
        self._demand_versions()
        untagged = sorted(
            {event.feature_name for event, _ in self._recorded if event.feature_name and event.tags is None}
        )
        if untagged:
            tags = tags_of(self.tx, untagged)
            for event, draft in self._recorded:
                if event.tags is None and event.feature_name and (own := tags.get(event.feature_name)):
                    draft.row["tags"] = _encode(own).decode()
        return [draft for _, draft in self._recorded]

    def _demand_versions(self) -> None:
        versioned = {each.path for _, draft in self._recorded for each in draft.versions}
        for subject in sorted(self.tx.touched - versioned):
            if not any(subject == path or subject.startswith(f"{path}/") for path in self._silent):
                raise SilentChange(f"{subject} was changed, and no event says how it is now")


class Rehearsal(msgspec.Struct, Generic[R], frozen=True):
    """What a command would do. Its ids and random names are its own; nothing of it is stored."""

    result: R
    events: list[EventRow]
    """In order. They have no ids yet, and the time of the rehearsal."""
    versions: dict[str, StoredVersion]
    """The state in which it would leave each subject, by path."""


class _Rehearsed(Exception):
    """Ends a rehearsal: the writer undoes what a unit did that raises."""

    def __init__(self, rehearsal: Rehearsal[Any]) -> None:
        self.rehearsal = rehearsal


class _UnitWork:
    """A command waiting for the writer."""

    def __init__(
        self,
        command: Callable[[Unit], Any],
        actor: Actor,
        group_id: str,
        tags_of: TagSource,
        limits: Limits,
        context: ChangeContext,
    ) -> None:
        self._command = command
        self._actor = actor
        self.group_id = group_id
        self._tags_of = tags_of
        self._limits = limits
        self._context = context
        self.drafts: list[Draft] = []

    def run(self, tx: Transaction, now: clock.Millis) -> Any:
        unit = Unit(tx, self._actor, self.group_id, now, self._limits, self._context)
        result = self._command(unit)
        self.drafts = unit.drafts(self._tags_of)
        return result

    @property
    def receipt(self) -> Receipt | None:
        """What was recorded, once it is committed. None: nothing."""
        rows = [draft.row for draft in self.drafts]
        return Receipt(rows[0]["id"], rows[-1]["id"], frozenset(row["type"] for row in rows)) if rows else None


class _RehearsedWork(_UnitWork):
    def run(self, tx: Transaction, now: clock.Millis) -> Any:
        result = super().run(tx, now)
        names = EventRow.__struct_fields__[3:]  # after id, type and time
        events = [EventRow(0, draft.row["type"], now, *(draft.row[name] for name in names)) for draft in self.drafts]
        versions = {version.path: version for draft in self.drafts for version in draft.versions}
        raise _Rehearsed(Rehearsal(result, events, versions))


class _LogBatch:
    """The units of one commit: the log is locked before the first of them, and gets all their events after the last."""

    def __init__(self, log_signal: LogSignal) -> None:
        self._log_signal = log_signal
        self._head = LogEnd(0, 0)
        self._newest: Draft | None = None
        """The last event of the batch."""

    def open(self, tx: Transaction) -> clock.Millis:
        self._head = lock(tx)
        return self._head.now

    def seal(self, tx: Transaction, done: Sequence[Work]) -> None:
        drafts = [draft for work in done if isinstance(work, _UnitWork) for draft in work.drafts]
        if drafts:
            append(tx, drafts, self._head)
            self._newest = drafts[-1]

    def is_stored(self, tx: Transaction) -> bool | None:
        return is_stored(tx, self._newest) if self._newest else None

    def committed(self) -> None:
        if self._newest:
            self._log_signal.notify(self._newest.row["id"])


def _swap(command: Callable[[Unit, Sequence[Any]], Any], items: Sequence[Any], unit: Unit) -> Any:
    return command(unit, items)


class Units:
    """Runs commands as units of work on the one writer."""

    def __init__(
        self, database: Database, log_signal: LogSignal, tags_of: TagSource, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self._tags_of = tags_of
        self._limits = limits
        self._context = NO_CONTEXT
        self._receipts: list[Receipt] | None = None
        self._seen: Callable[[Receipt], Awaitable[None]] | None = None
        self.writer = Writer(database, partial(_LogBatch, log_signal))

    def within(
        self,
        context: ChangeContext,
        receipts: list[Receipt] | None = None,
        seen: Callable[[Receipt], Awaitable[None]] | None = None,
    ) -> "Units":
        """The same, for changes that have a context. Each receipt of `run` and `run_chunks` is added to `receipts`, and
        then they wait until it is `seen` by those who must know of a change before the one who asked for it."""
        return self._with(_context=context, _receipts=receipts, _seen=seen)

    def as_part_of(self, origin: Origin, *, told: bool = True) -> "Units":
        """The same, for changes that are part of something larger. Without `told`, its receipts are not added to those
        of the request: there are too many."""
        receipts = self._receipts if told or self._receipts is None else []
        return self._with(_context=msgspec.structs.replace(self._context, origin=origin), _receipts=receipts)

    def _with(self, **changed: Any) -> "Units":
        """A copy. Every request makes one, and `copy.copy` takes ten times as long."""
        bound = object.__new__(Units)
        vars(bound).update(vars(self), **changed)
        return bound

    @property
    def limits(self) -> Limits:
        return self._limits

    async def run(
        self, actor: Actor, command: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Runs `command(unit, ...)` and returns its result once everything it did is committed.

        Raises:
            FlagkeeperError: what the command raised; then nothing of it was stored.
        """
        result: R = await self._run(self._work(actor, lambda unit: command(unit, *args, **kwargs)))
        return result

    def run_now(self, actor: Actor, command: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same, blocking, for callers without an event loop (the command line)."""
        return self.submit(actor, command, *args, **kwargs).result()

    def submit(
        self, actor: Actor, command: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> Future[R]:
        """Hands the command to the writer; the future is resolved after the commit."""
        return self.writer.submit(self._work(actor, lambda unit: command(unit, *args, **kwargs)))

    async def run_chunks(
        self, actor: Actor, command: Callable[[Unit, Sequence[Any]], Any], items: Sequence[Any], size: int = 100
    ) -> None:
        """Runs `command(unit, some items)` for all items, at most `size` at a time, as units of one group: other
        changes get their turn in between. What was done stays done when a later chunk fails; running the same items
        again must be harmless."""
        group_id = new_ulid()
        for start in range(0, len(items), size):
            chunk = items[start : start + size]
            await self._run(self._work(actor, partial(_swap, command, chunk), group_id))

    async def rehearse(
        self, actor: Actor, command: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> Rehearsal[R]:
        """Runs `command(unit, ...)`, undoes all of it, and returns what it would have come to. It takes its place among
        the changes of others, so what it says is true at that moment.

        Raises:
            FlagkeeperError: what the command raised.
        """
        work = _RehearsedWork(
            lambda unit: command(unit, *args, **kwargs), actor, new_ulid(), self._tags_of, self._limits, self._context
        )
        try:
            await self.writer.run(work)
        except _Rehearsed as ended:
            return ended.rehearsal
        raise AssertionError("a rehearsal is never stored")

    def _work(self, actor: Actor, command: Callable[[Unit], Any], group_id: str | None = None) -> _UnitWork:
        group_id = self._context.origin.group_id or group_id or new_ulid()
        return _UnitWork(command, actor, group_id, self._tags_of, self._limits, self._context)

    async def _run(self, work: _UnitWork) -> Any:
        result = await self.writer.run(work)
        if self._receipts is not None and (receipt := work.receipt) is not None:
            self._receipts.append(receipt)
            if self._seen is not None:
                await self._seen(receipt)
        return result
