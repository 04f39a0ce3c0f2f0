"""E-mail: one plain text for each event."""

import re

from flagkeeper.integrations.protocol.message import plain, plain_with_links
from flagkeeper.integrations.protocol.provider import (
    Built,
    EventOut,
    Links,
    Mail,
    Parameter,
    Parameters,
    Provider,
    ProviderDefinition,
    judge_reply,
    offered,
    one,
)

MOST_RECIPIENTS = 50
LONGEST_SUBJECT = 200
_ADDRESS = re.compile(r"[!-~]+@[A-Za-z0-9.-]+")


def _check_sender(text: str) -> None:
    if not _ADDRESS.fullmatch(text) or set('<>",;:\\()[]') & set(text):
        raise ValueError(f"{text!r} is no e-mail address.")


def _check_recipients(text: str) -> None:
    found = _recipients(text)
    if not 0 < len(found) <= MOST_RECIPIENTS:
        raise ValueError(f"name 1 to {MOST_RECIPIENTS} addresses.")
    for address in found:
        _check_sender(address)


def _recipients(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (address.strip() for address in text.split(",")))))


DEFINITION = ProviderDefinition(
    name="email",
    display_name="E-mail",
    description="Sends an e-mail for every event.",
    documentation_url="https://www.rfc-editor.org/rfc/rfc5321",
    parameters=(
        Parameter(
            name="server",
            display_name="Mail server",
            type="url",
            schemes=("smtp", "smtps"),
            placeholder="smtp://mail.example.com:587",
            description="smtp:// asks the server to encrypt, smtps:// is encrypted from the start. "
            "A password is never sent without encryption.",
            required=True,
        ),
        Parameter(name="username", display_name="Username", description="For the mail server, if it asks for one."),
        Parameter(
            name="password",
            display_name="Password",
            description="For the mail server, if it asks for one.",
            sensitive=True,
        ),
        Parameter(
            name="from",
            display_name="Sender",
            placeholder="flagkeeper@example.com",
            description="The address that the mails come from.",
            required=True,
            check=_check_sender,
        ),
        Parameter(
            name="to",
            display_name="Recipients",
            placeholder="team@example.com, release@example.com",
            description="Addresses, separated by commas.",
            required=True,
            check=_check_recipients,
        ),
    ),
    events=offered("slack-app"),
)


def build(event: EventOut, parameters: Parameters, links: Links) -> Built:
    about = event.feature_name or event.project
    subject = f"[Flagkeeper] {event.label}" + (f": {about}" if about else "")
    facts = (("Flag", event.feature_name), ("Project", event.project), ("Environment", event.environment))
    text = "\n".join(
        [
            plain_with_links(event.summary),
            "",
            *(f"{name}: {value}" for name, value in facts if value),
            f"Time: {event.created_at}",
            f"Event: {event.id} ({event.type})",
            "",
            links.of(event),
            "",
        ]
    )
    mail = Mail(
        server=parameters["server"],
        username=parameters.get("username", ""),
        password=parameters.get("password", ""),
        sender=parameters["from"],
        recipients=_recipients(parameters["to"]),
        subject=re.sub(r"\s+", " ", subject)[:LONGEST_SUBJECT],
        text=text,
        headers={"Auto-Submitted": "auto-generated"},
    )
    return one(mail, {"to": list(mail.recipients), "subject": mail.subject, "message": plain(event.summary)})


PROVIDER = Provider(definition=DEFINITION, build=build, judge=judge_reply)
