"""Names of people in the tables beside the log: why an event was put into quarantine, who asked for a pseudonym, and
why a run of the archiver failed."""

from typing import Any

from sqlalchemy import bindparam, select, update

from flagkeeper.eventlog.archive.pseudonyms import packed_context, read_context
from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.archive.tables import log_pseudonyms, log_runs
from flagkeeper.eventlog.tables import log_quarantine
from flagkeeper.eventlog.unit import Unit
from flagkeeper.storage.statement import Query, Write, columns

_ERRORS = Query(select(log_quarantine.c.follower, log_quarantine.c.event_id, log_quarantine.c.error), columns)
_SAVE_ERROR = Write[Any](
    update(log_quarantine)
    .where(log_quarantine.c.follower == bindparam("who"), log_quarantine.c.event_id == bindparam("event"))
    .values(error=bindparam("new"))
)
_ASKED = Query(
    select(log_pseudonyms.c.pseudonym, log_pseudonyms.c.asked_by, log_pseudonyms.c.context).where(
        log_pseudonyms.c.finished_at.is_not(None)
    ),
    columns,
)
_SAVE_ASKED = Write[Any](
    update(log_pseudonyms)
    .where(log_pseudonyms.c.pseudonym == bindparam("which"))
    .values(asked_by=bindparam("new"), context=bindparam("new_context"))
)
_RUNS = Query(select(log_runs.c.name, log_runs.c.error).where(log_runs.c.error.is_not(None)), columns)
_SAVE_RUN = Write[Any](update(log_runs).where(log_runs.c.name == bindparam("which")).values(error=bindparam("new")))


def names_beside_the_log(unit: Unit, replacement: Replacement, _position: int) -> None:
    """Fulfils `pseudonymiser.Elsewhere`. All of these tables are small."""
    tx = unit.tx
    for follower, event_id, error in tx.all(_ERRORS):
        if (new := replacement.text(error)) != error:
            tx.write(_SAVE_ERROR, who=follower, event=event_id, new=new)
    for pseudonym, asked_by, context in tx.all(_ASKED):
        new, new_context = replacement.json(asked_by), packed_context(replacement.context(read_context(context)))
        if (new, new_context) != (asked_by, context):
            tx.write(_SAVE_ASKED, which=pseudonym, new=new, new_context=new_context)
    for name, error in tx.all(_RUNS):
        if (new := replacement.text(error)) != error:
            tx.write(_SAVE_RUN, which=name, new=new)
