"""What the server has to know of single sign-on."""

from flagkeeper.features.access_requests.ports import ADMIT
from flagkeeper.features.sso import api, commands, steps, tables
from flagkeeper.features.sso.jobs import OidcProvider
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.scheduler import Job
from flagkeeper.slice import Part, Slice

FORGET_EVERY = 600.0
OIDC_PROVIDER = Part("oidc_provider", lambda parts: OidcProvider(parts.outbound_client))

SLICE = Slice(
    name="sso",
    routes=api.ROUTES,
    causes=("GET /auth/oidc/callback", "GET /auth/saml/finish"),
    eventless={"POST /auth/saml/callback": "keeps what a provider says until the browser that asked for it comes"},
    tables=tables,
    ops=steps.OPS,
    answers=(ADMIT.answered_by(commands.admit),),
    jobs=lambda _: [
        Job(name="saml-answers", every=FORGET_EVERY, run=lambda units: units.run(SYSTEM, commands.forget_answers))
    ],
    provides=(OIDC_PROVIDER,),
)
