"""Microsoft Teams by a workflow that posts what a webhook receives: an adaptive card."""

import msgspec

from flagkeeper.integrations.protocol.headers import with_extra
from flagkeeper.integrations.protocol.message import cut, markdown, markdown_text
from flagkeeper.integrations.protocol.parameters import EXTRA_HEADERS
from flagkeeper.integrations.protocol.provider import (
    Built,
    EventOut,
    HttpRequest,
    Links,
    Parameter,
    Parameters,
    Provider,
    ProviderDefinition,
    offered,
    one,
)

LONGEST_TEXT = 5_000
"""Characters: Teams takes 28 kB for a whole message."""

DEFINITION = ProviderDefinition(
    name="teamsworkflow",
    display_name="Microsoft Teams - Workflow",
    description="Posts messages to a Teams channel or chat by a workflow.",
    documentation_url="https://support.microsoft.com/office/8ae491c7-0394-4861-ba59-055e33f75498",
    how_to="In Teams, add the workflow that posts to a channel when a webhook request is received, and enter its "
    "address here.",
    parameters=(
        Parameter(
            name="url",
            display_name="Workflow URL",
            type="url",
            description="The address that the workflow shows after it was made.",
            required=True,
            sensitive=True,
        ),
        EXTRA_HEADERS,
    ),
    events=offered("teamsworkflow"),
)


def build(event: EventOut, parameters: Parameters, links: Links) -> Built:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [
            {
                "type": "TextBlock",
                "text": markdown_text(event.label),
                "size": "Large",
                "weight": "Bolder",
                "wrap": True,
            },
            {"type": "TextBlock", "text": cut(markdown(event.summary), LONGEST_TEXT), "wrap": True},
            {
                "type": "FactSet",
                "facts": [
                    {"title": "User:", "value": markdown_text(event.created_by)},
                    {"title": "Action:", "value": markdown_text(event.type)},
                ],
            },
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Open in Flagkeeper", "url": links.of(event)}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    body = {"type": "message", "attachments": [attachment]}
    headers, warnings = with_extra({"Content-Type": "application/json"}, parameters.get("customHeaders", ""))
    request = HttpRequest(url=parameters["url"], headers=headers, body=msgspec.json.encode(body))
    return one(request, {"body": body}, warnings)


PROVIDER = Provider(definition=DEFINITION, build=build)
