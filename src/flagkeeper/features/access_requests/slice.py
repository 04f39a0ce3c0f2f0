"""What the server has to know of requests for access."""

from flagkeeper.features.access_requests import api, commands, keeper, tables
from flagkeeper.features.access_requests.ports import ADMIT
from flagkeeper.slice import Slice

SLICE = Slice(
    name="access_requests",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    asks=(ADMIT,),
    names_outside_log=(commands.forget_askers,),
)
