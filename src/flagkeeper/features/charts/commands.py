"""Changing charts: load, decide, write, record."""

import msgspec

from flagkeeper.eventlog.catalogue.system import ImpactMetricCreated, ImpactMetricDeleted, ImpactMetricUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.charts import store
from flagkeeper.features.charts.model import MOST_CHARTS, Chart, ChartDraft, ChartState
from flagkeeper.features.charts.ports import ChartedFlag
from flagkeeper.features.charts.queries import Place
from flagkeeper.kernel.errors import Conflict, LimitExceeded, NotFound
from flagkeeper.kernel.ids import new_ulid


def create(unit: Unit, place: Place | None, draft: ChartDraft, charted_flag: ChartedFlag) -> Chart:
    """Makes a chart for a flag, or for none. Raises `BadData`, `LimitExceeded`, or `NotFound` for the flag."""
    flag = None if place is None else place.flag
    if place is not None:
        place.demand(unit.tx, charted_flag)
    made = Chart(id=new_ulid(), flag=flag, created_at=unit.now, **msgspec.structs.asdict(draft))
    return _add(unit, made, None if place is None else place.project)


def restore(unit: Unit, chart_id: str, state: ChartState, charted_flag: ChartedFlag) -> None:
    """Brings a chart that was deleted back, as it was. Raises what `create` does, or `Conflict` when it is there."""
    if store.load(unit.tx, chart_id) is not None:
        raise Conflict(f"There is a chart with the id {chart_id}.")
    project = _project(unit, state.flag, charted_flag)
    if state.flag is not None and project is None:
        raise NotFound(f"There is no flag called {state.flag!r}.")
    draft = msgspec.structs.asdict(state.draft)
    _add(unit, Chart(id=chart_id, flag=state.flag, created_at=state.created_at, **draft), project)


def update(unit: Unit, place: Place | None, chart_id: str, draft: ChartDraft, charted_flag: ChartedFlag) -> Chart:
    """Raises `BadData`, or `NotFound` for a chart that is not there."""
    return _save(unit, load(unit, place, chart_id, charted_flag), draft, charted_flag)


def change(unit: Unit, chart_id: str, draft: ChartDraft, charted_flag: ChartedFlag) -> None:
    """The same, wherever the chart is."""
    _save(unit, _demand(chart_id, store.load(unit.tx, chart_id)), draft, charted_flag)


def delete(unit: Unit, place: Place | None, chart_id: str, charted_flag: ChartedFlag) -> None:
    """Raises `NotFound`."""
    old = load(unit, place, chart_id, charted_flag)
    _remove(unit, old, None if place is None else place.project)


def drop(unit: Unit, chart_id: str, charted_flag: ChartedFlag) -> None:
    """The same, wherever the chart is."""
    old = _demand(chart_id, store.load(unit.tx, chart_id))
    _remove(unit, old, _project(unit, old.flag, charted_flag))


def delete_of_flag(unit: Unit, flag: str, project: str) -> None:
    """Deletes the charts of a flag that is being deleted."""
    for chart in store.of_flag(unit.tx, flag):
        _remove(unit, chart, project)


def load(unit: Unit, place: Place | None, chart_id: str, charted_flag: ChartedFlag) -> Chart:
    """A chart of this place. Raises `NotFound`."""
    if place is not None:
        place.demand(unit.tx, charted_flag)
    found = _demand(chart_id, store.load(unit.tx, chart_id))
    if found.flag != (None if place is None else place.flag):
        raise _missing(chart_id)
    return found


def _add(unit: Unit, chart: Chart, project: str | None) -> Chart:
    chart.check()
    if store.count(unit.tx, chart.flag) >= MOST_CHARTS:
        raise LimitExceeded(f"There are {MOST_CHARTS} charts here already, which is the limit. Delete one first.")
    store.add(unit.tx, chart)
    event = ImpactMetricCreated(feature_name=chart.flag, project=project, data=chart.payload())
    unit.record(event, chart.state())
    return chart


def _save(unit: Unit, old: Chart, draft: ChartDraft, charted_flag: ChartedFlag) -> Chart:
    new = old.changed(draft)
    new.check()
    if new != old:
        store.save(unit.tx, new)
        event = ImpactMetricUpdated(
            feature_name=new.flag,
            project=_project(unit, new.flag, charted_flag),
            data=new.payload(),
            pre_data=old.payload(),
        )
        unit.record(event, new.state())
    return new


def _remove(unit: Unit, old: Chart, project: str | None) -> None:
    store.remove(unit.tx, old.id)
    unit.record(ImpactMetricDeleted(feature_name=old.flag, project=project, pre_data=old.payload()), Gone(ChartState))


def _project(unit: Unit, flag: str | None, charted_flag: ChartedFlag) -> str | None:
    return None if flag is None else charted_flag(unit.tx, flag)


def _demand(chart_id: str, found: Chart | None) -> Chart:
    if found is None:
        raise _missing(chart_id)
    return found


def _missing(chart_id: str) -> NotFound:
    return NotFound(f"There is no chart with the id {chart_id!r} here.")
