"""Changes of what hangs on flags: dependencies, links, completion and favourites."""

import msgspec

from flagkeeper.eventlog.step import Op
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands import dependencies, favorites, lifecycle, links
from flagkeeper.features.flags.model.relations import CompletionDraft, DependencyDraft, Link, LinkDraft
from flagkeeper.features.flags.steps.flags import OfFlag, in_project
from flagkeeper.features.projects.model import demand_own
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.clock import Millis


class AddDependency(OfFlag, frozen=True, kw_only=True):
    draft: DependencyDraft


class OfParent(OfFlag, frozen=True, kw_only=True):
    parent: str


class AddLink(OfFlag, frozen=True, kw_only=True):
    draft: LinkDraft


class RestoreLink(OfFlag, frozen=True, kw_only=True):
    link: Link


class OfLink(OfFlag, frozen=True, kw_only=True):
    link_id: str


class UpdateLink(OfLink, frozen=True, kw_only=True):
    draft: LinkDraft


class Complete(OfFlag, frozen=True, kw_only=True):
    draft: CompletionDraft
    at: Millis | None = None
    """Since when it was completed, to restore that."""


class OwnFavorite(msgspec.Struct, frozen=True, kw_only=True):
    flag: str
    user_id: int
    """Whose favourite it is: the actor must be them."""


def _favorite(unit: Unit, wanted: OwnFavorite, *, add: bool) -> None:
    demand_own(unit.actor, wanted.user_id)
    (favorites.add if add else favorites.remove)(unit, wanted.flag)


ADD_DEPENDENCY = Op(
    name="flag.add-dependency",
    payload=AddDependency,
    run=lambda unit, wanted, _ports: dependencies.add(unit, wanted.project, wanted.flag, wanted.draft),
    demands=in_project(Permission.UPDATE_FEATURE_DEPENDENCY),
    operation="addFeatureDependency",
)
REMOVE_DEPENDENCY = Op(
    name="flag.remove-dependency",
    payload=OfParent,
    run=lambda unit, wanted, _ports: dependencies.remove(unit, wanted.project, wanted.flag, wanted.parent),
    demands=in_project(Permission.UPDATE_FEATURE_DEPENDENCY),
    operation="deleteFeatureDependency",
)
REMOVE_DEPENDENCIES = Op(
    name="flag.remove-dependencies",
    payload=OfFlag,
    run=lambda unit, wanted, _ports: dependencies.remove_all(unit, wanted.project, wanted.flag),
    demands=in_project(Permission.UPDATE_FEATURE_DEPENDENCY),
    operation="deleteFeatureDependencies",
)
ADD_LINK = Op(
    name="flag.add-link",
    payload=AddLink,
    run=lambda unit, wanted, _ports: links.add(unit, wanted.project, wanted.flag, wanted.draft),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="createFeatureLink",
)
RESTORE_LINK = Op(
    name="flag.restore-link",
    payload=RestoreLink,
    run=lambda unit, wanted, _ports: links.restore(unit, wanted.project, wanted.flag, wanted.link),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="createFeatureLink",
)
UPDATE_LINK = Op(
    name="flag.update-link",
    payload=UpdateLink,
    run=lambda unit, wanted, _ports: links.update(unit, wanted.project, wanted.flag, wanted.link_id, wanted.draft),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="updateFeatureLink",
)
REMOVE_LINK = Op(
    name="flag.remove-link",
    payload=OfLink,
    run=lambda unit, wanted, _ports: links.remove(unit, wanted.project, wanted.flag, wanted.link_id),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="deleteFeatureLink",
)
COMPLETE = Op(
    name="flag.complete",
    payload=Complete,
    run=lambda unit, wanted, _ports: lifecycle.complete(unit, wanted.project, wanted.flag, wanted.draft, wanted.at),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="complete",
)
UNCOMPLETE = Op(
    name="flag.uncomplete",
    payload=OfFlag,
    run=lambda unit, wanted, _ports: lifecycle.uncomplete(unit, wanted.project, wanted.flag),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="uncomplete",
)
ADD_FAVORITE = Op(
    name="favorite-flag.add",
    payload=OwnFavorite,
    run=lambda unit, wanted, _ports: _favorite(unit, wanted, add=True),
    demands=lambda _wanted: (),
    operation="addFavoriteFeature",
)
REMOVE_FAVORITE = Op(
    name="favorite-flag.remove",
    payload=OwnFavorite,
    run=lambda unit, wanted, _ports: _favorite(unit, wanted, add=False),
    demands=lambda _wanted: (),
    operation="removeFavoriteFeature",
)
OPS = (
    *(ADD_DEPENDENCY, REMOVE_DEPENDENCY, REMOVE_DEPENDENCIES, ADD_LINK, RESTORE_LINK, UPDATE_LINK, REMOVE_LINK),
    *(COMPLETE, UNCOMPLETE, ADD_FAVORITE, REMOVE_FAVORITE),
)
