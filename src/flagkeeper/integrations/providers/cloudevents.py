"""CloudEvents 1.0 over HTTP, for event routers: Knative, Azure Event Grid, Argo Events and the like."""

from urllib.parse import quote

import msgspec

from flagkeeper.integrations.protocol.cloud_event import STRUCTURED, attributes, structured
from flagkeeper.integrations.protocol.event_body import event_json, event_object, masked_url
from flagkeeper.integrations.protocol.headers import with_extra
from flagkeeper.integrations.protocol.parameters import AUTHORIZATION, EXTRA_HEADERS, SIGNING_SECRET
from flagkeeper.integrations.protocol.provider import (
    EVERY_TYPE,
    Built,
    EventOut,
    HttpRequest,
    Links,
    Parameter,
    Parameters,
    Provider,
    ProviderDefinition,
    one,
)
from flagkeeper.integrations.protocol.signing import read_secrets

MODES = ("structured", "binary")
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


def _check_mode(text: str) -> None:
    if text not in MODES:
        raise ValueError(f"it is {' or '.join(MODES)}.")


DEFINITION = ProviderDefinition(
    name="cloudevents",
    display_name="CloudEvents",
    description="Sends every event as a CloudEvent 1.0 by HTTP.",
    documentation_url="https://cloudevents.io",
    how_to="In structured mode, the body holds everything; in binary mode, headers hold the attributes and the body is "
    "the event.",
    parameters=(
        Parameter(
            name="url",
            display_name="URL",
            type="url",
            description="Where to send the events.",
            required=True,
            sensitive=True,
        ),
        Parameter(
            name="mode",
            display_name="Content mode",
            placeholder=MODES[0],
            description=f"{' or '.join(MODES)}; {MODES[0]} unless you say otherwise.",
            check=_check_mode,
        ),
        AUTHORIZATION,
        EXTRA_HEADERS,
        SIGNING_SECRET,
    ),
    events=EVERY_TYPE,
)


def build(event: EventOut, parameters: Parameters, links: Links) -> Built:
    headers = {"Content-Type": STRUCTURED}
    if parameters.get("mode") == "binary":
        named = attributes(event, links)
        headers = {"Content-Type": named.pop("datacontenttype")}
        headers |= {f"ce-{name}": quote(value, safe=_PLAIN) for name, value in named.items()}
        body, shown = event_json(event), event_object(event)
    else:
        shown = structured(event, links)
        body = msgspec.json.encode(shown)
    details = {"url": masked_url(parameters["url"]), "contentType": headers["Content-Type"], "body": shown}
    if authorization := parameters.get("authorization"):
        headers["Authorization"] = authorization
    headers, warnings = with_extra(headers, parameters.get("customHeaders", ""))
    secrets = read_secrets(parameters.get("signingSecret", ""))
    request = HttpRequest(url=parameters["url"], headers=headers, body=body, signing_secrets=secrets)
    return one(request, details, warnings)


PROVIDER = Provider(definition=DEFINITION, build=build)
