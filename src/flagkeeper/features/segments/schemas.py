"""Segments on the wire."""

import msgspec

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.features.context_fields.ports import StrategyUse
from flagkeeper.features.segments.model import Segment, SegmentDraft
from flagkeeper.kernel import clock


class SegmentBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client sends to create or replace a segment."""

    name: str
    description: str | None = None
    project: str | None = None
    constraints: list[Constraint]

    def draft(self) -> SegmentDraft:
        return SegmentDraft(
            name=self.name, description=self.description, project=self.project or None, constraints=self.constraints
        )


class SegmentName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str


class SegmentOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str
    description: str | None
    constraints: list[Constraint]
    project: str | None
    created_by: str
    created_at: clock.Iso
    used_in_projects: int = 0
    used_in_features: int = 0


class SegmentList(msgspec.Struct, frozen=True, kw_only=True):
    segments: list[SegmentOut]


class SegmentStrategies(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    strategies: list[StrategyUse]
    change_request_strategies: list[StrategyUse]


def shown(segment: Segment, uses: list[StrategyUse]) -> SegmentOut:
    return SegmentOut(
        id=segment.id,
        name=segment.name,
        description=segment.description,
        constraints=segment.constraints,
        project=segment.project,
        created_by=segment.created_by,
        created_at=clock.to_iso(segment.created_at),
        used_in_projects=len({use.project_id for use in uses}),
        used_in_features=len({use.feature_name for use in uses}),
    )
