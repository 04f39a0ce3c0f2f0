"""Datadog: an event in its event stream, to be laid over graphs."""

import msgspec

from flagkeeper.features.tags.model import TagType
from flagkeeper.integrations.protocol.event_body import filled, tags
from flagkeeper.integrations.protocol.headers import check_value, with_extra
from flagkeeper.integrations.protocol.message import cut, markdown
from flagkeeper.integrations.protocol.parameters import EXTRA_HEADERS, body_template
from flagkeeper.integrations.protocol.provider import (
    Built,
    EventOut,
    HttpRequest,
    Links,
    Parameter,
    Parameters,
    Provider,
    ProviderDefinition,
    judge_api,
    offered,
    one,
)
from flagkeeper.integrations.protocol.template import TemplateError

DEFAULT_URL = "https://api.datadoghq.com/api/v1/events"
LONGEST_TEXT = 4_000
LONGEST_TITLE = 100
LONGEST_TAG = 200

DEFINITION = ProviderDefinition(
    name="datadog",
    display_name="Datadog",
    description="Puts events into Datadog's event stream.",
    documentation_url="https://docs.datadoghq.com/api/latest/events/",
    parameters=(
        Parameter(
            name="url",
            display_name="Datadog Events URL",
            type="url",
            placeholder=DEFAULT_URL,
            description=f"The address of the events API at your site; {DEFAULT_URL} unless you say otherwise.",
        ),
        Parameter(
            name="apiKey",
            display_name="Datadog API key",
            description="An API key, not an application key.",
            required=True,
            sensitive=True,
            check=check_value,
        ),
        Parameter(
            name="sourceTypeName",
            display_name="Datadog source type name",
            description="What Datadog shows as the source, when it knows that name.",
        ),
        EXTRA_HEADERS,
        body_template("the text of the event", "{{{eventMarkdown}}}"),
    ),
    address=DEFAULT_URL,
    events=offered("datadog"),
    tag_types=(TagType(name="datadog", description="A tag for the flag's events in Datadog", icon="D", color=None),),
)


def build(event: EventOut, parameters: Parameters, _links: Links) -> Built:
    url, template = parameters.get("url") or DEFAULT_URL, parameters.get("bodyTemplate", "")
    try:
        text = cut(filled(template, event), LONGEST_TEXT) if len(template) > 1 else _sentence(event)
    except TemplateError as error:
        return Built(parts={}, details={"url": url}, warnings=(f"The body template does not work. {error}",))
    about = (("project", event.project), ("environment", event.environment), ("flag", event.feature_name))
    named = [f"{name}:{value}" for name, value in about if value]
    body = {
        "text": text,
        "title": cut(f"{event.label}: {event.feature_name}" if event.feature_name else event.label, LONGEST_TITLE),
        "tags": [tag[:LONGEST_TAG] for tag in [*(f"{type_}:{value}" for type_, value in tags(event)), *named]],
    }
    if source := parameters.get("sourceTypeName"):
        body["source_type_name"] = source
    headers = {"Content-Type": "application/json", "DD-API-KEY": parameters["apiKey"]}
    headers, warnings = with_extra(headers, parameters.get("customHeaders", ""))
    request = HttpRequest(url=url, headers=headers, body=msgspec.json.encode(body))
    return one(request, {"url": url, "body": body}, warnings)


def _sentence(event: EventOut) -> str:
    """Between signs that make Datadog read it as markdown."""
    return f"%%%\n{cut(markdown(event.summary), LONGEST_TEXT - 8)}\n%%%"


PROVIDER = Provider(definition=DEFINITION, build=build, judge=judge_api)
