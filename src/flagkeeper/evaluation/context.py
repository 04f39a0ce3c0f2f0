"""About whom a flag is asked. Pure."""

from collections.abc import Mapping

import msgspec

Values = Mapping[str, str]
"""Every field of a context by its name; one that is missing is not there."""

STANDARD = frozenset({"userId", "sessionId", "environment", "appName", "remoteAddress", "currentTime"})
"""Fields that are no properties: a property of such a name is never looked at."""


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

    def values(self) -> Values:
        found = {name: value for name, value in self.properties.items() if name not in STANDARD}
        standard = {
            "userId": self.user_id,
            "sessionId": self.session_id,
            "environment": self.environment,
            "appName": self.app_name,
            "remoteAddress": self.remote_address,
            "currentTime": self.current_time,
        }
        return found | {name: value for name, value in standard.items() if value is not None}
