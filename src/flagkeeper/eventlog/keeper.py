"""Keepers: for each kind of subject, how its state is read, what it refers to, and which steps lead to another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from flagkeeper.eventlog.step import Step
from flagkeeper.eventlog.version import Snapshot, StoredVersion
from flagkeeper.storage.transaction import Transaction

S = TypeVar("S", bound=Snapshot)


class Keeper(Protocol[S]):
    """Of one kind of subject."""

    @property
    def pattern(self) -> str:
        """The paths of its subjects, `flag/{feature_name}/{environment}`; the last name may contain slashes."""
        ...

    @property
    def state(self) -> type[S]:
        """A complete state, without secrets: what restoring takes."""
        ...

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, S]:
        """The states of these subjects now, by path; those that are not there are left out. It equals the version that
        the last event recorded."""
        ...

    def refers(self, path: str, state: S) -> Iterable[str]:
        """The paths of the subjects that must be there for this state of the subject `path`."""
        ...

    def steps(self, path: str, now: S | None, then: S | None) -> list[Step]:
        """The steps that lead from the state `now` to `then` (None: there is no such subject). Pure.

        Raises:
            InvalidOperation: no operation leads there; the message says why.
        """
        ...


class Keepers:
    """Every keeper, by the kind of subject.

    Raises:
        TypeError: two keep one kind, or subjects of one pattern.
    """

    def __init__(self, keepers: Iterable[Keeper[Any]]) -> None:
        self._by_kind: dict[str, Keeper[Any]] = {}
        self._by_shape: dict[tuple[str, int], Keeper[Any]] = {}
        for keeper in keepers:
            kind, shape = keeper.state.kind, _shape(keeper.pattern)
            if kind in self._by_kind or shape in self._by_shape:
                raise TypeError(f"there are two keepers of {kind}, or of {keeper.pattern}")
            self._by_kind[kind] = self._by_shape[shape] = keeper

    def __iter__(self) -> Iterator[Keeper[Any]]:
        return iter(self._by_kind.values())

    def of_kind(self, kind: str) -> Keeper[Any]:
        """Raises `KeyError`."""
        return self._by_kind[kind]

    def of_path(self, path: str) -> Keeper[Any]:
        """Raises `KeyError` when nobody keeps such a subject."""
        head, *rest = path.split("/")
        for depth in range(len(rest), 0, -1):
            if keeper := self._by_shape.get((head, depth)):
                return keeper
        raise KeyError(path)

    def state(self, version: StoredVersion) -> Snapshot | None:
        """A stored version in today's shape; None when the subject was gone."""
        found: Snapshot | None = self._by_kind[version.kind].state.unpack(version.schema, version.state)
        return found


def names(path: str, number: int) -> tuple[str, ...]:
    """The names in a path after its kind, `number` of them; the last one may contain slashes."""
    return tuple(path.split("/", number)[1:])


def _shape(pattern: str) -> tuple[str, int]:
    head, *rest = pattern.split("/")
    return head, len(rest)
