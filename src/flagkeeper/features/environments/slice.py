"""What the server has to know of environments."""

from flagkeeper.features.access.ports import ENVIRONMENT_NAMES
from flagkeeper.features.environments import api, commands, keeper, queries, steps, tables
from flagkeeper.features.environments.ports import (
    ENABLED_FLAGS_BY_ENVIRONMENT,
    ENVIRONMENT_PROJECTS,
    PROJECTS_BY_ENVIRONMENT,
    TOKENS_BY_ENVIRONMENT,
    TOKENS_OF_ENVIRONMENT,
    uses_of,
)
from flagkeeper.slice import Part, Slice
from flagkeeper.storage.transaction import Transaction


def _names(tx: Transaction) -> list[str]:
    return [environment.name for environment in queries.all_environments(tx)]


ENVIRONMENT_USES = Part("environment_uses", uses_of)

SLICE = Slice(
    name="environments",
    routes=api.ROUTES,
    eventless={"POST /api/admin/environments/validate": "only asks whether a name is free"},
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    undertakings=steps.UNDERTAKINGS,
    seed=commands.seed,
    asks=(
        *(PROJECTS_BY_ENVIRONMENT, TOKENS_BY_ENVIRONMENT, ENABLED_FLAGS_BY_ENVIRONMENT),
        *(ENVIRONMENT_PROJECTS, TOKENS_OF_ENVIRONMENT),
    ),
    answers=(ENVIRONMENT_NAMES.answered_by(_names),),
    provides=(ENVIRONMENT_USES,),
)
