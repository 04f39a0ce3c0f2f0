"""What the server has to know of segments."""

from flagkeeper.features.context_fields.ports import FIELD_SEGMENTS
from flagkeeper.features.projects.ports import SEGMENTS_OF_PROJECT
from flagkeeper.features.segments import api, commands, keeper, queries, steps, tables
from flagkeeper.features.segments.ports import SEGMENT_USES
from flagkeeper.slice import Slice

SLICE = Slice(
    name="segments",
    routes=api.ROUTES,
    eventless={"POST /api/admin/segments/validate": "only asks whether a name is free"},
    tables=tables,
    asks=(SEGMENT_USES,),
    answers=(
        FIELD_SEGMENTS.answered_by(queries.projects_of_segments_on),
        SEGMENTS_OF_PROJECT.answered_by(commands.delete_of_project),
    ),
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    names_outside_log=(commands.forget_creators,),
)
