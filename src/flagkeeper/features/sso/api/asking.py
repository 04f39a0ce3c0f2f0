"""Asking for access, from the page that refuses somebody whom a provider vouches for: a form that needs no script."""

from typing import Any
from urllib.parse import parse_qs

import msgspec
from litestar import Request, Response

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.attempts.model import Tried
from flagkeeper.features.attempts.ports import Attempts
from flagkeeper.features.sso import commands
from flagkeeper.features.sso.model.proof import Asked, proven
from flagkeeper.http import route
from flagkeeper.http.pages import ASK_PATH, PROOF, message_page
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.secrets import Keyring

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 10
_SAID = {
    Asked.NOW: (
        "You have asked for access",
        "An administrator decides. You can log in as you just did as soon as you are let in.",
    ),
    Asked.BEFORE: (
        "You have asked already",
        "Your request waits for an administrator. You can log in as you just did as soon as you are let in.",
    ),
    Asked.HAS_ACCOUNT: ("There is nothing to ask for", "You have an account by now: log in again."),
}

AnyRequest = Request[Any, Any, Any]


class AskForm(msgspec.Struct, frozen=True, kw_only=True):
    proof: str
    """From the page that refused somebody; it is good for ten minutes, and for that person only."""


@route.post(
    ASK_PATH,
    permission=route.PUBLIC,
    scope=route.OWN,
    tag="Auth",
    operation="askForAccess",
    summary="Ask for access, as whom an identity provider has just vouched for",
    status=200,
    errors=(429,),
    accepts={FORM: AskForm},
    returns=str,
    media_type="text/html",
    for_browsers=True,
)
async def ask_for_access(
    request: AnyRequest, attempts: Attempts, units: Units, keyring: Keyring, client_address: str
) -> Response[bytes]:
    await attempts.count(Tried.ACCESS_REQUEST, client_address)
    proof = proven(_proof_in(await request.body()), keyring, clock.now())
    actor = msgspec.structs.replace(SYSTEM, ip=client_address)
    asked = await units.run(actor, commands.ask, proof)
    return Response(message_page(*_SAID[asked]), media_type="text/html", headers={"Cache-Control": "no-store"})


def _proof_in(form: bytes) -> str:
    """Raises `BadData`."""
    try:
        found = parse_qs(form.decode(), max_num_fields=MOST_FIELDS).get(PROOF, [])
    except ValueError as error:
        raise BadData("This form cannot be read. Log in again, and ask then.") from error
    if len(found) != 1:
        raise BadData(f"The form must have one field {PROOF}. Log in again, and ask then.")
    return found[0]


ROUTES = [ask_for_access]
