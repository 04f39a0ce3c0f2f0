"""About whom a flag is asked. Pure."""

from collections.abc import Callable, Mapping

import msgspec


class Context(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that strategies and constraints look at; None is a field that is missing."""

    current_time: str
    """An ISO 8601 time with a zone."""
    user_id: str | None = None
    session_id: str | None = None
    environment: str | None = None
    app_name: str | None = None
    remote_address: str | None = None
    properties: Mapping[str, str] = {}
    """Every other field."""


Lookup = Callable[[Context], str | None]

_STANDARD: Mapping[str, Lookup] = {
    "userId": lambda context: context.user_id,
    "sessionId": lambda context: context.session_id,
    "environment": lambda context: context.environment,
    "appName": lambda context: context.app_name,
    "remoteAddress": lambda context: context.remote_address,
    "currentTime": lambda context: context.current_time,
}


def field(name: str) -> Lookup:
    """What reads the field of this name."""
    return _STANDARD.get(name) or (lambda context: context.properties.get(name))
