"""Events as CloudEvents 1.0: the envelope that event routers understand. Pure."""

from flagkeeper.eventlog.read import EventOut
from flagkeeper.integrations.protocol.event_body import event_object
from flagkeeper.integrations.protocol.provider import Links

TYPE_PREFIX = "flagkeeper."
STRUCTURED = "application/cloudevents+json; charset=utf-8"


def attributes(event: EventOut, links: Links) -> dict[str, str]:
    """The context attributes. `source` and `id` together are unique: the server, and the event's place in its log."""
    path = [
        f"projects/{event.project}" if event.project else "",
        f"features/{event.feature_name}" if event.feature_name else "",
    ]
    found = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": links.base_url,
        "type": TYPE_PREFIX + event.type,
        "time": event.created_at,
        "subject": "/".join(filter(None, path)),
        "datacontenttype": "application/json",
        "project": event.project or "",
        "environment": event.environment or "",
    }
    return {name: value for name, value in found.items() if value}


def structured(event: EventOut, links: Links) -> dict[str, object]:
    """Attributes and data in one object."""
    return {**attributes(event, links), "data": event_object(event)}
