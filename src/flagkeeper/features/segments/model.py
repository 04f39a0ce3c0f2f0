"""What a segment is, and the rules for changing one. Pure."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from flagkeeper.evaluation.constraint import Constraint, check_constraints
from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import MOST_AT_ONCE
from flagkeeper.kernel.text import check_line

LONGEST_NAME = 250


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    description: str | None
    constraints: list[Constraint]
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


class SegmentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants a segment to be."""

    name: str
    description: str | None
    constraints: list[Constraint]
    project: str | None


class SegmentState(Snapshot, frozen=True, kw_only=True):
    """A version of a segment."""

    kind: ClassVar = "segment"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["segment"] else None}
    segment: SegmentData

    def draft(self) -> SegmentDraft:
        """What a person would have to ask for, to get it."""
        shown = self.segment
        return SegmentDraft(
            name=shown.name, description=shown.description, constraints=shown.constraints, project=shown.project
        )

    def restored(self) -> Segment:
        """The segment as it was."""
        shown = self.segment
        return Segment(
            id=shown.id,
            name=shown.name,
            description=shown.description,
            constraints=shown.constraints,
            project=shown.project,
            created_by=shown.created_by or "",
            created_at=clock.from_iso(shown.created_at),
        )


def check(draft: SegmentDraft, most_values: int, before: Sequence[Constraint] = ()) -> None:
    """Checks a draft by itself. `most_values`: in all its constraints; `before`: the constraints that the segment has
    already, which need not keep rules that are newer than they are.

    Raises:
        BadData: it breaks a rule.
    """
    if not draft.name.strip() or len(draft.name) > LONGEST_NAME:
        raise BadData("A segment needs a name.", Detail(f"1 to {LONGEST_NAME} characters are allowed.", "/body/name"))
    check_line(draft.name, "/body/name")
    if draft.constraints == before:
        return
    check_constraints(draft.constraints, "/body/constraints", most=MOST_AT_ONCE, most_values=most_values)
    values = sum(len(constraint.values) for constraint in draft.constraints)
    if values > most_values:
        raise BadData(
            f"A segment holds at most {most_values} values in all; this one has {values}.",
            Detail(f"{values} values in all", "/body/constraints"),
        )
