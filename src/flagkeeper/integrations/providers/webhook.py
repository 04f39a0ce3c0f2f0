"""Webhooks: the event, or a template filled with it, to any address."""

from flagkeeper.integrations.protocol.event_body import event_json, event_object, filled, masked_url
from flagkeeper.integrations.protocol.headers import check_value, with_extra
from flagkeeper.integrations.protocol.parameters import AUTHORIZATION, EXTRA_HEADERS, SIGNING_SECRET, body_template
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
from flagkeeper.integrations.protocol.signing import read_secrets
from flagkeeper.integrations.protocol.template import TemplateError

DEFAULT_CONTENT_TYPE = "application/json"

DEFINITION = ProviderDefinition(
    name="webhook",
    display_name="Webhook",
    description="Sends every event as an HTTP request to an address of your choice.",
    documentation_url="https://www.standardwebhooks.com",
    how_to="Each request is a POST with the event as JSON. Use a body template if your receiver wants another form. "
    "With a signing secret, requests carry Standard Webhooks signatures.",
    parameters=(
        Parameter(
            name="url",
            display_name="Webhook URL",
            type="url",
            description="Where to send the events.",
            required=True,
            sensitive=True,
        ),
        Parameter(
            name="contentType",
            display_name="Content-Type",
            placeholder=DEFAULT_CONTENT_TYPE,
            description=f"Of the body; {DEFAULT_CONTENT_TYPE} unless you say otherwise.",
            check=check_value,
        ),
        AUTHORIZATION,
        EXTRA_HEADERS,
        body_template(
            "the body; without one, the event is sent as JSON",
            '{"flag": "{{event.featureName}}", "text": "{{{eventMarkdown}}}", "json": {{{eventJson}}}}',
        ),
        SIGNING_SECRET,
    ),
    events=offered("webhook"),
)


def build(event: EventOut, parameters: Parameters, _links: Links) -> Built:
    template = parameters.get("bodyTemplate", "")
    content_type = parameters.get("contentType") or DEFAULT_CONTENT_TYPE
    details = {"url": masked_url(parameters["url"]), "contentType": content_type}
    try:
        body = filled(template, event, parameters.get("contentType", "")) if len(template) > 1 else None
    except TemplateError as error:
        return Built(parts={}, details=details, warnings=(f"The body template does not work. {error}",))
    headers = {"Content-Type": content_type}
    if authorization := parameters.get("authorization"):
        headers["Authorization"] = authorization
    headers, warnings = with_extra(headers, parameters.get("customHeaders", ""))
    request = HttpRequest(
        url=parameters["url"],
        headers=headers,
        body=event_json(event) if body is None else body.encode(),
        signing_secrets=read_secrets(parameters.get("signingSecret", "")),
    )
    return one(request, {**details, "body": event_object(event) if body is None else body}, warnings)


PROVIDER = Provider(definition=DEFINITION, build=build)
