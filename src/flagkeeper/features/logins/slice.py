"""What the server has to know of logins."""

from flagkeeper.features.logins import api, commands, tables
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.scheduler import Job
from flagkeeper.slice import Slice

FORGET_EVERY = 3600.0

SLICE = Slice(
    name="logins",
    routes=api.ROUTES,
    tables=tables,
    jobs=lambda _: [Job(name="logins", every=FORGET_EVERY, run=lambda units: units.run(SYSTEM, commands.forget))],
    names_outside_log=(commands.forget_names,),
)
