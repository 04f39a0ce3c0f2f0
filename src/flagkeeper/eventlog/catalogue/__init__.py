"""All event types: one frozen struct each, everything about a type in one place. Pure.

Every list of types is made from the classes: the enumeration of the API, the filters, what integrations offer,
the documentation.
"""

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import or_
from types import MappingProxyType, ModuleType

from flagkeeper.eventlog.catalogue import (
    access,
    application,
    change,
    change_request,
    context,
    environment,
    feature,
    feature_relation,
    feature_strategy,
    integration,
    own,
    project,
    project_access,
    release,
    safeguard,
    segment,
    signal,
    strategy,
    system,
    tag,
    token,
    transfer,
)
from flagkeeper.eventlog.catalogue.event import About, Concern, Event, Reach, Tag

_MODULES = (
    application,
    feature,
    feature_strategy,
    feature_relation,
    transfer,
    strategy,
    context,
    project,
    project_access,
    access,
    tag,
    integration,
    environment,
    segment,
    token,
    change_request,
    change,
    signal,
    release,
    safeguard,
    system,
    own,
)


def _defined_in(module: ModuleType) -> Iterator[type[Event]]:
    for found in vars(module).values():
        if isinstance(found, type) and issubclass(found, Event) and found.__module__ == module.__name__:
            yield found


EVENTS: Mapping[str, type[Event]] = MappingProxyType(
    {kind.about.type: kind for module in _MODULES for kind in _defined_in(module)}
)
"""Every type by its wire name, in the order of the documentation."""


def types_for(*concerns: Concern) -> frozenset[str]:
    """The types that concern any of these."""
    wanted = reduce(or_, concerns)
    return frozenset(name for name, kind in EVENTS.items() if wanted & kind.about.concerns)


CLIENT_TYPES = types_for(Concern.CLIENTS)
"""The types after which SDK clients may receive something else than before."""

TIMELINE_TYPES = frozenset(name for name, kind in EVENTS.items() if kind.about.timeline)
"""The types that the event timeline shows by default."""


def about(name: str) -> About | None:
    """What is true of a type. None for one that this version does not know: a newer server may have written it."""
    kind = EVENTS.get(name)
    return kind.about if kind else None


def offered_to(provider: str) -> tuple[str, ...]:
    """The types that an integration provider offers, in the order of the documentation."""
    return tuple(name for name, kind in EVENTS.items() if provider in kind.about.offered_to)


__all__ = [
    "CLIENT_TYPES",
    "EVENTS",
    "TIMELINE_TYPES",
    "About",
    "Concern",
    "Event",
    "Reach",
    "Tag",
    "about",
    "offered_to",
    "types_for",
]
