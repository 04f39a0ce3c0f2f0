"""Standard Webhooks: how a receiver knows that a message is ours, whole, recent, and which one it is.

`webhook-id` is the same for every attempt of a delivery, so a receiver can leave out what it has got already.
`webhook-signature` holds one HMAC-SHA256 for each secret: while a secret is exchanged, the old one and the new one.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

import msgspec

from flagkeeper.kernel import clock
from flagkeeper.outbound.outgoing import BrokerMessage, HttpRequest, Mail, Outgoing

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""
MOST_SECRETS = 2
SIZE = 32


def stamped(outgoing: Outgoing, message_id: str, moment: clock.Millis) -> Outgoing:
    """What is sent, with what marks one attempt of it: an id that is the same for all attempts, so that receivers can
    tell copies, and a signature where one was asked for."""
    match outgoing:
        case HttpRequest():
            return _signed(outgoing, message_id, moment)
        case Mail():
            own = {"Message-ID": f"<{message_id}@flagkeeper>"}
            return msgspec.structs.replace(outgoing, headers=outgoing.headers | own)
        case BrokerMessage():
            return msgspec.structs.replace(outgoing, headers=outgoing.headers | {"Nats-Msg-Id": message_id})


def _signed(request: HttpRequest, message_id: str, moment: clock.Millis) -> HttpRequest:
    if request.signing_secrets is None:
        return request
    seconds = str(moment // clock.SECOND)
    own = {"webhook-id": message_id, "webhook-timestamp": seconds}
    if request.signing_secrets:
        content = f"{message_id}.{seconds}.".encode() + request.body
        own["webhook-signature"] = " ".join(_signature(secret, content) for secret in request.signing_secrets)
    others = {name: value for name, value in request.headers.items() if name.lower() not in own}
    return msgspec.structs.replace(request, headers=others | own)


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SIZE)).decode()


def rotated(stored: str) -> str:
    """A fresh secret in front of the one that was newest: both sign, until the next time."""
    return " ".join([new_secret(), *read_secrets(stored)[: MOST_SECRETS - 1]])


def read_secrets(stored: str) -> tuple[str, ...]:
    """The secrets of a parameter, newest first."""
    return tuple(stored.split())


def check_secrets(text: str) -> None:
    """Raises `ValueError` unless `text` is one secret, or two while they are being exchanged."""
    found = read_secrets(text)
    if len(found) > MOST_SECRETS:
        raise ValueError(f"At most {MOST_SECRETS} secrets, separated by a space, can sign at a time.")
    for secret in found:
        _key(secret)


def _signature(secret: str, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(_key(secret), content, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not SHORTEST <= len(key) <= LONGEST or not secret.startswith(PREFIX):
        raise ValueError(f"A signing secret is {PREFIX} and {SHORTEST} to {LONGEST} bytes in base 64.")
    return key
