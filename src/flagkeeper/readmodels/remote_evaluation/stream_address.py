"""The address of a stream of OFREP. Browsers cannot send a header with it, so it says itself who may open it: for an
hour or two, by a signature that all servers of one database know. It holds no secret that opens anything else."""

import re
from collections.abc import Callable

from flagkeeper.http.caller import Credential
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadCredentials
from flagkeeper.kernel.secrets import Keyring

PATH = "/ofrep/v1/streams"
WINDOW = clock.HOUR
"""How long all answers for one token offer the same address: providers reconnect for each that differs. It opens the
stream for one more."""
_QUERY = re.compile(rb"tokenId=(?P<token>[0-9]{1,19})&until=(?P<until>[0-9]{1,12})&signature=(?P<signature>[\w-]{43})")


def window_of(now: clock.Millis) -> int:
    return now // WINDOW


def address_of(credential: Credential, window: int, keyring: Keyring) -> str:
    """Path and query of the stream that is offered to a token in a window."""
    until = (window + 2) * WINDOW // clock.SECOND
    signature = keyring.sign(_signed(credential, str(until)))
    return f"{PATH}?tokenId={credential.id}&until={until}&signature={signature}"


def opened_by(
    query: bytes, now: clock.Millis, keyring: Keyring, of_token: Callable[[str], Credential | None]
) -> tuple[str, Credential]:
    """The id of the token to which an address was offered, and what that opens now.

    Raises:
        BadCredentials: it was not offered by us, it has expired, or its token is valid no more.
    """
    found = _QUERY.fullmatch(query)
    if found is None:
        raise _refused("This is no address of a stream.")
    token_id, until = found["token"].decode(), found["until"].decode()
    credential = of_token(token_id)
    if credential is None or not keyring.has_signed(_signed(credential, until), found["signature"].decode()):
        raise _refused("The signature is wrong, or the token is valid no more.")
    if int(until) * clock.SECOND <= now:
        raise _refused("The address has expired.")
    return token_id, credential


def _signed(credential: Credential, until: str) -> str:
    return f"ofrep stream\n{credential.id}\n{credential.environment}\n{until}"


def _refused(why: str) -> BadCredentials:
    return BadCredentials(f"{why} Evaluate all flags again: the answer offers an address that holds.")
