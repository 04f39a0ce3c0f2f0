"""What the server has to know of access."""

from flagkeeper.features.access import api, commands, keeper, tables
from flagkeeper.features.access.ports import ENVIRONMENT_NAMES
from flagkeeper.slice import Slice

SLICE = Slice(
    name="access",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    seed=commands.seed,
    asks=(ENVIRONMENT_NAMES,),
)
