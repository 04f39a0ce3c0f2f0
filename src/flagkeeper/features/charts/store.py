"""Loading and saving charts, for commands. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from flagkeeper.features.charts.model import Chart
from flagkeeper.features.charts.tables import impact_charts
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_NAMES = tuple(column.name for column in impact_charts.c)
_selectors = msgspec.json.Decoder(dict[str, list[str]]).decode


def to_chart(*values: Any) -> Chart:
    """A row as a chart."""
    row = dict(zip(_NAMES, values, strict=True))
    return Chart(**{**row, "label_selectors": _selectors(row["label_selectors"])})


OF_FLAG = (
    select(impact_charts)
    .where(impact_charts.c.flag.is_not_distinct_from(bindparam("flag")))
    .order_by(impact_charts.c.created_at, impact_charts.c.id)
)
_BY_ID = Query(select(impact_charts).where(impact_charts.c.id == bindparam("id")).with_for_update(), to_chart)
_OF_FLAG = Query(OF_FLAG.with_for_update(), to_chart)
_COUNT = Query(
    select(func.count()).select_from(impact_charts).where(impact_charts.c.flag.is_not_distinct_from(bindparam("flag"))),
    int,
)
_INSERT = Write[Any](insert(impact_charts))
_UPDATE = Write[Any](
    update(impact_charts)
    .where(impact_charts.c.id == bindparam("id"))
    .values({name: bindparam(name) for name in _NAMES if name != "id"})
)
_DELETE = Write[Any](delete(impact_charts).where(impact_charts.c.id == bindparam("id")))


def load(tx: Transaction, chart_id: str) -> Chart | None:
    """The chart, locked until the unit ends."""
    return tx.first(_BY_ID, id=chart_id)


def of_flag(tx: Transaction, flag: str) -> list[Chart]:
    """All charts of a flag, locked until the unit ends."""
    return tx.all(_OF_FLAG, flag=flag)


def count(tx: Transaction, flag: str | None) -> int:
    return tx.first(_COUNT, flag=flag) or 0


def add(tx: Transaction, chart: Chart) -> None:
    tx.write(_INSERT, **_row(chart))


def save(tx: Transaction, chart: Chart) -> None:
    tx.write(_UPDATE, **_row(chart))


def remove(tx: Transaction, chart_id: str) -> None:
    tx.write(_DELETE, id=chart_id)


def _row(chart: Chart) -> dict[str, Any]:
    row = msgspec.structs.asdict(chart)
    row["label_selectors"] = msgspec.json.encode(chart.label_selectors).decode()
    return row
