"""Asking for access, and deciding on it: load, decide, write, record."""

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.catalogue.access import (
    UserAccessRequestApproved,
    UserAccessRequestRegistered,
    UserAccessRequestRejected,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.access_requests import queries, store
from flagkeeper.features.access_requests.model import MOST_OPEN, AccessRequest, AccessRequestState, Asker, new_request
from flagkeeper.features.access_requests.ports import Admit
from flagkeeper.kernel.errors import LimitExceeded


def register(unit: Unit, asker: Asker) -> bool:
    """Asks for somebody who has no account. False: there is an open request of this address, which stays as it is.

    Raises:
        LimitExceeded: too many wait already.
    """
    if store.of_address(unit.tx, asker.email) is not None:
        return False
    if store.count(unit.tx) >= MOST_OPEN:
        raise LimitExceeded(
            f"{MOST_OPEN} people wait for access already, which is the limit. Ask an administrator to decide on them."
        )
    made = new_request(asker, unit.now)
    store.add(unit.tx, made)
    unit.record(UserAccessRequestRegistered(data=made.payload()), made.state())
    return True


def approve(unit: Unit, request_id: str, root_role: int, admit: Admit, *, by_mail: bool) -> int:
    """Makes the one who asked a user; returns the user's id. That the request is granted is recorded where the account
    is made (`grant`).

    Raises:
        NotFound: it is not open.
        BadData: there is no such root role.
        Conflict: they have an account by another address.
    """
    return admit(unit, store.load(unit.tx, request_id).asker, root_role, by_mail=by_mail)


def grant(unit: Unit, email: str) -> None:
    """Whoever gives an address an account grants its request, if there is one."""
    found = store.of_address(unit.tx, email)
    if found is not None:
        store.remove(unit.tx, found.id)
        unit.record(UserAccessRequestApproved(data=found.payload()), Gone(AccessRequestState))


def reject(unit: Unit, request_id: str) -> None:
    """Refuses access. Who asked may ask again. Raises `NotFound`."""
    found = store.load(unit.tx, request_id)
    store.remove(unit.tx, found.id)
    unit.record(UserAccessRequestRejected(data=found.payload()), Gone(AccessRequestState))


def forget_askers(unit: Unit, replacement: Replacement, _position: int) -> None:
    """A person who is forgotten waits for nothing any more, and is called by the pseudonym
    (`eventlog.archive.pseudonymiser.NamesOutsideLog`)."""
    for found in queries.open_requests(unit.tx):
        if replacement.is_name(found.asker.email):
            reject(unit, found.id)
        elif found.asker.name is not None and replacement.is_name(found.asker.name):
            _rename(unit, found, replacement.pseudonym)


def _rename(unit: Unit, found: AccessRequest, name: str) -> None:
    unit.silent(f"user-access-request/{found.id}", "a person is forgotten, and the event about that names no requests")
    store.rename(unit.tx, found.id, name)
