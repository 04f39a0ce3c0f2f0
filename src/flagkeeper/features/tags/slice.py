"""What the server has to know of tags."""

from flagkeeper.features.tags import api, commands, keeper, steps, tables
from flagkeeper.features.tags.ports import TAGGED_FLAGS
from flagkeeper.slice import Slice

SLICE = Slice(
    name="tags",
    routes=api.ROUTES,
    eventless={"POST /api/admin/tag-types/validate": "only asks whether a name is free"},
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    seed=commands.seed,
    asks=(TAGGED_FLAGS,),
)
