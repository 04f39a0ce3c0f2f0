"""The states of charts, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.charts import queries, steps
from flagkeeper.features.charts.model import ChartState
from flagkeeper.storage.transaction import Transaction


class ChartKeeper:
    """Of all charts, `impact-metric/{id}`."""

    pattern = "impact-metric/{id}"
    state = ChartState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, ChartState]:
        found = queries.charts_among(tx, [names(path, 1)[0] for path in paths])
        return {f"impact-metric/{each.id}": each.state() for each in found}

    def refers(self, _path: str, state: ChartState) -> Iterable[str]:
        return [f"flag/{state.flag}"] if state.flag else []

    def steps(self, path: str, now: ChartState | None, then: ChartState | None) -> list[Step]:
        (id_,) = names(path, 1)
        if now == then:
            return []
        if now is None:
            return [Step(steps.RESTORE.name, steps.Restore(id=id_, flag=then.flag, state=then))] if then else []
        if then is None:
            return [Step(steps.DELETE.name, steps.Delete(id=id_, flag=now.flag))]
        return [Step(steps.UPDATE.name, steps.Update(id=id_, flag=now.flag, draft=then.draft))]


KEEPERS = (ChartKeeper(),)
