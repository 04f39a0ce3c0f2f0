"""Changing saved searches: load, decide, write, record."""

from collections.abc import Sequence

import msgspec

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.catalogue.own import FlagkeeperSearchChanged, FlagkeeperSearchDeleted, FlagkeeperSearchSaved
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.searches import store
from flagkeeper.features.searches.model import (
    MOST_SEARCHES,
    Asker,
    SavedSearch,
    SearchDraft,
    SearchState,
    checked,
    owner_of,
)
from flagkeeper.kernel.errors import Conflict, Forbidden, LimitExceeded, NameExists, NotFound


def create(unit: Unit, draft: SearchDraft) -> SavedSearch:
    """Saves a search of the actor's own. Raises `BadData`, `NameExists` or `LimitExceeded`."""
    owner = owner_of(unit.actor)
    wanted = checked(draft, owner, unit.now)
    search = SavedSearch(
        id=store.new_id(unit.tx),
        name=wanted.name,
        query=wanted.query,
        description=wanted.description,
        shared=wanted.shared,
        user_id=owner,
        created_by=unit.actor.name,
        created_at=unit.now,
        updated_at=unit.now,
    )
    _add(unit, search)
    return search


def restore(unit: Unit, state: SearchState, asker: Asker) -> None:
    """Brings a search that was deleted back, as it was and under its id. Raises `BadData`, `NotFound` or `Forbidden`
    for what `asker` may not change, `NameExists`, `LimitExceeded`, `InvalidOperation` when nobody knows who saved it,
    or `Conflict` when it is there, or its owner is not."""
    created_by, created_at = state.creation()
    shown = state.search
    wanted = checked(state.draft(), shown.user_id, unit.now)
    search = SavedSearch(
        id=shown.id,
        name=wanted.name,
        query=wanted.query,
        description=wanted.description,
        shared=wanted.shared,
        user_id=shown.user_id,
        created_by=created_by,
        created_at=created_at,
        updated_at=unit.now,
    )
    _demand_asker(search, shown.id, asker)
    store.lock_names(unit.tx)
    if store.load(unit.tx, search.id) is not None:
        raise Conflict(f"There is a search with the id {search.id}.")
    _add(unit, search)


def update(unit: Unit, search_id: int, draft: SearchDraft, asker: Asker) -> SavedSearch:
    """Raises `NotFound`, `Forbidden`, `BadData` or `NameExists`."""
    store.lock_names(unit.tx)
    old = _load(unit, search_id, asker)
    new = old.changed(checked(draft, old.user_id, unit.now))
    if new == old:
        return old
    if new.name != old.name:
        _demand_free_name(new.name, store.of_owner(unit.tx, old.user_id))
    return _save(unit, old, msgspec.structs.replace(new, updated_at=unit.now))


def delete(unit: Unit, search_id: int, asker: Asker) -> None:
    """Raises `NotFound` or `Forbidden`."""
    _delete(unit, _load(unit, search_id, asker))


def leave_shared_of(unit: Unit, user_id: int) -> None:
    """Deletes the private searches of a user who is being deleted; the shared ones stay and are nobody's."""
    for search in store.of_owner(unit.tx, user_id):
        if search.shared:
            _save(unit, search, msgspec.structs.replace(search, user_id=None))
        else:
            _delete(unit, search)


def forget_names(unit: Unit, replacement: Replacement, position: int) -> int | None:
    """Puts the pseudonym in the place of a person's names (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    store.lock_names(unit.tx)
    found = store.some_after(unit.tx, position)
    for old in found:
        new = msgspec.structs.replace(
            old,
            name=replacement.text(old.name),
            query=replacement.text(old.query),
            description=old.description and replacement.text(old.description),
            created_by=replacement.pseudonym if replacement.is_name(old.created_by) else old.created_by,
        )
        if new != old:
            unit.silent(f"search/{old.id}", "a person is forgotten, and the event about that names no searches")
            store.save(unit.tx, _with_free_name(unit, new))
    return found[-1].id if len(found) == store.SOME else None


def _load(unit: Unit, search_id: int, asker: Asker) -> SavedSearch:
    """A search that `asker` may change."""
    return _demand_asker(store.load(unit.tx, search_id), search_id, asker)


def _demand_asker(search: SavedSearch | None, search_id: int, asker: Asker) -> SavedSearch:
    if search is None or not search.is_seen_by(asker):
        raise NotFound(f"There is no search with the id {search_id}.")
    if not search.is_changed_by(asker):
        raise Forbidden("This search is somebody else's. Its owner and administrators may change it.")
    return search


def _add(unit: Unit, search: SavedSearch) -> None:
    """The names are locked."""
    others = store.of_owner(unit.tx, search.user_id)
    _demand_free_name(search.name, others)
    if len(others) >= MOST_SEARCHES:
        raise LimitExceeded(f"You have {MOST_SEARCHES} saved searches, which is the limit. Delete one first.")
    store.add(unit.tx, search)
    unit.record(FlagkeeperSearchSaved(data=search.payload()), search.state())


def _demand_free_name(name: str, others: Sequence[SavedSearch]) -> None:
    if any(other.name == name for other in others):
        raise NameExists(f"There is a search called {name!r} already. Choose another name.")


def _with_free_name(unit: Unit, search: SavedSearch) -> SavedSearch:
    """Two names of one person have become the same pseudonym: the id keeps them apart."""
    others = store.of_owner(unit.tx, search.user_id)
    if search.user_id is None or all(other.name != search.name for other in others if other.id != search.id):
        return search
    return msgspec.structs.replace(search, name=f"{search.name} ({search.id})")


def _save(unit: Unit, old: SavedSearch, new: SavedSearch) -> SavedSearch:
    store.save(unit.tx, new)
    unit.record(FlagkeeperSearchChanged(data=new.payload(), pre_data=old.payload()), new.state())
    return new


def _delete(unit: Unit, search: SavedSearch) -> None:
    store.remove(unit.tx, search.id)
    unit.record(FlagkeeperSearchDeleted(pre_data=search.payload()), Gone(SearchState))
