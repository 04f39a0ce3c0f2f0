"""Which events a request asks for: the query language and Unleash's parameters, which must hold together. Pure."""

from collections.abc import Iterable

from flagkeeper.eventlog.query import EventQuery, parse
from flagkeeper.eventlog.query.parameters import FILTERS, read_parameters
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.views.moments import read_zone

ZONE = "The zone of the reader's days, `Europe/Berlin`: for `since:2026-11-22`, `since:7d`, `from` ... By default UTC."
QUERY = {"q": "A search in the query language: `type:feature-* env:production since:2h`", **FILTERS, "tz": ZONE}
"""The parameters, and what documentation says about them."""


def read_query(given: Iterable[tuple[str, str]], now: Millis) -> EventQuery:
    """What the parameter `q` and the filters say; `now` is what `since:2h` counts from, once and for all.

    Raises:
        BadData: one of them makes no sense; names the parameter, and in `q` the position.
    """
    parameters = list(given)
    zone = read_zone(next((value for name, value in parameters if name == "tz"), None))
    filters = read_parameters(parameters, zone)
    written = parse(" ".join(value for name, value in parameters if name == "q"), now, zone=zone, typed=True)
    since = [each for each in (filters.since, written.since) if each is not None]
    until = [each for each in (filters.until, written.until) if each is not None]
    return EventQuery(
        conditions=(*filters.conditions, *written.conditions),
        since=max(since, default=None),
        until=min(until, default=None),
    )
