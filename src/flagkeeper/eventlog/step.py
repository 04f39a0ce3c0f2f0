"""Steps: changes as values. A route runs one at once, a change request stores several, a schedule runs them later, and
a revert computes them (`keeper`)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.port import Port

P = TypeVar("P", bound=msgspec.Struct)
T = TypeVar("T")


class Demand(msgspec.Struct, frozen=True):
    """A permission that somebody needs; None: in every project, in every environment."""

    permission: str
    project: str | None = None
    environment: str | None = None


class Ports(Protocol):
    """What commands ask higher slices."""

    def answer(self, port: Port[T]) -> T: ...


class Op(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """An operation that can be asked for as a step."""

    name: str
    """`segment.update`. Never changes: steps are stored."""
    payload: type[P]
    """Everything that it takes, as JSON can hold it."""
    run: Callable[[Unit, P, Ports], Any]
    """The ordinary command. Raises what that raises."""
    demands: Callable[[P], tuple[tuple[Demand, ...], ...]]
    """What permits it: all of these, each of which is fulfilled by any one of its demands. None: everybody may."""
    operation: str
    """The route that does the same, by its `operationId`."""


class Step(msgspec.Struct, frozen=True):
    """An operation with what it takes."""

    op: str
    payload: msgspec.Struct


class StoredStep(msgspec.Struct, frozen=True):
    """A step as JSON."""

    op: str
    payload: msgspec.Raw


class Ops:
    """Every operation that there is, by name.

    Raises:
        TypeError: two have one name.
    """

    def __init__(self, ops: Iterable[Op[Any]]) -> None:
        self._ops: dict[str, Op[Any]] = {}
        for op in ops:
            if op.name in self._ops:
                raise TypeError(f"there are two operations called {op.name}")
            self._ops[op.name] = op

    def __iter__(self) -> Iterator[Op[Any]]:
        return iter(self._ops.values())

    def run(self, unit: Unit, step: Step, ports: Ports) -> Any:
        """Raises what the command raises."""
        return self._ops[step.op].run(unit, step.payload, ports)

    def demands(self, step: Step) -> tuple[tuple[Demand, ...], ...]:
        """What permits a step: all of these, each by any one of its demands."""
        return self._ops[step.op].demands(step.payload)

    def encode(self, step: Step) -> bytes:
        return msgspec.json.encode(step)

    def decode(self, stored: bytes) -> Step:
        """Raises `BadData`: there is no such operation, or it takes something else."""
        try:
            found = msgspec.json.decode(stored, type=StoredStep)
            op = self._ops.get(found.op)
            if op is None:
                message = f"There is no operation called {found.op!r}."
                raise BadData(message, Detail(message, "/body/op"))
            return Step(found.op, msgspec.json.decode(found.payload, type=op.payload))
        except msgspec.MsgspecError as error:
            raise BadData(f"This is no step: {error}") from error
