"""NATS JetStream: every event as a CloudEvent, under a subject that consumers can filter."""

import re

import msgspec

from flagkeeper.integrations.protocol.cloud_event import STRUCTURED, structured
from flagkeeper.integrations.protocol.provider import (
    EVERY_TYPE,
    BrokerMessage,
    Built,
    EventOut,
    Links,
    Parameter,
    Parameters,
    Provider,
    ProviderDefinition,
    judge_reply,
    one,
)

DEFAULT_SUBJECT = "flagkeeper"
NOTHING = "_"
"""Stands in a subject for a project or environment that an event does not have."""
_PIECE = r"[A-Za-z0-9_-]+"


def _check_subject(text: str) -> None:
    if not re.fullmatch(rf"{_PIECE}(\.{_PIECE})*", text):
        raise ValueError("a subject has letters, digits, - and _, in parts separated by dots.")


DEFINITION = ProviderDefinition(
    name="nats",
    display_name="NATS JetStream",
    description="Publishes every event to a stream of NATS JetStream.",
    documentation_url="https://docs.nats.io/nats-concepts/jetstream",
    how_to="Make a stream that keeps the subject flagkeeper.> first. Subjects are flagkeeper.<project>.<environment>."
    "<event type>, with _ for what an event does not have. Messages are CloudEvents.",
    parameters=(
        Parameter(
            name="server",
            display_name="Server",
            type="url",
            schemes=("nats", "tls"),
            placeholder="tls://nats.example.com:4222",
            description="tls:// insists on encryption. A password is never sent without it.",
            required=True,
        ),
        Parameter(name="username", display_name="Username", description="If the server asks for one."),
        Parameter(
            name="password",
            display_name="Password",
            description="If the server asks for one.",
            sensitive=True,
        ),
        Parameter(
            name="token",
            display_name="Token",
            description="If the server asks for one instead.",
            sensitive=True,
        ),
        Parameter(
            name="subject",
            display_name="Subject",
            placeholder=DEFAULT_SUBJECT,
            description=f"What all subjects begin with; {DEFAULT_SUBJECT} unless you say otherwise.",
            check=_check_subject,
        ),
    ),
    events=EVERY_TYPE,
)


def build(event: EventOut, parameters: Parameters, links: Links) -> Built:
    parts = [_part(event.project), _part(event.environment), event.type]
    subject = ".".join([parameters.get("subject") or DEFAULT_SUBJECT, *parts])
    shown = structured(event, links)
    message = BrokerMessage(
        server=parameters["server"],
        username=parameters.get("username", ""),
        password=parameters.get("password", ""),
        token=parameters.get("token", ""),
        subject=subject,
        headers={"Content-Type": STRUCTURED},
        body=msgspec.json.encode(shown),
    )
    return one(message, {"subject": subject, "body": shown})


def _part(name: str | None) -> str:
    """A name as a part of a subject: what has a meaning there becomes `_`."""
    return re.sub(r"[^A-Za-z0-9_-]", NOTHING, name) if name else NOTHING


PROVIDER = Provider(definition=DEFINITION, build=build, judge=judge_reply)
