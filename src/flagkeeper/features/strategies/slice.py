"""What the server has to know of the definitions of strategies."""

from flagkeeper.features.strategies import api, commands, keeper, steps, tables
from flagkeeper.features.strategies.ports import STRATEGY_USES
from flagkeeper.slice import Slice

SLICE = Slice(
    name="strategies",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    seed=commands.seed,
    asks=(STRATEGY_USES,),
)
