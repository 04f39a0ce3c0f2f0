"""Which events a request asks for: the query language and Unleash's parameters, which must hold together. Pure."""

from collections.abc import Iterable

from flagkeeper.eventlog.query import EventQuery, parse
from flagkeeper.eventlog.query.parameters import FILTERS, read_parameters
from flagkeeper.kernel.clock import Millis

QUERY = {"q": "A search in the query language: `type:feature-* env:production since:2h`", **FILTERS}
"""The parameters, and what documentation says about them."""


def read_query(given: Iterable[tuple[str, str]], now: Millis) -> EventQuery:
    """What the parameter `q` and the filters say; `now` is what `since:2h` counts from, once and for all.

    Raises:
        BadData: one of them makes no sense; names the parameter, and in `q` the position.
    """
    parameters = list(given)
    filters = read_parameters(parameters)
    written = parse(" ".join(value for name, value in parameters if name == "q"), now)
    since = [each for each in (filters.since, written.since) if each is not None]
    until = [each for each in (filters.until, written.until) if each is not None]
    return EventQuery(
        conditions=(*filters.conditions, *written.conditions),
        since=max(since, default=None),
        until=min(until, default=None),
    )
