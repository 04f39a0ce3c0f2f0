"""The laws of keepers, steps and versions, checked on whatever has happened in a log."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar, cast

from flagkeeper.eventlog import versions
from flagkeeper.eventlog.keeper import Keeper
from flagkeeper.eventlog.step import Ports, Step
from flagkeeper.eventlog.unit import Rehearsal, Unit
from flagkeeper.eventlog.version import Snapshot, StoredVersion
from flagkeeper.keepers import KEEPERS, OPS
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction
from tests.log import Log

Kinds = Collection[str] | None
"""Kinds of subjects that are looked at; None: all."""


T = TypeVar("T")


class StandingIn:
    """Answers ports in the place of higher slices that the story does without."""

    def __init__(self, answers: Mapping[Port[Any], Any]) -> None:
        self._answers = answers

    def answer(self, port: Port[T]) -> T:
        return cast(T, self._answers[port])


def read_now(tx: Transaction, kinds: Kinds = None) -> dict[str, tuple[Snapshot | None, Snapshot | None]]:
    """By subject: its newest version, and what its keeper reads."""
    found: dict[str, tuple[Snapshot | None, Snapshot | None]] = {}
    for path in versions.subjects(tx):
        newest = versions.history(tx, path)[-1]
        if kinds is None or newest.kind in kinds:
            found[path] = KEEPERS.state(newest), KEEPERS.of_path(path).read(tx, [path]).get(path)
    return found


def check_versions(log: Log, kinds: Kinds = None) -> None:
    """What every subject is equals the version that its last event kept."""
    found = log.read(read_now, kinds)
    assert found, "something must have happened"
    for path, (kept, is_now) in found.items():
        assert is_now == kept, path


def check_steps(
    log: Log, ports: Ports, *, kinds: Collection[str], actor: Actor = SYSTEM, refused: Collection[str] | None = ()
) -> int:
    """From what a subject is now, steps lead to every state that it ever had, once everything is there that such a
    state refers to; rehearsed, so that nothing changes. Subjects of these kinds. The number of ways tried. To some
    state of each of `refused` no way leads, and its keeper says so; None: that is not what is asked."""
    tried = 0
    said: set[str] = set()
    before = log.count()
    for event_id, made in log.read(versions.between, 1, before).items():
        for version in made:
            if version.kind not in kinds or _is_now(log, version):
                continue
            try:
                rehearsed = asyncio.run(log.units.rehearse(actor, _bring, version, event_id, ports))
            except _NoWay:
                said.add(version.path)
                continue
            kept = rehearsed.versions.get(version.path)
            assert kept is not None, f"{version.path}: no step touched it"
            assert KEEPERS.state(kept) == KEEPERS.state(version), version.path
            tried += 1
    assert refused is None or said == set(refused)
    assert log.count() == before
    check_versions(log, kinds)
    return tried


def check_removals(log: Log, ports: Ports, *, kinds: Collection[str], actor: Actor = SYSTEM) -> int:
    """From what a subject is now, steps lead to where it was before it was made; rehearsed. How many were tried."""
    tried = 0
    for path, (_, now) in log.read(read_now, kinds).items():
        if now is not None:
            kept = rehearse(log, KEEPERS.of_path(path).steps(path, now, None), ports, actor).versions[path]
            assert KEEPERS.state(kept) is None, path
            tried += 1
    return tried


def rehearse(log: Log, steps: Sequence[Step], ports: Ports, actor: Actor = SYSTEM) -> Rehearsal[Any]:
    def all_of(unit: Unit) -> None:
        for step in steps:
            OPS.run(unit, step, ports)

    return asyncio.run(log.units.rehearse(actor, all_of))


class _NoWay(Exception):
    """A keeper says that no operation leads to a state."""


def _is_now(log: Log, version: StoredVersion) -> bool:
    found: dict[str, Snapshot] = log.read(KEEPERS.of_path(version.path).read, [version.path])
    return found.get(version.path) == KEEPERS.state(version)


def _bring(unit: Unit, version: StoredVersion, event_id: int, ports: Ports) -> None:
    """Makes a subject what it was at an event. What it refers to and is gone comes back first, as it was then."""
    path, then, keeper = version.path, KEEPERS.state(version), KEEPERS.of_path(version.path)
    for needed in keeper.refers(path, then) if then else ():
        other = _keeper_of(needed)
        if other and not other.read(unit.tx, [needed]) and (was := versions.version_at(unit.tx, needed, event_id)):
            _bring(unit, was, event_id, ports)
    now = keeper.read(unit.tx, [path]).get(path)
    try:
        steps = keeper.steps(path, now, then)
    except InvalidOperation as error:
        raise _NoWay(str(error)) from error
    assert bool(steps) == (now != then), path
    for step in steps:
        assert OPS.decode(OPS.encode(step)) == step
        assert all(OPS.demands(step)), f"{step} asks for what nobody can have"
        OPS.run(unit, step, ports)
    assert keeper.read(unit.tx, [path]).get(path) == then, path


def _keeper_of(path: str) -> Keeper[Any] | None:
    try:
        return KEEPERS.of_path(path)
    except KeyError:
        return None
