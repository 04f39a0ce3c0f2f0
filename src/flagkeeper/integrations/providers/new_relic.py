"""New Relic: a custom event, flat, with everything that can be asked for in NRQL."""

import gzip
from typing import Any

import msgspec

from flagkeeper.features.tags.model import TagType
from flagkeeper.integrations.protocol.event_body import event_object, filled, tags
from flagkeeper.integrations.protocol.headers import check_value, with_extra
from flagkeeper.integrations.protocol.message import plain
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
from flagkeeper.kernel import clock

EVENT_TYPE = "UnleashServiceEvent"
"""The name that existing dashboards ask for."""
LONGEST_VALUE = 4_000
"""Bytes are limited to 4,096."""
MOST_ATTRIBUTES = 250
RESERVED = frozenset({"accountId", "appId", "eventType", "timestamp", "type"})

DEFINITION = ProviderDefinition(
    name="new-relic",
    display_name="New Relic",
    description="Sends events to New Relic as custom events.",
    documentation_url="https://docs.newrelic.com/docs/data-apis/ingest-apis/event-api/introduction-event-api/",
    how_to=f"In NRQL, the events are called {EVENT_TYPE}.",
    parameters=(
        Parameter(
            name="url",
            display_name="New Relic Events URL",
            type="url",
            placeholder="https://insights-collector.newrelic.com/v1/accounts/YOUR_ACCOUNT_ID/events",
            description="The address of the event API of your account.",
            required=True,
        ),
        Parameter(
            name="licenseKey",
            display_name="New Relic license key",
            description="A license key for ingest.",
            required=True,
            sensitive=True,
            check=check_value,
        ),
        EXTRA_HEADERS,
        body_template("the attribute message", "{{{eventMarkdown}}}"),
    ),
    events=offered("new-relic"),
    tag_types=(
        TagType(name="new-relic", description="A tag for the flag's events in New Relic", icon="D", color=None),
    ),
)


def build(event: EventOut, parameters: Parameters, _links: Links) -> Built:
    template = parameters.get("bodyTemplate", "")
    try:
        message = filled(template, event) if len(template) > 1 else plain(event.summary)
    except TemplateError as error:
        return Built(parts={}, details={}, warnings=(f"The body template does not work. {error}",))
    body = _flat(event, message)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "Api-Key": parameters["licenseKey"]}
    headers, warnings = with_extra(headers, parameters.get("customHeaders", ""))
    content = gzip.compress(msgspec.json.encode(body), mtime=0)
    return one(HttpRequest(url=parameters["url"], headers=headers, body=content), {"body": body}, warnings)


def _flat(event: EventOut, message: str) -> dict[str, Any]:
    """Attributes are texts or numbers. Our own win over those of the event's data."""
    own = {
        "eventType": EVENT_TYPE,
        "unleashEventType": event.type,
        "featureName": event.feature_name,
        "project": event.project,
        "environment": event.environment,
        "createdBy": event.created_by,
        "createdByUserId": event.created_by_user_id,
        "createdAt": clock.from_iso(event.created_at),
        "message": message,
        **dict(tags(event)),
    }
    data = event_object(event)["data"]
    spread = {name: value for name, value in (data if isinstance(data, dict) else {}).items() if name not in RESERVED}
    attributes = {name: _attribute(value) for name, value in {**spread, **own}.items() if value is not None}
    return dict(list(attributes.items())[-MOST_ATTRIBUTES:])


def _attribute(value: Any) -> str | int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text.encode()[:LONGEST_VALUE].decode(errors="ignore")


PROVIDER = Provider(definition=DEFINITION, build=build, judge=judge_api)
