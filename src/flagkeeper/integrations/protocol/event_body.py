"""The event as receivers get it. Pure."""

import re
from typing import Any

import msgspec

from flagkeeper.eventlog.read import EventOut
from flagkeeper.integrations.protocol.message import simple
from flagkeeper.integrations.protocol.template import InJson, place_of, render

MASK = "*****"
"""Stands for what is sensitive wherever parameters are shown."""

_AUTHORITY_END = re.compile(r"[/?#]")
_encode = msgspec.json.encode


def event_json(event: EventOut) -> bytes:
    """The whole event, with label and summary."""
    return _encode(event)


def event_object(event: EventOut) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(_encode(event))
    return found


def tag_values(event: EventOut, tag_type: str) -> list[str]:
    """The values of the event's tags of one type."""
    return [value for type_, value in tags(event) if type_ == tag_type]


def tags(event: EventOut) -> list[tuple[str, str]]:
    """Type and value of each tag."""
    found: list[dict[str, str]] = msgspec.json.decode(event.tags) or []
    return [(each["type"], each["value"]) for each in found]


def filled(template: str, event: EventOut, content_type: str = "") -> str:
    """A body template with an event in it: `event`, `eventJson` (a JSON string when it stands in three braces) and
    `eventMarkdown`, the sentence. All are escaped as a body of that type needs it.

    Raises:
        TemplateError: see `template.render`.
    """
    shown = event_object(event)
    text = _encode(shown).decode()
    values = {"event": shown, "eventJson": _encode(text).decode(), "eventMarkdown": InJson(simple(event.summary))}
    return render(template, values, place_of(content_type, template))


def masked_url(url: str) -> str:
    """Whom it is for, and not the rest, which may be a secret."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{_AUTHORITY_END.split(rest, maxsplit=1)[0].rpartition('@')[2]}/{MASK}"
