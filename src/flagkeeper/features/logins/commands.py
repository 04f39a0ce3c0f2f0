"""Keeping and forgetting logins."""

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.logins import store
from flagkeeper.features.logins.model import KEPT, LONGEST_TEXT, MOST_KEPT, LoginRecord, Visit


def note(unit: Unit, username: str | None, visit: Visit, refused: str | None = None) -> None:
    """Keeps that somebody logged in or, with the reason why they were `refused`, tried to."""
    record = LoginRecord(
        id=store.new_id(unit.tx),
        username=username,
        auth_type=visit.auth_type,
        created_at=unit.now,
        successful=refused is None,
        ip=visit.ip[:LONGEST_TEXT],
        failure_reason=refused and refused[:LONGEST_TEXT],
    )
    store.add(unit.tx, record)


def forget(unit: Unit) -> None:
    """Forgets what is too old, or too much."""
    store.forget(unit.tx, unit.now - KEPT, MOST_KEPT)


def forget_names(unit: Unit, replacement: Replacement, _position: int) -> None:
    """Puts the pseudonym in the place of a person's name (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    for name in store.names(unit.tx):
        if replacement.is_name(name):
            store.rename(unit.tx, name, replacement.pseudonym)
