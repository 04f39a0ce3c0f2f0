"""A flag itself: its name and metadata, and the rules for them. Pure."""

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec
import re2
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import FlagData, TagData, VariantData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag_type import BUILT_IN
from flagkeeper.features.flags.model.relations import Completion, Dependency, Link, Relations
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.tags.model import bare
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail, LimitExceeded, PatternMismatch

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 10_000
MOST_TAGS = 100
"""Of one flag: every event about it shows all of them."""
Tags = Annotated[list[Tag], msgspec.Meta(max_length=MOST_TAGS)]

_NAME = re.compile(rf"[A-Za-z0-9\-_.!~*'()]{{1,{LONGEST_NAME}}}")
_TYPES = frozenset(each.id for each in BUILT_IN)


class Rollup(msgspec.Struct, frozen=True, kw_only=True):
    """What a flag's environments add to its documented payload."""

    last_seen_at: clock.Millis | None = None
    """When an SDK last asked for it, anywhere."""
    variants: list[VariantData] = []
    """Those of the first environment that has any: flags had variants themselves before environments did."""


def roll_up(states: dict[str, FlagEnvironment], last_seen_at: clock.Millis | None = None) -> Rollup:
    """The rollup of a flag with these states, by environment."""
    variants = (state.variants for _, state in sorted(states.items()) if state.variants)
    return Rollup(last_seen_at=last_seen_at, variants=next(variants, []))


class Flag(msgspec.Struct, frozen=True, rename="camel"):
    """A flag without its environments. The fields are named as the columns are."""

    name: str
    project: str
    type: str
    description: str | None
    stale: bool
    potentially_stale: bool
    """It has outlived the expected lifetime of its type, and nobody has marked it as stale."""
    impression_data: bool
    created_at: clock.Millis
    created_by: str
    created_by_user_id: int
    archived_at: clock.Millis | None

    def payload(self, rollup: Rollup) -> FlagData:
        """How events show it."""
        return FlagData(
            name=self.name,
            description=self.description,
            type=self.type,
            project=self.project,
            stale=self.stale,
            created_at=clock.to_iso(self.created_at),
            last_seen_at=None if rollup.last_seen_at is None else clock.to_iso(rollup.last_seen_at),
            impression_data=self.impression_data,
            archived=self.archived_at is not None,
            archived_at=None if self.archived_at is None else clock.to_iso(self.archived_at),
            variants=rollup.variants,
        )

    def state(self, tags: list[Tag], relations: Relations) -> "FlagState":
        return FlagState(
            name=self.name,
            project=self.project,
            type=self.type,
            description=self.description,
            stale=self.stale,
            impression_data=self.impression_data,
            created_at=self.created_at,
            created_by=self.created_by,
            created_by_user_id=self.created_by_user_id,
            archived_at=self.archived_at,
            tags=[bare(tag) for tag in tags],
            dependencies=relations.dependencies,
            links=relations.links,
            completion=relations.completion,
        )


class FlagState(Snapshot, frozen=True, kw_only=True):
    """A version of a flag. Its environments have versions of their own; whether it is potentially stale follows from
    its age and type, and no event says when that ends."""

    kind: ClassVar = "flag"
    schema: ClassVar = 4
    upcasters: ClassVar = {
        1: lambda state: state if state["flag"] else None,
        2: lambda state: {**state["flag"], "tags": state["tags"]},
        3: lambda state: {**state, "dependencies": [], "links": [], "completion": None},
    }
    name: str
    project: str
    type: str
    description: str | None
    stale: bool
    impression_data: bool
    created_at: clock.Millis
    created_by: str
    created_by_user_id: int
    archived_at: clock.Millis | None
    tags: list[TagData]
    dependencies: list[Dependency]
    links: list[Link]
    completion: Completion | None

    @property
    def relations(self) -> Relations:
        return Relations(dependencies=self.dependencies, links=self.links, completion=self.completion)

    def restored(self) -> Flag:
        """The flag as it was."""
        return Flag(
            name=self.name,
            project=self.project,
            type=self.type,
            description=self.description,
            stale=self.stale,
            potentially_stale=False,
            impression_data=self.impression_data,
            created_at=self.created_at,
            created_by=self.created_by,
            created_by_user_id=self.created_by_user_id,
            archived_at=self.archived_at,
        )


class FlagDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new flag as a client asks for it."""

    name: str
    type: str = "release"
    description: str | None = None
    impression_data: bool = False
    tags: Tags = []


class FlagChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client wants of a flag's metadata to change; what is left out stays."""

    description: str | UnsetType | None = UNSET
    type: str | UnsetType = UNSET
    stale: bool | UnsetType = UNSET
    impression_data: bool | UnsetType = UNSET

    def applied_to(self, flag: Flag) -> Flag:
        """Raises `BadData` when the result breaks a rule."""
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}
        changed = msgspec.structs.replace(flag, **given)
        check_metadata(changed.type, changed.description)
        return marked_stale(changed, changed.stale)


class OldFlagChange(FlagChange, frozen=True, kw_only=True, rename="camel"):
    """What a client of version 4, which knew no environments, wants of a flag to change; what is left out stays."""

    enabled: bool | UnsetType = UNSET
    strategies: list[StrategyDraft] | UnsetType = UNSET

    def metadata(self) -> FlagChange:
        return FlagChange(**{name: getattr(self, name) for name in FlagChange.__struct_fields__})


class FlagMetadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a patch of a flag has to leave behind, whatever else it does."""

    description: str | None = None
    type: str
    stale: bool
    impression_data: bool

    def change(self) -> FlagChange:
        return FlagChange(**msgspec.structs.asdict(self))


def marked_stale(flag: Flag, stale: bool) -> Flag:
    """A flag that is stale is no longer potentially so."""
    return msgspec.structs.replace(flag, stale=stale, potentially_stale=flag.potentially_stale and not stale)


def check_name(name: str) -> None:
    """Raises `BadData` unless the name can stand in a URL as it is."""
    if not _NAME.fullmatch(name) or name in (".", ".."):
        message = f"A flag's name has 1 to {LONGEST_NAME} of the characters A-Z a-z 0-9 - _ . ! ~ * ' ( )."
        raise BadData(message, Detail(message, "/body/name"))


def check_naming(name: str, pattern: str | None) -> None:
    """Checks a name against the pattern that a project wants, which has to fit the whole name.

    Raises:
        PatternMismatch: it does not fit.
    """
    if pattern and not re2.fullmatch(pattern, name):
        message = f"The project wants names that match {pattern}, and {name!r} does not."
        raise PatternMismatch(message, Detail(message, "/body/name"))


def check_room_for_tags(own: Sequence[Tag], added: Sequence[Tag]) -> None:
    """Raises `LimitExceeded` when a flag with the tags `own` would have too many; one that has them keeps them."""
    new = {(tag.type, tag.value) for tag in added} - {(tag.type, tag.value) for tag in own}
    if new and len(own) + len(new) > MOST_TAGS:
        raise LimitExceeded(f"A flag has at most {MOST_TAGS} tags. Remove some first.")


def check_metadata(type_: str, description: str | None) -> None:
    """Raises `BadData` for an unknown type, or a description that is too long."""
    if type_ not in _TYPES:
        message = f"There is no flag type {type_!r}; use one of {', '.join(sorted(_TYPES))}."
        raise BadData(message, Detail(message, "/body/type"))
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        message = f"A description has at most {LONGEST_DESCRIPTION} characters."
        raise BadData(message, Detail(message, "/body/description"))
