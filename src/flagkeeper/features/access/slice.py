"""What the server has to know of access."""

from flagkeeper.features.access import api, commands, keeper, steps, tables
from flagkeeper.features.access.ports import ENVIRONMENT_NAMES, ROOT_ROLE_USES
from flagkeeper.slice import Slice

SLICE = Slice(
    name="access",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    seed=commands.seed,
    ops=steps.OPS,
    eventless={"POST /api/admin/roles/validate": "only asks whether a role could be made"},
    asks=(ENVIRONMENT_NAMES, ROOT_ROLE_USES),
)
