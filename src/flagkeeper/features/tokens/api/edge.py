"""What proxies in front of SDKs (Edge) ask about tokens."""

from flagkeeper.features.tokens.schemas import EdgeToken, EdgeTokens, EdgeTokensBody
from flagkeeper.http import route
from flagkeeper.http.authentication import TokenView
from flagkeeper.http.caller import Kind


@route.post(
    "/edge/validate",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag="Unleash Edge",
    operation="getValidTokens",
    summary="Which of these API tokens are valid, and what they open",
)
async def validate_tokens(data: EdgeTokensBody, token_view: TokenView) -> EdgeTokens:
    found = [(secret, token_view.find(secret)) for secret in dict.fromkeys(data.tokens)]
    return EdgeTokens(
        tokens=[
            EdgeToken(token=secret, type=known.kind, environment=known.environment, projects=known.projects)
            for secret, known in found
            if known is not None and known.kind is not Kind.USER
        ]
    )


ROUTES = [validate_tokens]
