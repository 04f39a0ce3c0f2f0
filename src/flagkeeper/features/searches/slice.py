"""What the server has to know of saved searches."""

from flagkeeper.features.searches import api, commands, keeper, steps, tables
from flagkeeper.features.users.ports import SEARCHES_OF_USER
from flagkeeper.slice import Slice

SLICE = Slice(
    name="searches",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    answers=(SEARCHES_OF_USER.answered_by(commands.leave_shared_of),),
    names_outside_log=(commands.forget_names,),
)
