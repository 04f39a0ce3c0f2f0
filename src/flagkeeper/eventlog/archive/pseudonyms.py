"""The statements on pseudonyms that are being put in place."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from flagkeeper.eventlog.archive.tables import log_pseudonyms
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import NO_CONTEXT, ChangeContext
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

FIND, ARCHIVED, BEFORE, LIVE, AFTER, DONE = "find", "cold", "before", "hot", "after", "done"
"""The stages: finding the names; rewriting segments, other tables, rows of the log, other tables again; finished."""


class Pseudonym(msgspec.Struct, frozen=True, kw_only=True):
    """A pseudonym, and how far it has come."""

    pseudonym: str
    user_id: int | None
    """None: the actor never had an id."""
    names: tuple[str, ...]
    """What it takes the place of; empty once that is done."""
    stage: str
    position: int
    """0. Servers of the previous version count here how many of the other tables are done."""
    reached: int
    """The last event that is done, in the stage of segments or rows."""
    touched_first: int | None
    touched_last: int | None
    """Events that were rewritten, and that the search index has not taken in yet."""
    events: int
    """How many events were rewritten."""
    asked_by: Actor
    asked_at: clock.Millis
    finished_at: clock.Millis | None
    context: ChangeContext = NO_CONTEXT
    """Of the request or command that asked, for the event that tells of it in the end."""


def _to_pseudonym(
    pseudonym: str,
    user_id: int | None,
    names: str,
    stage: str,
    position: int,
    reached: int,
    touched_first: int | None,
    touched_last: int | None,
    events: int,
    asked_by: str,
    asked_at: int,
    finished_at: int | None,
    context: str | None,
) -> Pseudonym:
    return Pseudonym(
        pseudonym=pseudonym,
        user_id=user_id,
        names=msgspec.json.decode(names, type=tuple[str, ...]),
        stage=stage,
        position=position,
        reached=reached,
        touched_first=touched_first,
        touched_last=touched_last,
        events=events,
        asked_by=msgspec.json.decode(asked_by, type=Actor),
        asked_at=asked_at,
        finished_at=finished_at,
        context=read_context(context),
    )


_ALL = select(*(log_pseudonyms.c[name] for name in Pseudonym.__struct_fields__)).order_by(log_pseudonyms.c.asked_at)
_EVERY = Query(_ALL, _to_pseudonym)
_UNFINISHED = Query(_ALL.where(log_pseudonyms.c.finished_at.is_(None)), _to_pseudonym)
_ADD = Write[Any](insert(log_pseudonyms))
_SAVE = Write[Any](
    update(log_pseudonyms)
    .where(log_pseudonyms.c.pseudonym == bindparam("which"))
    .values(
        **{
            name: bindparam(name)
            for name in (
                "names",
                "stage",
                "position",
                "reached",
                "touched_first",
                "touched_last",
                "events",
                "finished_at",
                "context",
            )
        },
        asked_by=bindparam("asked_by"),
        asked_at=bindparam("asked_at"),
    )
)
_REMOVE = Write[Any](delete(log_pseudonyms).where(log_pseudonyms.c.pseudonym == bindparam("which")))


def all_pseudonyms(tx: Transaction) -> list[Pseudonym]:
    """The oldest first."""
    return tx.all(_EVERY)


def unfinished(tx: Transaction) -> list[Pseudonym]:
    return tx.all(_UNFINISHED)


def add(tx: Transaction, new: Pseudonym) -> None:
    tx.write(_ADD, pseudonym=new.pseudonym, user_id=new.user_id, **_row(new))


def save(tx: Transaction, changed: Pseudonym) -> None:
    tx.write(_SAVE, which=changed.pseudonym, **_row(changed))


def remove(tx: Transaction, pseudonym: str) -> None:
    tx.write(_REMOVE, which=pseudonym)


def packed_context(context: ChangeContext) -> str | None:
    """As it is stored."""
    return None if context == NO_CONTEXT else msgspec.json.encode(context).decode()


def read_context(text: str | None) -> ChangeContext:
    return NO_CONTEXT if text is None else msgspec.json.decode(text, type=ChangeContext)


def _row(each: Pseudonym) -> dict[str, Any]:
    return {
        "names": msgspec.json.encode(each.names).decode(),
        "stage": each.stage,
        "position": each.position,
        "reached": each.reached,
        "touched_first": each.touched_first,
        "touched_last": each.touched_last,
        "events": each.events,
        "asked_by": msgspec.json.encode(each.asked_by).decode(),
        "asked_at": each.asked_at,
        "finished_at": each.finished_at,
        "context": packed_context(each.context),
    }
