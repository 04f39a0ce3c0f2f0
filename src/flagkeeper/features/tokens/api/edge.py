"""What proxies in front of SDKs (Edge) ask about tokens."""

from flagkeeper.features.tokens.schemas import EdgeTokens, EdgeTokensBody, shown_valid
from flagkeeper.http import route
from flagkeeper.http.authentication import TokenView


@route.post(
    "/edge/validate",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag="Unleash Edge",
    operation="getValidTokens",
    summary="Which of these API tokens are valid, and what they open",
)
async def validate_tokens(data: EdgeTokensBody, token_view: TokenView) -> EdgeTokens:
    return shown_valid(data.tokens, token_view)


ROUTES = [validate_tokens]
