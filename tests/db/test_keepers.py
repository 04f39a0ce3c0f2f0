"""Keepers, steps and rehearsals: what is equals what the log kept, and steps lead to every state of before."""

import asyncio

import pytest

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog import versions
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.segments.ports import SEGMENT_USES
from flagkeeper.keepers import OPS
from flagkeeper.kernel.errors import BadData, NameExists
from tests.keeping import StandingIn, check_steps, check_versions
from tests.log import ALICE, Log

PORTS = StandingIn({SEGMENT_USES: lambda _tx, _ids: {}})


def draft(name: str, *values: str, project: str | None = None) -> SegmentDraft:
    constraints = [Constraint(context_name="userId", operator="IN", values=list(values))] if values else []
    return SegmentDraft(name=name, description=None, constraints=constraints, project=project)


def segment_story(log: Log) -> None:
    for seed in (access.seed, environments.seed, projects.seed):
        log.run(seed)
    kept = log.run(segments.create, draft("kept", "1"))
    log.run(segments.update, kept.id, draft("kept", "1", "2"), PORTS.answer(SEGMENT_USES))
    log.run(segments.update, kept.id, draft("renamed", project="default"), PORTS.answer(SEGMENT_USES))
    deleted = log.run(segments.create, draft("deleted", "7"))
    log.run(segments.delete, deleted.id, PORTS.answer(SEGMENT_USES))


def test_segments(log: Log) -> None:
    segment_story(log)
    check_versions(log)
    assert check_steps(log, PORTS, kinds={"segment"}) == 3


def test_a_rehearsal_leaves_no_trace_and_says_what_a_run_then_records(log: Log) -> None:
    segment = log.run(segments.create, draft("a", "1"))

    def command(unit: Unit) -> None:
        segments.update(unit, segment.id, draft("b", "1"), PORTS.answer(SEGMENT_USES))

    rehearsed = asyncio.run(log.units.rehearse(ALICE, command))
    assert log.count() == 1
    check_versions(log)
    log.run(command)
    (event, _) = log.events(limit=2)
    (told,) = rehearsed.events
    assert (told.id, told.type, told.data, told.pre_data) == (0, event.type, event.data, event.pre_data)
    assert (told.summary, told.created_by) == (event.summary, ALICE.name)
    path = f"segment/{segment.id}"
    assert rehearsed.versions == {path: log.read(versions.history, path)[-1]}


def test_a_rehearsal_fails_as_the_command_does(log: Log) -> None:
    log.run(segments.create, draft("a"))
    with pytest.raises(NameExists):
        asyncio.run(log.units.rehearse(ALICE, segments.create, draft("a")))
    assert log.count() == 1


def test_a_step_that_was_stored_is_checked_when_it_is_read() -> None:
    with pytest.raises(BadData, match=r"no operation called 'segment\.paint'"):
        OPS.decode(b'{"op":"segment.paint","payload":{}}')
    for damaged in (b"{", b'{"op":"segment.delete","payload":{"id":"x","project":null}}', b"[]"):
        with pytest.raises(BadData, match="no step"):
            OPS.decode(damaged)
