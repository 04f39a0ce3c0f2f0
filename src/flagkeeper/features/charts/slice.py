"""What the server has to know of charts."""

from flagkeeper.features.charts import api, keeper, steps, tables
from flagkeeper.features.charts.ports import CHARTED_FLAG
from flagkeeper.slice import Slice

SLICE = Slice(
    name="charts", routes=api.ROUTES, tables=tables, asks=(CHARTED_FLAG,), keepers=keeper.KEEPERS, ops=steps.OPS
)
