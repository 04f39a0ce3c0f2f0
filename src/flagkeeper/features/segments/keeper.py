"""The states of segments, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.segments import queries, steps
from flagkeeper.features.segments.model import SegmentState
from flagkeeper.storage.transaction import Transaction


class SegmentKeeper:
    """Of all segments, `segment/{id}`."""

    pattern = "segment/{id}"
    state = SegmentState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, SegmentState]:
        found = queries.segments_of(tx, [int(names(path, 1)[0]) for path in paths])
        return {f"segment/{each.id}": each.state() for each in found}

    def refers(self, _path: str, state: SegmentState) -> Iterable[str]:
        return [f"project/{state.segment.project}"] if state.segment.project else []

    def steps(self, path: str, now: SegmentState | None, then: SegmentState | None) -> list[Step]:
        if now == then:
            return []
        if then is None:
            id_ = int(names(path, 1)[0])
            return [Step(steps.DELETE.name, steps.Delete(id=id_, project=now.segment.project if now else None))]
        if now is None:
            return [Step(steps.RESTORE.name, then)]
        wanted = steps.Update(id=then.segment.id, project=now.segment.project, draft=then.draft())
        return [Step(steps.UPDATE.name, wanted)]


KEEPERS = (SegmentKeeper(),)
