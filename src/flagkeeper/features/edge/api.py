"""What Edge asks for in signed requests."""

from typing import Any

import msgspec
from litestar import Request

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.edge import commands
from flagkeeper.features.edge.model import PATH, Signed, demand_signature
from flagkeeper.features.edge.ports import EdgeSecret
from flagkeeper.features.edge.schemas import IssueBody, shown
from flagkeeper.features.tokens.schemas import EdgeTokens
from flagkeeper.http import route
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM


@route.post(
    PATH,
    permission=route.PUBLIC,
    scope=route.OWN,
    tag="Unleash Edge",
    operation="edgeCreateOrReturnTokens",
    summary="Tokens that open projects in environments, for whoever signs with the secret of Edge",
    errors=(401, 403),
)
async def issue_tokens(
    data: IssueBody, request: Request[Any, Any, Any], units: Units, edge_secret: EdgeSecret, client_address: str
) -> EdgeTokens:
    signed = _signed(request, await request.body())
    demand_signature(signed, edge_secret.text, clock.now())
    actor = msgspec.structs.replace(SYSTEM, ip=client_address)
    return shown(await units.run(actor, commands.issue, signed.nonce, data.wanted(), edge_secret.text))


def _signed(request: Request[Any, Any, Any], body: bytes) -> Signed:
    headers = request.headers
    return Signed(
        authorization=headers.get("authorization", ""),
        timestamp=headers.get("x-timestamp", ""),
        nonce=headers.get("x-nonce", ""),
        content_sha256=headers.get("content-sha256", ""),
        body=body,
    )


ROUTES = [issue_tokens]
