"""The same for many flags: one chunk of names at a time (`Units.run_chunks`), in the order in which all lock them.

A flag that was archived, moved or deleted since the request was checked is left out.
"""

from collections.abc import Iterator, Sequence

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands import archive, metadata, switch
from flagkeeper.features.flags.store import flags, relations

CHUNK = 50
"""Flags per unit: some 20 ms, during which others wait."""
CHUNK_OF_ACTIVATIONS = 10
"""A flag may have 30 strategies to enable, and a unit holds 500 events."""


def archive_many(unit: Unit, names: Sequence[str], *, project: str) -> None:
    """Children have to come before their parents (`queries.children_first`): of a chunk, too, in whatever order."""
    present = list(_present(unit, names, project))
    parents = [name for name in present if relations.children_of(unit.tx, name)]
    for name in [*(each for each in present if each not in parents), *parents]:
        archive.archive(unit, project, name)


def revive_many(unit: Unit, names: Sequence[str], *, project: str) -> None:
    for name in _present(unit, names, project):
        archive.revive(unit, project, name)


def delete_many(unit: Unit, names: Sequence[str], *, project: str) -> None:
    for name in _present(unit, names, project):
        archive.delete(unit, project, name)


def mark_many_stale(unit: Unit, names: Sequence[str], *, project: str, stale: bool) -> None:
    for name in _present(unit, names, project):
        metadata.mark_stale(unit, project, name, stale)


def turn_many_on(
    unit: Unit, names: Sequence[str], *, project: str, environment: str, activate_disabled_strategies: bool
) -> None:
    for name in _present(unit, names, project, in_use=True):
        switch.turn_on(unit, project, name, environment, activate_disabled_strategies=activate_disabled_strategies)


def turn_many_off(unit: Unit, names: Sequence[str], *, project: str, environment: str) -> None:
    for name in _present(unit, names, project, in_use=True):
        switch.turn_off(unit, project, name, environment)


def _present(unit: Unit, names: Sequence[str], project: str, *, in_use: bool = False) -> Iterator[str]:
    """Those of the flags that the project still has, each locked when it comes up."""
    for name in sorted(set(names)):
        flag = flags.find(unit.tx, name)
        if flag is not None and flag.project == project and not (in_use and flag.archived_at is not None):
            yield name
