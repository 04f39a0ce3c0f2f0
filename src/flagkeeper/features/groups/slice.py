"""What the server has to know of groups."""

from flagkeeper.features.access.ports import ROOT_ROLE_USES
from flagkeeper.features.groups import api, commands, keeper, queries, steps, tables
from flagkeeper.features.users.ports import GROUPS_OF_USER
from flagkeeper.slice import Slice

SLICE = Slice(
    name="groups",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    answers=(
        ROOT_ROLE_USES.answered_by(queries.root_role_uses),
        GROUPS_OF_USER.answered_by(commands.leave_all),
    ),
    names_outside_log=(commands.forget_creators,),
)
