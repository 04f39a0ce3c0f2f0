"""Imports that are under way: put down, done chunk by chunk, ended. What their steps do is recorded by those."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.catalogue.transfer import FeaturesExported
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.transfer import store
from flagkeeper.features.transfer.model.batch import ExportedFlags
from flagkeeper.features.transfer.model.run import Phase, Run
from flagkeeper.kernel.clock import Millis


def record_export(unit: Unit, exported: ExportedFlags, environment: str) -> None:
    """Says what left the server, and by whom."""
    unit.record(FeaturesExported(data=exported.payload(environment)))


def begin(unit: Unit, import_id: str, total: int, file_hash: str | None) -> bool:
    """Notes an import of so many chunks, which are to be put down. False when one of this file was noted before."""
    run = Run(
        id=import_id,
        phase=Phase.STAGED,
        done=0,
        total=total,
        actor=unit.actor,
        context=unit.context,
        problem=None,
        touched_at=unit.now,
    )
    return store.add(unit.tx, run, file_hash)


def put_down(unit: Unit, import_id: str, first: int, chunks: Sequence[list[bytes]]) -> None:
    """Stores chunks, from number `first`; with the last of them the import runs, whatever becomes of this server."""
    run = store.lock(unit.tx, import_id)
    if run is None or run.phase is not Phase.STAGED:
        return
    for number, chunk in enumerate(chunks, first):
        store.add_chunk(unit.tx, import_id, number, chunk)
    whole = first + len(chunks) == run.total
    store.save(unit.tx, replace(run, phase=Phase.RUNNING if whole else Phase.STAGED, touched_at=unit.now))


def do_next(unit: Unit, import_id: str, do: Callable[[Unit, bytes], object]) -> Run | None:
    """Does the next chunk, whoever did those before; what `do` raises undoes it. Returns how the import stands then;
    None: there is no such import."""
    run = store.lock(unit.tx, import_id)
    if run is None or run.phase is not Phase.RUNNING:
        return run
    for step in store.chunk(unit.tx, import_id, run.done):
        do(unit, step)
    store.remove_chunk(unit.tx, import_id, run.done)
    done = run.done + 1
    phase = Phase.DONE if done == run.total else Phase.RUNNING
    after = replace(run, done=done, phase=phase, touched_at=unit.now)
    store.save(unit.tx, after)
    return after


def fail(unit: Unit, import_id: str, problem: str) -> Run | None:
    """Ends an import of which a chunk cannot be done."""
    run = store.lock(unit.tx, import_id)
    if run is None or run.phase is not Phase.RUNNING:
        return run
    failed = replace(run, phase=Phase.FAILED, problem=problem, touched_at=unit.now)
    store.remove_chunks(unit.tx, import_id)
    store.save(unit.tx, failed)
    return failed


def forget(unit: Unit, import_id: str) -> None:
    """An import that was never whole: nothing of it was done."""
    run = store.lock(unit.tx, import_id)
    if run is not None and run.phase is Phase.STAGED:
        store.remove(unit.tx, import_id)


def clean_up(unit: Unit, before: Millis) -> None:
    store.remove_old(unit.tx, before)


def forget_actors(unit: Unit, replacement: Replacement, _position: int) -> None:
    """Puts the pseudonym in the place of a person's name (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    for run in store.every(unit.tx):
        if replacement.is_name(run.actor.name):
            store.save_actor(unit.tx, run.id, replace(run.actor, name=replacement.pseudonym))
