"""What clients send, where it is more than the model knows already."""

import msgspec

from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.features.flags.model.variant import VariantDraft


class FlagName(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    project_id: str | None = None
    """Whose naming pattern the name shall match."""


class CloneBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    replace_group_id: bool = True


class FlagNames(msgspec.Struct, frozen=True, kw_only=True):
    features: list[str]


class StaleBody(msgspec.Struct, frozen=True, kw_only=True):
    features: list[str]
    stale: bool


class SortOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The place of one strategy."""

    id: str
    sort_order: int


class PushVariantsBody(msgspec.Struct, frozen=True, kw_only=True):
    environments: list[str] = []
    variants: list[VariantDraft] = []


class TagChanges(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    added_tags: list[TagData]
    removed_tags: list[TagData]

    def flags_per_unit(self) -> int:
        """How many flags may be changed at once: a tag may be two events, and a unit holds 500."""
        return max(1, min(50, 400 // (2 * len(self.added_tags) + len(self.removed_tags) + 1)))


class BulkTagsBody(msgspec.Struct, frozen=True, kw_only=True):
    features: list[str]
    tags: TagChanges


class LifetimeBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    lifetime_days: int | None
    """0 or null: flags of the type may live forever."""
