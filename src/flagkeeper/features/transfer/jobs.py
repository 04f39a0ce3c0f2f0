"""Imports: carried out as one change when they are small, and chunk by chunk when they are not, so that nobody waits
for them; what one server leaves unfinished, another goes on with."""

import asyncio
from collections.abc import Iterator, Sequence

from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.eventlog.step import Ports
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.transfer import commands, queries
from flagkeeper.features.transfer.model.batch import FlagsImport
from flagkeeper.features.transfer.model.document import read_document
from flagkeeper.features.transfer.model.file_order import FileOrder, demand_no_error, is_state, read_flags
from flagkeeper.features.transfer.model.run import Phase, Piece, Run, chunks_of
from flagkeeper.features.transfer.model.world import World
from flagkeeper.features.transfer.steps.batch import BatchPlan
from flagkeeper.features.transfer.steps.ops import OPS
from flagkeeper.features.transfer.steps.planning import Planned
from flagkeeper.features.transfer.steps.state import plan_state
from flagkeeper.kernel import clock, garbage
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.change_context import Origin, OriginKind
from flagkeeper.kernel.errors import Conflict, FlagkeeperError, Unavailable
from flagkeeper.kernel.existing import Existing
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.kernel.limits import Limits
from flagkeeper.kernel.progress import Progress, untold
from flagkeeper.kernel.rests import Rest, Rests
from flagkeeper.storage.reader import Reader

GO_ON_EVERY = 10.0
"""Seconds."""
ABANDONED = 10 * clock.SECOND
"""After so long, an import that nobody goes on with is taken over. It is harmless when its server was only slow."""
NEVER_WHOLE = 10 * 60 * clock.SECOND
"""After so long, one that was never put down whole is forgotten."""
KEPT = 24 * 3600 * clock.SECOND
"""How long one that has ended is remembered."""
PUT_DOWN = 500_000
"""Bytes of steps that are put down at once."""


class Imports:
    """Carries imports out; a part of every server.

    Args:
        units: for what goes on without the request that began it.
    """

    def __init__(self, units: Units, reader: Reader, ports: Ports) -> None:
        self._units = units
        self._reader = reader
        self._ports = ports

    async def import_state(
        self,
        units: Units,
        actor: Actor,
        text: bytes,
        existing: Existing,
        *,
        file_hash: str | None = None,
        progress: Progress = untold,
    ) -> None:
        """Imports a document of a state, and returns when it is done.

        `units` have the context of whoever asked. With `file_hash` a file is imported once: nothing happens when that
        was done.

        Raises:
            BadData: something is wrong with the document; `details` have all of it. Nothing was imported.
            Conflict: what it needed was changed meanwhile. What was done until then stays.
        """
        chunks = await self._plan(text, existing, units.limits)
        await self._carry_out(units, actor, chunks, OriginKind.IMPORT, file_hash, progress)

    async def import_file(self, order: FileOrder) -> None:
        """Imports a file at the start of a server, in the name of the system: once, however many servers start.

        Raises:
            BadData: it cannot be read, or what it says cannot be; `details` say why.
            NotFound: there is no such project or environment for its flags.
        """
        text = await asyncio.to_thread(order.read)
        file_hash = order.hash(text)
        if await self._reader.run(queries.import_of_file, file_hash):
            return
        if is_state(text):
            await self.import_state(self._units, SYSTEM, text, order.existing, file_hash=file_hash)
            return
        wanted = read_flags(text, order.project, order.environment)
        plan = await self.plan_flags(wanted, self._units.limits, EVERYTHING)
        demand_no_error(plan.errors)
        await self._carry_out(self._units, SYSTEM, await _chunks_of(plan), OriginKind.IMPORT, file_hash)

    async def plan_flags(self, wanted: FlagsImport, limits: Limits, visibility: Visibility) -> BatchPlan:
        """What an import of flags would do. Raises `NotFound`: there is no such project, somebody may not know of it,
        or it does not have the environment."""
        await self._reader.run(projects.demand_visible, wanted.project, visibility)
        await self._reader.run(projects.environment_of, wanted.project, wanted.environment)
        world = await self._reader.run(queries.world)
        return await asyncio.to_thread(BatchPlan, wanted, world, limits)

    async def import_flags(self, units: Units, actor: Actor, plan: BatchPlan) -> None:
        """Raises what a step raises, or `Conflict` as `import_state`."""
        await self._carry_out(units, actor, await _chunks_of(plan), OriginKind.DIRECT)

    async def _plan(self, text: bytes, existing: Existing, limits: Limits) -> list[list[bytes]]:
        """Nothing but the chunks is left of it: what a document of ten thousand flags is made of would be looked
        through for garbage again and again while the import runs."""
        world = await self._reader.run(queries.world)
        return await asyncio.to_thread(_planned, text, world, existing, limits)

    async def _carry_out(
        self,
        units: Units,
        actor: Actor,
        chunks: list[list[bytes]],
        kind: OriginKind,
        file_hash: str | None = None,
        progress: Progress = untold,
    ) -> None:
        """Does them, as one group of events. Raises what a step raises, or `Conflict` as `import_state`."""
        import_id = new_ulid()
        bound = units.as_part_of(Origin(kind, import_id), told=len(chunks) == 1)
        if len(chunks) == 1 and file_hash is None:
            await bound.run(actor, self._do_all, chunks[0])
        elif chunks:
            if await bound.run(actor, commands.begin, import_id, len(chunks), file_hash):
                for first, some in _portions(chunks):
                    await bound.run(actor, commands.put_down, import_id, first, some)
            elif file_hash is not None and (other := await self._reader.run(queries.import_of_file, file_hash)):
                import_id = other.id
            await self._finish(bound, actor, import_id, progress)

    async def go_on(self) -> None:
        """Goes on with imports that a server left unfinished; to be run every few seconds."""
        for run in await self._reader.run(queries.left_unfinished, ABANDONED):
            units = self._units.within(run.context)
            if run.phase is Phase.RUNNING:
                await self._do_rest(units, run.actor, run.id, untold)
        for run in await self._reader.run(queries.left_unfinished, NEVER_WHOLE):
            await self._units.run(run.actor, commands.forget, run.id)
        await self._units.run(SYSTEM, commands.clean_up, clock.now() - KEPT)

    async def _finish(self, units: Units, actor: Actor, import_id: str, progress: Progress) -> None:
        run = await self._do_rest(units, actor, import_id, progress)
        if run is not None and run.phase is Phase.FAILED:
            raise Conflict(
                f"The import ended after {run.done} of {run.total} parts, because something was changed meanwhile: "
                f"{run.problem} What was done until then stays. Import again."
            )

    async def _do_rest(self, units: Units, actor: Actor, import_id: str, progress: Progress) -> Run | None:
        """Does chunk after chunk until none is left. Others may do so at the same time."""
        while True:
            try:
                run = await units.run(actor, commands.do_next, import_id, self._do)
            except Unavailable:
                raise
            except FlagkeeperError as error:
                return await units.run(actor, commands.fail, import_id, error.message)
            if run is None or run.phase is not Phase.RUNNING:
                return run
            progress(run.done, run.total)

    def _do_all(self, unit: Unit, steps: Sequence[bytes]) -> None:
        for step in steps:
            self._do(unit, step)

    def _do(self, unit: Unit, step: bytes) -> None:
        OPS.run(unit, OPS.decode(step), self._ports)


async def _chunks_of(plan: BatchPlan) -> list[list[bytes]]:
    return await asyncio.to_thread(lambda: _chunks(plan.steps(), Rests()))


def _planned(text: bytes, world: World, existing: Existing, limits: Limits) -> list[list[bytes]]:
    rest = Rests()
    with garbage.unlooked():
        return _chunks(plan_state(read_document(text, rest), world, existing, limits, rest), rest)


def _chunks(steps: Sequence[Planned], rest: Rest) -> list[list[bytes]]:
    pieces: list[Piece] = []
    for planned in steps:
        rest()
        pieces.append(Piece(OPS.encode(planned.step), planned.weight))
    return [[piece.text for piece in chunk] for chunk in chunks_of(pieces)]


def _portions(chunks: Sequence[list[bytes]]) -> Iterator[tuple[int, list[list[bytes]]]]:
    """Chunks that are put down together, and the number of the first of them."""
    first, size = 0, 0
    for number, chunk in enumerate(chunks):
        if size > PUT_DOWN:
            yield first, list(chunks[first:number])
            first, size = number, 0
        size += sum(map(len, chunk))
    yield first, list(chunks[first:])
