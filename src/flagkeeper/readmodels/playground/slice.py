"""What the server has to know of the playground."""

from flagkeeper.readmodels.playground import api
from flagkeeper.slice import Slice

SLICE = Slice(
    name="playground",
    routes=api.ROUTES,
    eventless={
        "POST /api/admin/playground": "only evaluates flags",
        "POST /api/admin/playground/advanced": "only evaluates flags",
    },
)
