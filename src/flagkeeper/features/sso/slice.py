"""What the server has to know of single sign-on."""

from flagkeeper.features.sso import api, steps, tables
from flagkeeper.features.sso.jobs import OidcProvider
from flagkeeper.slice import Part, Slice

OIDC_PROVIDER = Part("oidc_provider", lambda parts: OidcProvider(parts.outbound_client))

SLICE = Slice(
    name="sso",
    routes=api.ROUTES,
    causes=("GET /auth/oidc/callback",),
    tables=tables,
    ops=steps.OPS,
    provides=(OIDC_PROVIDER,),
)
