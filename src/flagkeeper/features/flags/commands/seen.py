"""Keeping when SDKs last evaluated flags: usage and not state, so it has no events."""

from collections.abc import Iterable

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands.lifecycle import follow_usage
from flagkeeper.features.flags.store import seen


def record_seen(unit: Unit, places: Iterable[tuple[str, str]]) -> None:
    """Keeps that these flags were evaluated now, each in an environment. They exist, which the caller has checked."""
    found = set(places)
    seen.save(unit.tx, found, unit.now)
    follow_usage(unit, found)
