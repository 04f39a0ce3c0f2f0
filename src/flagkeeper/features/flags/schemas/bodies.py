"""What clients send, where it is more than the model knows already."""

import msgspec

from flagkeeper.features.flags.model.flag import Tags
from flagkeeper.features.flags.model.variant import VariantDraft
from flagkeeper.kernel.limits import AtOnce

MOST_TAGGINGS = 10_000
"""Flags times tags of one request."""


class FlagName(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    project_id: str | None = None
    """Whose naming pattern the name must match."""


class CloneBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    replace_group_id: bool = True


class MoveBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    new_project_id: str


class FlagNames(msgspec.Struct, frozen=True, kw_only=True):
    features: AtOnce[str]


class StaleBody(msgspec.Struct, frozen=True, kw_only=True):
    features: AtOnce[str]
    stale: bool


class SortOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The place of one strategy."""

    id: str
    sort_order: int


class PushVariantsBody(msgspec.Struct, frozen=True, kw_only=True):
    environments: AtOnce[str] = []
    variants: AtOnce[VariantDraft] = []


class TagChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    added_tags: Tags
    removed_tags: Tags

    def flags_per_unit(self) -> int:
        """How many flags may be changed at once: a tag may be two events, and a unit holds 500."""
        return max(1, min(50, 400 // (2 * len(self.added_tags) + len(self.removed_tags) + 1)))


class BulkTagsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    features: AtOnce[str]
    tags: TagChanges

    def __post_init__(self) -> None:
        if len(self.features) * len(self.tags.added_tags + self.tags.removed_tags) > MOST_TAGGINGS:
            raise ValueError(f"At most {MOST_TAGGINGS} tags can be added and removed at once, all flags taken together")


class StrategySegments(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    project_id: str
    strategy_id: str
    environment_id: str
    """The environment's name."""
    segment_ids: AtOnce[int]


class LifetimeBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    lifetime_days: int | None
    """0 or null: flags of the type may live forever."""
