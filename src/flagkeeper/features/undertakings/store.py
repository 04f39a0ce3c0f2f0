"""Loading and saving undertakings. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select, update

from flagkeeper.features.undertakings.model import Undertaking
from flagkeeper.features.undertakings.tables import undertakings
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import ChangeContext
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import database_now, upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_COLUMNS = tuple(undertakings.c[name] for name in Undertaking.__struct_fields__)


def _to_undertaking(subject: str, step: str, done: int, actor: str, context: str, touched_at: int) -> Undertaking:
    return Undertaking(
        subject=subject,
        step=step.encode(),
        done=done,
        actor=msgspec.json.decode(actor, type=Actor),
        context=msgspec.json.decode(context, type=ChangeContext),
        touched_at=touched_at,
    )


_LOCKED = Query(
    select(*_COLUMNS).where(undertakings.c.subject == bindparam("subject")).with_for_update(), _to_undertaking
)
_LEFT = Query(
    select(*_COLUMNS)
    .where(undertakings.c.touched_at < database_now() - bindparam("untouched_for"))
    .order_by(undertakings.c.subject),
    _to_undertaking,
)
_EVERY = Query(select(*_COLUMNS).order_by(undertakings.c.subject), _to_undertaking)
_ADD = Write[Any](upsert(undertakings, key=["subject"]))
_THIS = undertakings.c.subject == bindparam("of_subject")
_SAVE = Write[Any](
    update(undertakings).where(_THIS).values({name: bindparam(name) for name in ("step", "done", "touched_at")})
)
_SAVE_ACTOR = Write[Any](update(undertakings).where(_THIS).values(actor=bindparam("actor")))
_REMOVE = Write[Any](delete(undertakings).where(undertakings.c.subject == bindparam("subject")))


def lock(tx: Transaction, subject: str) -> Undertaking | None:
    """The one about a subject, locked until the unit ends: whoever does a piece of it holds this lock."""
    return tx.first(_LOCKED, subject=subject)


def left_unfinished(tx: Transaction, untouched_for: Millis) -> list[Undertaking]:
    """Those of which nobody has done anything for so long."""
    return tx.all(_LEFT, untouched_for=untouched_for)


def every(tx: Transaction) -> list[Undertaking]:
    return tx.all(_EVERY)


def add(tx: Transaction, new: Undertaking) -> None:
    tx.write(
        _ADD,
        subject=new.subject,
        step=new.step.decode(),
        done=new.done,
        actor=msgspec.json.encode(new.actor).decode(),
        context=msgspec.json.encode(new.context).decode(),
        touched_at=new.touched_at,
    )


def save(tx: Transaction, changed: Undertaking) -> None:
    step = changed.step.decode()
    tx.write(_SAVE, of_subject=changed.subject, step=step, done=changed.done, touched_at=changed.touched_at)


def save_actor(tx: Transaction, subject: str, actor: Actor) -> None:
    tx.write(_SAVE_ACTOR, of_subject=subject, actor=msgspec.json.encode(actor).decode())


def remove(tx: Transaction, subject: str) -> None:
    tx.write(_REMOVE, subject=subject)
