"""What read models that count ask of an event. Pure."""

from typing import Protocol

from flagkeeper.kernel import clock


class Recorded(Protocol):
    """An event, as far as figures and insights depend on it."""

    @property
    def type(self) -> str: ...
    @property
    def created_at(self) -> clock.Millis: ...
    @property
    def project(self) -> str | None: ...
    @property
    def environment(self) -> str | None: ...
    @property
    def feature_name(self) -> str | None: ...
    @property
    def data(self) -> str | None:
        """As JSON."""
        ...
