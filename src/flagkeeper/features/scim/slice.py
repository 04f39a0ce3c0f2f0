"""What the server has to know of SCIM."""

from flagkeeper.features.scim.api.protocol import OPERATIONS, ScimEndpoints
from flagkeeper.features.scim.api.settings import ROUTES
from flagkeeper.slice import Slice

SLICE = Slice(
    name="scim",
    routes=ROUTES,
    eventless={"POST /scim/v2/.search": "is a read whose question is too long for an address"},
    operations=OPERATIONS,
    endpoints=lambda parts: ScimEndpoints(parts).by_path(),
)
