"""Parameters that several providers have. Pure."""

from flagkeeper.integrations.protocol.headers import check_value, read_headers
from flagkeeper.integrations.protocol.provider import Parameter
from flagkeeper.integrations.protocol.signing import check_secrets
from flagkeeper.integrations.protocol.template import parse


def check_switch(text: str) -> None:
    """Raises `ValueError` unless it is `true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("it is either true or false.")


ORDERED = Parameter(
    name="ordered",
    display_name="Strict order",
    placeholder="false",
    description="true: the events of one flag, segment or other thing arrive strictly in the order in which they "
    "happened; one that fails holds up the later ones about the same thing.",
    check=check_switch,
)
"""Every provider has it. A parameter, because clients of Unleash's API pass those on, and nothing else."""

AUTHORIZATION = Parameter(
    name="authorization",
    display_name="Authorization",
    description="Sent as the Authorization header.",
    sensitive=True,
    check=check_value,
)

EXTRA_HEADERS = Parameter(
    name="customHeaders",
    display_name="Extra HTTP Headers",
    type="textfield",
    placeholder='{"X-Team": "payments"}',
    description="More headers, as a JSON object of strings. They win over all others.",
    sensitive=True,
    check=read_headers,
)

SIGNING_SECRET = Parameter(
    name="signingSecret",
    display_name="Signing secret",
    placeholder="whsec_...",
    description="Signs every request as Standard Webhooks describe. Two secrets, separated by a space, both sign while "
    "you exchange them.",
    sensitive=True,
    check=check_secrets,
)


def body_template(what: str, placeholder: str) -> Parameter:
    """A template for `what`."""
    return Parameter(
        name="bodyTemplate",
        display_name="Body template",
        type="textfield",
        placeholder=placeholder,
        description=f"A mustache template for {what}. It knows event, eventJson (as a JSON string) and eventMarkdown "
        "(one sentence); what they hold is escaped for JSON, forms, HTML or text, whichever the body is.",
        check=parse,
    )
