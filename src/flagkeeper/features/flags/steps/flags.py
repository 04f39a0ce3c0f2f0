"""Changes of flags themselves, and those that concern several of their environments at once."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.flags.commands import archive, create, legacy, metadata, move, tags, variants
from flagkeeper.features.flags.model.flag import FlagChange, FlagDraft, FlagState, OldFlagChange, Tags
from flagkeeper.features.flags.model.json_patch import Patch
from flagkeeper.features.flags.model.variant import VariantDraft
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.limits import AtOnce


class Create(msgspec.Struct, frozen=True, kw_only=True):
    project: str
    draft: FlagDraft


class OfFlag(msgspec.Struct, frozen=True, kw_only=True):
    """A flag, and the project whose people may change it: in another one it is not found."""

    project: str
    flag: str


class Clone(OfFlag, frozen=True, kw_only=True):
    name: str
    """Of the copy."""
    replace_group_id: bool = True


class Move(OfFlag, frozen=True, kw_only=True):
    new_project: str


class Update(OfFlag, frozen=True, kw_only=True):
    change: FlagChange


class UpdateAsVersion4(OfFlag, frozen=True, kw_only=True):
    change: OldFlagChange


class ApplyPatch(OfFlag, frozen=True, kw_only=True):
    patches: AtOnce[Patch]


class Archive(OfFlag, frozen=True, kw_only=True):
    at: Millis | None = None
    """Since when it was archived, to restore that."""


class MarkStale(OfFlag, frozen=True, kw_only=True):
    stale: bool


class OneTag(OfFlag, frozen=True, kw_only=True):
    tag: Tag


class UpdateTags(OfFlag, frozen=True, kw_only=True):
    added: Tags
    removed: Tags


class SetVariants(OfFlag, frozen=True, kw_only=True):
    variants: AtOnce[VariantDraft]


class PushVariants(SetVariants, frozen=True, kw_only=True):
    environments: AtOnce[str]


Demands = tuple[tuple[Demand, ...], ...]


def in_project(permission: Permission) -> Callable[[Any], Demands]:
    """Of a payload that names its project."""
    return lambda payload: ((Demand(permission, payload.project),),)


def _demands_of_push(wanted: PushVariants) -> Demands:
    permission = Permission.UPDATE_FEATURE_ENVIRONMENT_VARIANTS
    return tuple((Demand(permission, wanted.project, environment),) for environment in wanted.environments)


def _demands_of_version_4(wanted: UpdateAsVersion4) -> Demands:
    """What it changes in environments, it changes in every one of them."""
    needed = [Permission.UPDATE_FEATURE]
    if wanted.change.enabled is not UNSET:
        needed.append(Permission.UPDATE_FEATURE_ENVIRONMENT)
    if wanted.change.strategies is not UNSET:
        needed += [Permission.CREATE_FEATURE_STRATEGY, Permission.DELETE_FEATURE_STRATEGY]
    return tuple((Demand(permission, wanted.project),) for permission in needed)


CREATE = Op(
    name="flag.create",
    payload=Create,
    run=lambda unit, wanted, _ports: create.create(unit, wanted.project, wanted.draft),
    demands=in_project(Permission.CREATE_FEATURE),
    operation="createFeature",
)
RESTORE = Op(
    name="flag.restore",
    payload=FlagState,
    run=lambda unit, state, _ports: create.restore(unit, state),
    demands=in_project(Permission.CREATE_FEATURE),
    operation="createFeature",
)
CLONE = Op(
    name="flag.clone",
    payload=Clone,
    run=lambda unit, wanted, _ports: create.clone(
        unit, wanted.project, wanted.flag, wanted.name, replace_group_id=wanted.replace_group_id
    ),
    demands=in_project(Permission.CREATE_FEATURE),
    operation="cloneFeature",
)
UPDATE = Op(
    name="flag.update",
    payload=Update,
    run=lambda unit, wanted, _ports: metadata.update(unit, wanted.project, wanted.flag, wanted.change),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="updateFeature",
)
UPDATE_AS_VERSION_4 = Op(
    name="flag.update-as-version-4",
    payload=UpdateAsVersion4,
    run=lambda unit, wanted, _ports: legacy.update(unit, wanted.project, wanted.flag, wanted.change),
    demands=_demands_of_version_4,
    operation="updateFeatureOfVersion4",
)
PATCH = Op(
    name="flag.patch",
    payload=ApplyPatch,
    run=lambda unit, wanted, _ports: metadata.patch(unit, wanted.project, wanted.flag, wanted.patches),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="patchFeature",
)
MARK_STALE = Op(
    name="flag.mark-stale",
    payload=MarkStale,
    run=lambda unit, wanted, _ports: metadata.mark_stale(unit, wanted.project, wanted.flag, wanted.stale),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="staleFeatures",
)
ARCHIVE = Op(
    name="flag.archive",
    payload=Archive,
    run=lambda unit, wanted, _ports: archive.archive(unit, wanted.project, wanted.flag, wanted.at),
    demands=in_project(Permission.DELETE_FEATURE),
    operation="archiveFeature",
)
REVIVE = Op(
    name="flag.revive",
    payload=OfFlag,
    run=lambda unit, wanted, _ports: archive.revive(unit, wanted.project, wanted.flag),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="reviveFeature",
)
DELETE = Op(
    name="flag.delete",
    payload=OfFlag,
    run=lambda unit, wanted, _ports: archive.delete(unit, wanted.project, wanted.flag),
    demands=in_project(Permission.DELETE_FEATURE),
    operation="deleteFeature",
)
TAG = Op(
    name="flag.tag",
    payload=OneTag,
    run=lambda unit, wanted, _ports: tags.add(unit, wanted.flag, wanted.tag, wanted.project),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="addTag",
)
UNTAG = Op(
    name="flag.untag",
    payload=OneTag,
    run=lambda unit, wanted, _ports: tags.remove(unit, wanted.flag, wanted.tag, wanted.project),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="removeTag",
)
UPDATE_TAGS = Op(
    name="flag.update-tags",
    payload=UpdateTags,
    run=lambda unit, wanted, _ports: tags.update(unit, wanted.flag, wanted.added, wanted.removed, wanted.project),
    demands=in_project(Permission.UPDATE_FEATURE),
    operation="updateTags",
)
MOVE = Op(
    name="flag.move",
    payload=Move,
    run=lambda unit, wanted, _ports: move.move(unit, wanted.project, wanted.flag, wanted.new_project),
    demands=lambda wanted: (
        (Demand(Permission.MOVE_FEATURE_TOGGLE, wanted.project),),
        (Demand(Permission.MOVE_FEATURE_TOGGLE, wanted.new_project),),
    ),
    operation="changeProject",
)
SET_VARIANTS = Op(
    name="flag.set-variants",
    payload=SetVariants,
    run=lambda unit, wanted, _ports: variants.replace_everywhere(unit, wanted.project, wanted.flag, wanted.variants),
    demands=in_project(Permission.UPDATE_FEATURE_VARIANTS),
    operation="overwriteFeatureVariants",
)
PATCH_VARIANTS = Op(
    name="flag.patch-variants",
    payload=ApplyPatch,
    run=lambda unit, wanted, _ports: variants.patch_everywhere(unit, wanted.project, wanted.flag, wanted.patches),
    demands=in_project(Permission.UPDATE_FEATURE_VARIANTS),
    operation="patchFeatureVariants",
)
PUSH_VARIANTS = Op(
    name="flag.push-variants",
    payload=PushVariants,
    run=lambda unit, wanted, _ports: variants.push(
        unit, wanted.project, wanted.flag, wanted.environments, wanted.variants
    ),
    demands=_demands_of_push,
    operation="overwriteFeatureVariantsOnEnvironments",
)
OPS = (
    *(CREATE, RESTORE, CLONE, MOVE, UPDATE, UPDATE_AS_VERSION_4, PATCH, MARK_STALE, ARCHIVE, REVIVE, DELETE),
    *(TAG, UNTAG, UPDATE_TAGS, SET_VARIANTS, PATCH_VARIANTS, PUSH_VARIANTS),
)
