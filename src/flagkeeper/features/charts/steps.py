"""Changes of charts as steps."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.charts import commands
from flagkeeper.features.charts.model import ChartDraft, ChartState
from flagkeeper.features.charts.ports import CHARTED_FLAG
from flagkeeper.http.permissions import Permission


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    flag: str | None


class Restore(_Change, frozen=True, kw_only=True):
    state: ChartState


class Update(_Change, frozen=True, kw_only=True):
    draft: ChartDraft


class Delete(_Change, frozen=True, kw_only=True):
    pass


def _demands(wanted: _Change) -> tuple[tuple[Demand, ...], ...]:
    """A step does not say in which project its flag will be by then, so it takes the permission in all of them."""
    return ((Demand(Permission.ADMIN if wanted.flag is None else Permission.UPDATE_FEATURE),),)


RESTORE = Op(
    name="impact-metric.restore",
    payload=Restore,
    run=lambda unit, wanted, ports: commands.restore(unit, wanted.id, wanted.state, ports.answer(CHARTED_FLAG)),
    demands=_demands,
    operation="saveFeatureImpactMetricsConfig",
)
UPDATE = Op(
    name="impact-metric.update",
    payload=Update,
    run=lambda unit, wanted, ports: commands.change(unit, wanted.id, wanted.draft, ports.answer(CHARTED_FLAG)),
    demands=_demands,
    operation="saveFeatureImpactMetricsConfig",
)
DELETE = Op(
    name="impact-metric.delete",
    payload=Delete,
    run=lambda unit, wanted, ports: commands.drop(unit, wanted.id, ports.answer(CHARTED_FLAG)),
    demands=_demands,
    operation="deleteFlagImpactMetricConfig",
)
OPS = (RESTORE, UPDATE, DELETE)
