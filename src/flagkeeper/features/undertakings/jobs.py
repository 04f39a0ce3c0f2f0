"""Carries undertakings out; what one server leaves unfinished, another goes on with."""

from collections.abc import Iterable
from typing import Any

import structlog

from flagkeeper.eventlog.step import Op, Ops, Ports, Step
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.features.undertakings import commands, queries
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import Origin, OriginKind
from flagkeeper.kernel.errors import Conflict, FlagkeeperError, Unavailable
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage.reader import Reader

GO_ON_EVERY = 10.0
"""Seconds."""
ABANDONED = 10 * clock.SECOND
"""After so long, one that nobody goes on with is taken over. It is harmless when its server was only slow."""

log = structlog.get_logger("flagkeeper.undertakings")


class Undertakings:
    """A part of every server.

    Args:
        units: for what goes on without the request that began it.
        ops: what can be undertaken. Each operation does one bounded piece and returns the step that does the rest, or
            None when nothing is left (`model.Left`).
    """

    def __init__(self, units: Units, reader: Reader, ports: Ports, ops: Iterable[Op[Any]]) -> None:
        self._units = units
        self._reader = reader
        self._ports = ports
        self._ops = Ops(ops)

    async def carry_out(self, units: Units, actor: Actor, subject: str, step: Step) -> None:
        """As `ports.Undertaker` says."""
        origin = Origin(OriginKind.DIRECT, new_ulid())
        bound = units.as_part_of(origin)
        if not await bound.run(actor, commands.begin, subject, self._ops.encode(step), self._do):
            return
        problem = await self._do_rest(bound, actor, subject, origin.group_id)
        if problem is not None:
            raise Conflict(f"This ended halfway: {problem} What was done until then stays. Look again, then retry.")

    async def go_on(self) -> None:
        """Goes on with those that a server left unfinished; to be run every few seconds."""
        for each in await self._reader.run(queries.left_unfinished, ABANDONED):
            units = self._units.within(each.context)
            problem = await self._do_rest(units, each.actor, each.subject, each.context.origin.group_id)
            if problem is not None:
                log.warning("undertaking_given_up", subject=each.subject, pieces=each.done, problem=problem)

    async def _do_rest(self, units: Units, actor: Actor, subject: str, group_id: str | None) -> str | None:
        """Does piece after piece until none is left; others may do so at the same time. What stood in the way of one,
        if something did."""
        try:
            while await units.run(actor, commands.go_on, subject, group_id, self._do):
                pass
        except Unavailable:
            raise
        except FlagkeeperError as error:
            await units.run(actor, commands.give_up, subject, group_id)
            return error.message
        return None

    def _do(self, unit: Unit, step: bytes) -> bytes | None:
        left: Step | None = self._ops.run(unit, self._ops.decode(step), self._ports)
        return None if left is None else self._ops.encode(left)
