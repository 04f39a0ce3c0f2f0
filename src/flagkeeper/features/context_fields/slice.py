"""What the server has to know of context fields."""

from flagkeeper.features.context_fields import api, commands, keeper, steps, tables
from flagkeeper.features.context_fields.ports import FIELD_CONSTRAINTS, FIELD_SEGMENTS, FIELD_USES
from flagkeeper.features.projects.ports import FIELDS_OF_PROJECT
from flagkeeper.slice import Slice

SLICE = Slice(
    name="context_fields",
    routes=api.ROUTES,
    eventless={
        "POST /api/admin/context/validate": "only asks whether a name is free",
        "POST /api/admin/projects/{projectId}/context/validate": "only asks whether a name is free",
    },
    tables=tables,
    seed=commands.seed,
    asks=(FIELD_USES, FIELD_SEGMENTS, FIELD_CONSTRAINTS),
    answers=(FIELDS_OF_PROJECT.answered_by(commands.delete_of_project),),
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
)
