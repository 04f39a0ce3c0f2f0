"""Stories: changes one after the other. Each is rehearsed before it is made, and the laws are checked after it."""

import asyncio
import os
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from flagkeeper.eventlog.read import EventRow
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.errors import FlagkeeperError
from tests.faults import Faults, one
from tests.keeping import check_versions, read_now
from tests.log import ALICE, Log

Change = Callable[[Unit], Any]

SEEDS = range(int(os.environ.get("FLAGKEEPER_TEST_STORIES", "1")))
"""Of random stories: `make torture` tells more of them."""

_FAULTS = Faults(one)
_OWN = re.compile(r'(?<=")(?:[0-7][0-9A-HJKMNP-TV-Z]{25}|\d{4}-\d\d-\d\dT[\d:.]+Z)(?=")')


def tell(log: Log, story: Iterable[Change], *, kinds: Collection[str], actor: Actor = ALICE) -> None:
    """Makes every change. None of them may fail, save that one statement of each kind of change does, before it is
    made: then nothing of it is there."""
    with _FAULTS.during(log.units.writer):
        for change in story:
            refused = attempt(log, change, kinds=kinds, actor=actor)
            if refused is not None:
                raise refused


def attempt(log: Log, change: Change, *, kinds: Collection[str], actor: Actor = ALICE) -> FlagkeeperError | None:
    """Makes a change, which a rehearsal tells in advance: the same events, or the same refusal, which is returned.
    Subjects of these kinds are what their versions say afterwards."""
    before, states = log.count(), log.read(read_now, kinds)
    rehearsed = _result(lambda: asyncio.run(log.units.rehearse(actor, change)).events)
    assert (log.count(), log.read(read_now, kinds)) == (before, states), "a rehearsal left a trace"

    def run() -> list[EventRow]:
        log.units.run_now(actor, change)
        return log.events(limit=log.count() - before)[::-1] if log.count() > before else []

    done = _result(run)
    if isinstance(done, FlagkeeperError):
        assert (type(rehearsed), str(rehearsed)) == (type(done), str(done))
        assert (log.count(), log.read(read_now, kinds)) == (before, states)
        return done
    assert not isinstance(rehearsed, FlagkeeperError), "what a rehearsal refuses cannot be made"
    assert [_told(each) for each in rehearsed] == [_told(each) for each in done]
    check_versions(log, kinds)
    return None


def _result(run: Callable[[], list[EventRow]]) -> list[EventRow] | FlagkeeperError:
    try:
        return run()
    except FlagkeeperError as error:
        return error


def _told(event: EventRow) -> tuple[Any, ...]:
    """What an event says, without moments and random ids: those of a rehearsal are its own."""
    where = event.project, event.environment, event.feature_name
    return event.type, *where, _same(event.data), _same(event.pre_data), event.tags, event.summary, event.created_by


def _same(payload: str | None) -> str | None:
    return payload and _OWN.sub("", payload)
