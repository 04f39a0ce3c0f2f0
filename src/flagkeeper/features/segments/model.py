"""What a segment is, and the rules for changing one (facts: platform-model.md, section 7). Pure."""

from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.payload import ConstraintData, SegmentData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.context.model import check_constraints
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail

MOST_SEGMENTS = 300
MOST_VALUES = 1000
"""Values in all constraints of one segment together."""
LONGEST_NAME = 250


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    description: str | None
    constraints: list[ConstraintData]
    project: str | None
    """None: any project may use it."""
    created_by: str
    created_at: clock.Millis

    def payload(self) -> SegmentData:
        """How events show it."""
        return SegmentData(
            id=self.id,
            name=self.name,
            description=self.description,
            constraints=self.constraints,
            created_by=self.created_by,
            created_at=clock.to_iso(self.created_at),
            project=self.project,
        )

    def state(self) -> "SegmentState":
        return SegmentState(segment=self.payload())


class SegmentState(Snapshot, frozen=True, kw_only=True):
    kind: ClassVar = "segment"
    segment: SegmentData | None
    """None: it was deleted."""


class SegmentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants a segment to be."""

    name: str
    description: str | None
    constraints: list[ConstraintData]
    project: str | None


def check(draft: SegmentDraft) -> None:
    """Checks a draft by itself.

    Raises:
        BadData: it breaks a rule.
    """
    if not draft.name.strip() or len(draft.name) > LONGEST_NAME:
        raise BadData("A segment needs a name.", Detail(f"1 to {LONGEST_NAME} characters are allowed.", "/body/name"))
    check_constraints(draft.constraints, "/body/constraints")
    values = sum(len(constraint.values) for constraint in draft.constraints)
    if values > MOST_VALUES:
        raise BadData(
            f"A segment holds at most {MOST_VALUES} values in all; this one has {values}.",
            Detail(f"{values} values in all", "/body/constraints"),
        )
