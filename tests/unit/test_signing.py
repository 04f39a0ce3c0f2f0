"""Signatures, verified with the library of those who wrote Standard Webhooks."""

import base64
import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from flagkeeper.integrations.protocol.signing import check_secrets, new_secret, read_secrets, rotated, stamped
from flagkeeper.outbound.outgoing import BrokerMessage, HttpRequest, Mail

BODY = '{"text": "Überraschung"}'.encode()


def attempt(secrets: tuple[str, ...] | None, moment: int | None = None, **headers: str) -> HttpRequest:
    request = HttpRequest(url="https://hooks.corp.example", headers=headers, body=BODY, signing_secrets=secrets)
    sent = stamped(request, "msg_01J", int(time.time() * 1000) if moment is None else moment)
    assert isinstance(sent, HttpRequest)
    return sent


def test_the_library_accepts_a_signature() -> None:
    secret = new_secret()
    assert Webhook(secret).verify(BODY, attempt((secret,)).headers) == json.loads(BODY)


def test_the_example_of_the_specification() -> None:
    request = HttpRequest(
        url="https://x.example",
        body=b'{"test": 2432232314}',
        signing_secrets=("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",),
    )
    sent = stamped(request, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330_000)
    assert isinstance(sent, HttpRequest)
    assert sent.headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_another_secret_another_body_and_an_old_attempt_are_not_accepted() -> None:
    secret = new_secret()
    sent = attempt((secret,))
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, sent.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", sent.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, attempt((secret,), 1_600_000_000_000).headers)


def test_while_a_secret_is_exchanged_both_are_accepted() -> None:
    first = rotated("")
    second = rotated(first)
    newest, before = read_secrets(second)
    assert before == first
    headers = attempt(read_secrets(second)).headers
    for secret in (newest, before):
        Webhook(secret).verify(BODY, headers)
    third = read_secrets(rotated(second))
    assert (len(third), third[1]) == (2, newest)
    with pytest.raises(WebhookVerificationError):
        Webhook(before).verify(BODY, attempt(third).headers)


def test_every_attempt_has_the_same_id_and_a_time_of_its_own() -> None:
    first, second = attempt((), 1_000_000), attempt((), 2_000_500)
    assert first.headers == {"webhook-id": "msg_01J", "webhook-timestamp": "1000"}
    assert second.headers == {"webhook-id": "msg_01J", "webhook-timestamp": "2000"}


def test_nobody_can_forge_the_headers_by_extra_ones() -> None:
    secret = new_secret()
    sent = attempt((secret,), None, **{"Webhook-Id": "mine", "WEBHOOK-SIGNATURE": "v1,forged", "X-Other": "kept"})
    assert sorted(sent.headers) == ["X-Other", "webhook-id", "webhook-signature", "webhook-timestamp"]
    Webhook(secret).verify(BODY, sent.headers)


def test_receivers_that_know_nothing_of_it_get_nothing_of_it() -> None:
    assert attempt(None, Authorization="x").headers == {"Authorization": "x"}


def test_mails_and_messages_carry_the_id_in_their_own_way() -> None:
    mail = Mail(server="smtp://x", sender="a@x", recipients=("b@x",), subject="s", text="t", headers={"A": "1"})
    sent = stamped(mail, "01J", 0)
    assert isinstance(sent, Mail)
    assert sent.headers == {"A": "1", "Message-ID": "<01J@flagkeeper>"}
    message = stamped(BrokerMessage(server="nats://x", subject="s", body=b""), "01J", 0)
    assert isinstance(message, BrokerMessage)
    assert message.headers == {"Nats-Msg-Id": "01J"}


@pytest.mark.parametrize(
    "text",
    [
        "secret",
        "whsec_",
        "whsec_not base64",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        base64.b64encode(b"x" * 32).decode(),
        " ".join(new_secret() for _ in range(3)),
    ],
)
def test_what_is_no_secret_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        check_secrets(text)


def test_secrets_are_accepted() -> None:
    for size in (24, 32, 64):
        check_secrets("whsec_" + base64.b64encode(b"x" * size).decode())
    check_secrets(f"{new_secret()} {new_secret()}")
    assert new_secret() != new_secret()
