"""What the server has to know of projects."""

from flagkeeper.features.environments.ports import PROJECTS_BY_ENVIRONMENT
from flagkeeper.features.projects import api, commands, keeper, queries, steps, tables
from flagkeeper.features.projects.ports import FLAG_ENVIRONMENTS, PROJECT_FLAGS, STRATEGY_RULES, THINGS_OF_PROJECT
from flagkeeper.slice import Slice

SLICE = Slice(
    name="projects",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    undertakings=steps.UNDERTAKINGS,
    eventless={"POST /api/admin/projects/validate": "only asks whether an id is free"},
    seed=commands.seed,
    asks=(PROJECT_FLAGS, FLAG_ENVIRONMENTS, STRATEGY_RULES, *THINGS_OF_PROJECT),
    answers=(PROJECTS_BY_ENVIRONMENT.answered_by(queries.count_by_environment),),
)
