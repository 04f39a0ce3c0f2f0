"""Placing and lifting legal holds, and asking for pseudonyms."""

from flagkeeper.eventlog.archive import pseudonyms, store
from flagkeeper.eventlog.archive.lease import demand_no_hold
from flagkeeper.eventlog.archive.pseudonyms import ARCHIVED, FIND, Pseudonym
from flagkeeper.eventlog.archive.store import Hold
from flagkeeper.eventlog.catalogue.own import FlagkeeperHoldLifted, FlagkeeperHoldPlaced, HoldData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.retention.model import Person, check_person, check_reason, pseudonym_of
from flagkeeper.features.users import queries as users
from flagkeeper.kernel.errors import Conflict, NotFound


def place_hold(unit: Unit, reason: str) -> Hold:
    """From the commit on no event leaves the database and no name is replaced. Raises `BadData`."""
    hold = store.add_hold(unit.tx, check_reason(reason), unit.actor.name, unit.now)
    unit.record(FlagkeeperHoldPlaced(data=HoldData(id=hold.id, reason=hold.reason)))
    return hold


def lift_hold(unit: Unit, hold_id: int) -> None:
    """Raises `NotFound`."""
    found = next((hold for hold in store.holds_for_certain(unit.tx) if hold.id == hold_id), None)
    if found is None:
        raise NotFound(f"There is no legal hold {hold_id}.")
    store.remove_hold(unit.tx, hold_id)
    unit.record(FlagkeeperHoldLifted(pre_data=HoldData(id=found.id, reason=found.reason)))


def ask_pseudonym(unit: Unit, person: Person) -> Pseudonym:
    """Remembers that a person is to be forgotten; what is under way already goes on. The event is recorded when it is
    done.

    Raises:
        BadData: it is said neither or doubly who it is.
        NotFound: there never was such a user.
        Conflict: the person is a user today, is the one who asks, or a legal hold stands.
    """
    check_person(person)
    demand_no_hold(store.holds_for_certain(unit.tx))
    _demand_gone(unit, person)
    name = person.name.strip() if person.name is not None else None
    new = Pseudonym(
        pseudonym=pseudonym_of(person),
        user_id=person.user_id,
        names=(name,) if name else (),
        stage=ARCHIVED if name else FIND,
        position=0,
        reached=0,
        touched_first=None,
        touched_last=None,
        events=0,
        asked_by=unit.actor,
        context=unit.context,
        asked_at=unit.now,
        finished_at=None,
    )
    for old in pseudonyms.all_pseudonyms(unit.tx):
        if old.finished_at is None and (old.pseudonym == new.pseudonym or (name and old.names == new.names)):
            return old
        if old.pseudonym == new.pseudonym:
            # Events may have come since: imported ones, or some that others wrote about this person.
            pseudonyms.save(unit.tx, new)
            return new
    pseudonyms.add(unit.tx, new)
    return new


def _demand_gone(unit: Unit, person: Person) -> None:
    if person.user_id is not None:
        if unit.actor.user_id == person.user_id or users.exists(unit.tx, person.user_id):
            raise Conflict(f"User {person.user_id} is still there. Delete the user first.")
        if not users.was_user(unit.tx, person.user_id):
            raise NotFound(f"There never was a user with the id {person.user_id}.")
        return
    name = (person.name or "").strip()
    if users.names_in_use(unit.tx, [name]):
        raise Conflict(f"{name} is a user. Delete the user first, then ask by id.")
    if name == unit.actor.name:
        raise Conflict("Somebody else has to ask for this: the event about it names who asked.")
