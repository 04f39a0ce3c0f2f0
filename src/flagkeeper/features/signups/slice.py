"""What the server has to know of sign-up links."""

from flagkeeper.features.signups import api, commands, keeper, steps, tables
from flagkeeper.slice import Slice

SLICE = Slice(
    name="signups",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    names_outside_log=(commands.forget_creators,),
)
