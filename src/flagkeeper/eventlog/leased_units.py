"""Units of work that rely on a lease."""

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from flagkeeper.eventlog.lease_holder import LeaseHolder
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel.actor import Actor

P = ParamSpec("P")
R = TypeVar("R")


class UnitRunner(Protocol):
    """Runs commands as units of work: `Units`, or something that adds to each of them."""

    async def run(
        self, actor: Actor, command: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R: ...

    async def run_chunks(
        self, actor: Actor, command: Callable[[Unit, Sequence[Any]], Any], items: Sequence[Any], size: int = 100
    ) -> None: ...


class LeasedUnits:
    """Each unit confirms the lease in its own transaction: a process that stood still for longer than its lease writes
    nothing. Commands are run with `LeaseLost` raised instead, then."""

    def __init__(self, units: Units, holder: LeaseHolder) -> None:
        self._units = units
        self._holder = holder

    async def run(
        self, actor: Actor, command: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        def held(unit: Unit) -> R:
            self._holder.confirm(unit)
            return command(unit, *args, **kwargs)

        return await self._units.run(actor, held)

    async def run_chunks(
        self, actor: Actor, command: Callable[[Unit, Sequence[Any]], Any], items: Sequence[Any], size: int = 100
    ) -> None:
        def held(unit: Unit, some: Sequence[Any]) -> Any:
            self._holder.confirm(unit)
            return command(unit, some)

        await self._units.run_chunks(actor, held, items, size)
