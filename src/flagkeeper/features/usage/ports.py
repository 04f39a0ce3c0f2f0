"""What usage hands on, and where what SDKs report can go."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from flagkeeper.features.usage.model import Count, CountKey, Report, Sighting


class TakesImpact(Protocol):
    """Keeps what SDKs measure besides flags. It takes whatever came: what is wrong with it must not cost the rest."""

    def __call__(self, given: Any, app_name: str, environment: str, /) -> None: ...


class TakesUsage(Protocol):
    """Takes in what SDKs report: the database's collector, or one that hands it on to another server."""

    @property
    def take_impact(self) -> TakesImpact: ...

    def demand_room(self, counts: Iterable[CountKey], sightings: Iterable[Sighting]) -> None:
        """Raises `RateLimited` unless all of a report can be kept."""
        ...

    def see(self, sighting: Sighting) -> None: ...

    def count(self, counts: Mapping[CountKey, Count]) -> None: ...

    def report(self, report: Report) -> None: ...

    def drop(self, number: int) -> None:
        """Says that so many reports came which cannot be read."""
        ...


def take_nothing(_given: Any, _app_name: str, _environment: str) -> None:
    """Nobody keeps it."""
