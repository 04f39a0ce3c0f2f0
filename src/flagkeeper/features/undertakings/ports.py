"""What slices ask for to have something done piece by piece."""

from typing import Protocol, runtime_checkable

from flagkeeper.eventlog.step import Step
from flagkeeper.eventlog.unit import Units
from flagkeeper.kernel.actor import Actor


@runtime_checkable
class Undertaker(Protocol):
    """Handlers get it as `undertakings`."""

    async def carry_out(self, units: Units, actor: Actor, subject: str, step: Step) -> None:
        """Does a step piece by piece, and returns when all is done. All its events are of one group. `units` have the
        context of whoever asked.

        Raises:
            FlagkeeperError: what the first piece raises; then nothing was done.
            Conflict: a change of this subject is under way, or a later piece could not be done. What was done stays.
        """
        ...
