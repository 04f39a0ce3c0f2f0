"""Noting what somebody has read. It changes nothing that is audited."""

from collections.abc import Collection, Sequence

from flagkeeper.eventlog.unit import Unit
from flagkeeper.readmodels.notifications import store


def read(unit: Unit, user_id: int, wanted: Collection[int], shown: Sequence[int]) -> None:
    """Of what is shown to somebody, these have been read."""
    if shown:
        store.read(unit.tx, user_id, set(wanted) & set(shown), unit.now, min(shown))
