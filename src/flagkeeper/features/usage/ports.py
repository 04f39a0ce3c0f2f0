"""What usage hands on."""

from typing import Any, Protocol


class TakesImpact(Protocol):
    """Keeps what SDKs measure besides flags. It takes whatever came: what is wrong with it must not cost the rest."""

    def __call__(self, given: Any, app_name: str, environment: str, /) -> None: ...


def take_nothing(_given: Any, _app_name: str, _environment: str) -> None:
    """Nobody keeps it."""
