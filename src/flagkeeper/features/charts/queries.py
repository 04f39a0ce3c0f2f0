"""Reading charts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select

from flagkeeper.features.charts.model import Chart
from flagkeeper.features.charts.ports import ChartedFlag
from flagkeeper.features.charts.store import OF_FLAG, to_chart
from flagkeeper.features.charts.tables import impact_charts
from flagkeeper.features.measurements.model import Kind
from flagkeeper.features.measurements.queries import kinds_of
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_OF_FLAG = Query(OF_FLAG, to_chart)
_BY_IDS = Query(select(impact_charts).where(any_of(impact_charts.c.id, "ids")), to_chart)


class Place(NamedTuple):
    """Where charts belong: to a flag of a project."""

    project: str
    flag: str

    def demand(self, tx: Transaction, charted_flag: ChartedFlag) -> None:
        """Raises `NotFound` when there is no such flag in use."""
        if charted_flag(tx, self.flag) != self.project:
            raise NotFound(f"There is no flag called {self.flag!r} in project {self.project!r}.")


def charts(tx: Transaction, place: Place | None, charted_flag: ChartedFlag) -> tuple[list[Chart], Mapping[str, Kind]]:
    """The charts of a flag, or those that belong to none, in the order in which they were made, with the kinds of their
    metrics as far as somebody has sent them. Raises what `Place.demand` does."""
    if place is not None:
        place.demand(tx, charted_flag)
    found = tx.all(_OF_FLAG, flag=None if place is None else place.flag)
    return found, kinds_of(tx, sorted({each.metric_name for each in found}))


def kind_of(tx: Transaction, metric_name: str) -> Mapping[str, Kind]:
    return kinds_of(tx, [metric_name])


def charts_among(tx: Transaction, ids: Sequence[str]) -> list[Chart]:
    """Those of `ids` that exist."""
    return tx.all(_BY_IDS, ids=list(ids))
