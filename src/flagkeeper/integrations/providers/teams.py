"""Microsoft Teams by a connector of Office 365, which Microsoft has retired."""

import re

import msgspec

from flagkeeper.integrations.protocol.headers import with_extra
from flagkeeper.integrations.protocol.message import cut, markdown, markdown_text, plain
from flagkeeper.integrations.protocol.parameters import EXTRA_HEADERS
from flagkeeper.integrations.protocol.provider import (
    Alert,
    Answer,
    Built,
    EventOut,
    HttpRequest,
    Judgement,
    Links,
    Outcome,
    Parameter,
    Parameters,
    Provider,
    ProviderDefinition,
    judge_http,
    offered,
    one,
)

LONGEST_TEXT = 5_000
"""Characters: Teams takes 28 kB for a whole message."""
_FAILED = re.compile(rb"delivery failed|returned HTTP error", re.IGNORECASE)
_STATUS = re.compile(rb"HTTP error (\d{3})\b", re.IGNORECASE)
OLD = "Microsoft has retired connectors of this kind. Use the provider Microsoft Teams - Workflow for new ones."

DEFINITION = ProviderDefinition(
    name="teams",
    display_name="Microsoft Teams",
    description="Posts messages to a Teams channel by an Office 365 connector.",
    documentation_url="https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using",
    deprecated=OLD,
    alerts=(Alert(type="warning", text=OLD),),
    parameters=(
        Parameter(
            name="url",
            display_name="Microsoft Teams webhook URL",
            type="url",
            description="The address of the connector.",
            required=True,
            sensitive=True,
        ),
        EXTRA_HEADERS,
    ),
    events=offered("teams"),
)


def build(event: EventOut, parameters: Parameters, links: Links) -> Built:
    body = {
        "@type": "MessageCard",
        "@context": "https://schema.org/extensions",
        "themeColor": "0076D7",
        "summary": cut(plain(event.summary), LONGEST_TEXT),
        "sections": [
            {
                "activityTitle": cut(markdown(event.summary), LONGEST_TEXT),
                "activitySubtitle": "Flagkeeper",
                "facts": [
                    {"name": "User", "value": markdown_text(event.created_by)},
                    {"name": "Action", "value": markdown_text(event.label)},
                ],
            }
        ],
        "potentialAction": [
            {
                "@type": "OpenUri",
                "name": "Open in Flagkeeper",
                "targets": [{"os": "default", "uri": links.of(event)}],
            }
        ],
    }
    headers, warnings = with_extra({"Content-Type": "application/json"}, parameters.get("customHeaders", ""))
    request = HttpRequest(url=parameters["url"], headers=headers, body=msgspec.json.encode(body))
    return one(request, {"body": body}, warnings)


def judge(answer: Answer) -> Judgement:
    """Connectors answer 200 also when Teams refused the message; the body says so, often with Teams' own status."""
    found = judge_http(answer)
    if found.outcome is not Outcome.OK or not _FAILED.search(answer.body):
        return found
    status = _STATUS.search(answer.body)
    if status is None:
        return Judgement(Outcome.RETRY, "Teams did not take the message.")
    said = judge_http(msgspec.structs.replace(answer, status=int(status[1]), body=b""))
    outcome = Outcome.RETRY if said.outcome is Outcome.OK else said.outcome
    return Judgement(outcome, f"Teams did not take the message. {said.reason}")


PROVIDER = Provider(definition=DEFINITION, build=build, judge=judge)
