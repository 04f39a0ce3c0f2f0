"""Context fields on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.context import LegalValue
from flagkeeper.features.context_fields.model import ContextField
from flagkeeper.features.context_fields.ports import StrategyUse
from flagkeeper.kernel import clock


class ContextFieldOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    description: str | None
    stickiness: bool
    sort_order: int
    legal_values: list[LegalValue]
    created_at: clock.Iso
    project: str | UnsetType = UNSET
    used_in_projects: int | UnsetType = UNSET
    used_in_features: int | UnsetType = UNSET


class ContextFieldName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str


class ContextFieldStrategies(msgspec.Struct, frozen=True, kw_only=True):
    strategies: list[StrategyUse]


def shown(field: ContextField, uses: list[StrategyUse] | None = None) -> ContextFieldOut:
    """With how many use it, where that is known."""
    return ContextFieldOut(
        name=field.name,
        description=field.description,
        stickiness=field.stickiness,
        sort_order=field.sort_order,
        legal_values=field.legal_values,
        created_at=clock.to_iso(field.created_at),
        project=field.project or UNSET,
        used_in_projects=UNSET if uses is None else len({use.project_id for use in uses}),
        used_in_features=UNSET if uses is None else len({use.feature_name for use in uses}),
    )
