"""Changes of saved searches as steps. Whoever runs them is the asker."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.searches import commands
from flagkeeper.features.searches.model import Asker, SearchDraft, SearchState, owner_of
from flagkeeper.http.permissions import Permission


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    as_admin: bool
    """Whether it takes an administrator: for a shared search that is somebody else's, or nobody's."""


class Restore(_Change, frozen=True, kw_only=True):
    state: SearchState


class Update(_Change, frozen=True, kw_only=True):
    id: int
    draft: SearchDraft


class Delete(_Change, frozen=True, kw_only=True):
    id: int


def _demands(wanted: _Change) -> tuple[tuple[Demand, ...], ...]:
    """Everybody may change their own; the commands see to it that nobody changes more."""
    return ((Demand(Permission.ADMIN),),) if wanted.as_admin else ()


def _asker(unit: Unit, wanted: _Change) -> Asker:
    return Asker(user_id=owner_of(unit.actor), is_admin=wanted.as_admin)


CREATE = Op(
    name="search.create",
    payload=SearchDraft,
    run=lambda unit, draft, _ports: commands.create(unit, draft),
    demands=lambda _draft: (),
    operation="createSavedSearch",
)
RESTORE = Op(
    name="search.restore",
    payload=Restore,
    run=lambda unit, wanted, _ports: commands.restore(unit, wanted.state, _asker(unit, wanted)),
    demands=_demands,
    operation="createSavedSearch",
)
UPDATE = Op(
    name="search.update",
    payload=Update,
    run=lambda unit, wanted, _ports: commands.update(unit, wanted.id, wanted.draft, _asker(unit, wanted)),
    demands=_demands,
    operation="updateSavedSearch",
)
DELETE = Op(
    name="search.delete",
    payload=Delete,
    run=lambda unit, wanted, _ports: commands.delete(unit, wanted.id, _asker(unit, wanted)),
    demands=_demands,
    operation="deleteSavedSearch",
)
OPS = (CREATE, RESTORE, UPDATE, DELETE)
