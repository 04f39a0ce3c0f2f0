"""A flag itself: its name and metadata, and the rules for them (facts: platform-model.md, section 2). Pure."""

import re
from typing import ClassVar

import msgspec
import re2
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.payload import FlagData, TagData, VariantData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag_type import BUILT_IN
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail, PatternMismatch

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 10_000

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

    def state(self, tags: list[TagData], environments: dict[str, FlagEnvironment] | None = None) -> "FlagState":
        return FlagState(flag=self, tags=tags, environments=environments)


class FlagState(Snapshot, frozen=True, kw_only=True):
    """A version of a flag."""

    kind: ClassVar = "flag"
    flag: Flag | None
    """None: it was deleted."""
    tags: list[TagData]
    environments: dict[str, FlagEnvironment] | None
    """By name, where the event covers them too (reviving switches all off). None: they were not touched."""


class FlagDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new flag as a client asks for it."""

    name: str
    type: str = "release"
    description: str | None = None
    impression_data: bool = False
    tags: list[TagData] = []


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


def check_metadata(type_: str, description: str | None) -> None:
    """Raises `BadData` for an unknown type, or a description that is too long."""
    if type_ not in _TYPES:
        message = f"There is no flag type {type_!r}; use one of {', '.join(sorted(_TYPES))}."
        raise BadData(message, Detail(message, "/body/type"))
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        message = f"A description has at most {LONGEST_DESCRIPTION} characters."
        raise BadData(message, Detail(message, "/body/description"))
