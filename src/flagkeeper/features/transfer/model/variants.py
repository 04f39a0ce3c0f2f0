"""Variants as documents have them: what is left out is what it mostly is. Pure."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.document import VariantOverride
from flagkeeper.eventlog.catalogue.payload import VariantData
from flagkeeper.features.flags.model.variant import WHOLE, PayloadDraft, VariantDraft


class VariantItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    weight: Annotated[int, msgspec.Meta(ge=0, le=WHOLE)]
    weight_type: Literal["variable", "fix"] = "variable"
    stickiness: str = "default"
    payload: PayloadDraft | UnsetType = UNSET
    overrides: list[VariantOverride] | UnsetType = UNSET

    def draft(self) -> VariantDraft:
        return VariantDraft(
            name=self.name,
            weight=self.weight,
            weight_type=self.weight_type,
            stickiness=self.stickiness,
            payload=None if self.payload is UNSET else self.payload,
            overrides=[] if self.overrides is UNSET else self.overrides,
        )


def drafts_of(variants: Sequence[VariantItem]) -> list[VariantDraft]:
    return [each.draft() for each in variants]


def items_of(variants: Sequence[VariantData]) -> list[VariantItem]:
    """As they go out."""
    return msgspec.convert(msgspec.to_builtins(variants), list[VariantItem])
