"""What the server has to know of groups."""

from flagkeeper.features.groups import api, commands, keeper, steps, tables
from flagkeeper.features.users.ports import GROUPS_OF_USER
from flagkeeper.slice import Slice

SLICE = Slice(
    name="groups",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    answers=(GROUPS_OF_USER.answered_by(commands.leave_all),),
    names_outside_log=(commands.forget_creators,),
)
