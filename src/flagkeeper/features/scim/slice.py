"""What the server has to know of SCIM."""

from typing import Any

from litestar import Request

from flagkeeper.features.scim.api.protocol import OPERATIONS, ScimEndpoints, leaving_of
from flagkeeper.features.scim.api.settings import ROUTES
from flagkeeper.features.scim.commands import Leaving
from flagkeeper.slice import Parts, Slice


def _leaving(request: Request[Any, Any, Any]) -> Leaving:
    parts: Parts = request.app.state.services
    return leaving_of(parts)


SLICE = Slice(
    name="scim",
    routes=ROUTES,
    per_request={"leaving": _leaving},
    eventless={"POST /scim/v2/.search": "is a read whose question is too long for an address"},
    operations=OPERATIONS,
    endpoints=lambda parts: ScimEndpoints(parts).by_path(),
)
