"""What the server has to know of feedback."""

from flagkeeper.features.feedback import api, tables
from flagkeeper.slice import Slice

SLICE = Slice(
    name="feedback",
    routes=api.ROUTES,
    eventless={
        "POST /feedback": "an opinion changes nothing",
        "POST /api/admin/record-ui-error": "an error of a browser stands in the server's log",
    },
    tables=tables,
)
