"""Loading and saving imports that are under way. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, insert, or_, select, update

from flagkeeper.features.transfer.model.run import Phase, Run
from flagkeeper.features.transfer.tables import state_import_chunks as chunks
from flagkeeper.features.transfer.tables import state_imports as imports
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import ChangeContext
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import database_now, upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_NAMES = ("id", "phase", "done", "total", "actor", "context", "problem", "touched_at")
_COLUMNS = tuple(imports.c[name] for name in _NAMES)
_steps = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _to_run(*row: Any) -> Run:
    found = dict(zip(_NAMES, row, strict=True))
    actor = msgspec.json.decode(found["actor"], type=Actor)
    context = msgspec.json.decode(found["context"], type=ChangeContext)
    return Run(**{**found, "phase": Phase(found["phase"]), "actor": actor, "context": context})


_BY_ID = Query(select(*_COLUMNS).where(imports.c.id == bindparam("id")), _to_run)
_LOCKED = Query(select(*_COLUMNS).where(imports.c.id == bindparam("id")).with_for_update(), _to_run)
_OF_FILE = Query(select(*_COLUMNS).where(imports.c.file_hash == bindparam("file_hash")), _to_run)
_UNFINISHED = Query(
    select(*_COLUMNS)
    .where(
        or_(imports.c.phase == Phase.STAGED.value, imports.c.phase == Phase.RUNNING.value),
        imports.c.touched_at < database_now() - bindparam("untouched_for"),
    )
    .order_by(imports.c.id),
    _to_run,
)
_EVERY = Query(select(*_COLUMNS).order_by(imports.c.id), _to_run)
_SAVE_ACTOR = Write[Any](update(imports).where(imports.c.id == bindparam("id")).values(actor=bindparam("actor")))
_CHUNK = Query(
    select(chunks.c.steps).where(and_(chunks.c.import_id == bindparam("id"), chunks.c.number == bindparam("number"))),
    str,
)
_ADD = Write[Any](insert(imports))
_ADD_ONCE = Write[Any](upsert(imports, key=["file_hash"]))
_SAVE = Write[Any](
    update(imports)
    .where(imports.c.id == bindparam("id"))
    .values({name: bindparam(name) for name in ("phase", "done", "problem", "touched_at")})
)
_REMOVE = Write[Any](delete(imports).where(imports.c.id == bindparam("id")))
_ADD_CHUNKS = Write[Any](insert(chunks))
_REMOVE_CHUNK = Write[Any](
    delete(chunks).where(chunks.c.import_id == bindparam("id"), chunks.c.number == bindparam("number"))
)
_REMOVE_CHUNKS = Write[Any](delete(chunks).where(chunks.c.import_id == bindparam("id")))
_REMOVE_OLD = Write[Any](
    delete(imports).where(
        or_(imports.c.phase == Phase.DONE.value, imports.c.phase == Phase.FAILED.value),
        imports.c.file_hash.is_(None),
        imports.c.touched_at < bindparam("before"),
    )
)


def find(tx: Transaction, import_id: str) -> Run | None:
    return tx.first(_BY_ID, id=import_id)


def lock(tx: Transaction, import_id: str) -> Run | None:
    """The import, locked until the unit ends: whoever does some of it holds this lock."""
    return tx.first(_LOCKED, id=import_id)


def of_file(tx: Transaction, file_hash: str) -> Run | None:
    return tx.first(_OF_FILE, file_hash=file_hash)


def unfinished(tx: Transaction, untouched_for: Millis) -> list[Run]:
    """Of which nobody has done anything for so long."""
    return tx.all(_UNFINISHED, untouched_for=untouched_for)


def every(tx: Transaction) -> list[Run]:
    return tx.all(_EVERY)


def save_actor(tx: Transaction, import_id: str, actor: Actor) -> None:
    tx.write(_SAVE_ACTOR, id=import_id, actor=msgspec.json.encode(actor).decode())


def add(tx: Transaction, run: Run, file_hash: str | None) -> bool:
    """False when there is one of this file; then nothing happens."""
    row = {
        **{name: getattr(run, name) for name in ("id", "done", "total", "problem", "touched_at")},
        "phase": run.phase.value,
        "actor": msgspec.json.encode(run.actor).decode(),
        "context": msgspec.json.encode(run.context).decode(),
    }
    return tx.write(_ADD if file_hash is None else _ADD_ONCE, **row, file_hash=file_hash) > 0


def save(tx: Transaction, run: Run) -> None:
    row = {name: getattr(run, name) for name in ("id", "done", "problem", "touched_at")}
    tx.write(_SAVE, **row, phase=run.phase.value)


def remove(tx: Transaction, import_id: str) -> None:
    tx.write(_REMOVE_CHUNKS, id=import_id)
    tx.write(_REMOVE, id=import_id)


def add_chunk(tx: Transaction, import_id: str, number: int, steps: list[bytes]) -> None:
    text = msgspec.json.encode([msgspec.Raw(step) for step in steps]).decode()
    tx.write_many(_ADD_CHUNKS, [{"import_id": import_id, "number": number, "steps": text}])


def chunk(tx: Transaction, import_id: str, number: int) -> list[bytes]:
    """Its steps. Empty: there is no such chunk."""
    found = tx.first(_CHUNK, id=import_id, number=number)
    return [] if found is None else [bytes(step) for step in _steps(found)]


def remove_chunk(tx: Transaction, import_id: str, number: int) -> None:
    tx.write(_REMOVE_CHUNK, id=import_id, number=number)


def remove_chunks(tx: Transaction, import_id: str) -> None:
    tx.write(_REMOVE_CHUNKS, id=import_id)


def remove_old(tx: Transaction, before: Millis) -> None:
    """Those that ended before a time; what was imported from a file at a start is remembered."""
    tx.write(_REMOVE_OLD, before=before)
