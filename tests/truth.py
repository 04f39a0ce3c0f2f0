"""Many writers change the same few flags, and then the log is read as a story: can it have happened like that?"""

import asyncio
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select

from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.tables import events
from flagkeeper.features.flags.commands import create, metadata, strategies, switch
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironmentState
from flagkeeper.features.flags.model.flag import FlagChange, FlagDraft
from flagkeeper.features.flags.model.strategy import StrategyChange, StrategyDraft
from flagkeeper.features.flags.queries import details
from flagkeeper.first_start import first_start
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.statement import Query
from tests.log import Log
from tests.server import settings_for
from tests.versions import own_versions

WRITERS = 8
FLAGS = [f"flag-{i}" for i in range(16)]
PLACE = ("default", "development")


class Line(NamedTuple):
    """An event of a flag, and the version that was kept with it."""

    id: int
    type: str
    subject: str
    data: str | None
    pre_data: str | None
    schema: int
    state: bytes | None


def impossible(story: Iterable[Line]) -> list[str]:
    """Every event whose previous state is not what the event before it left."""
    found: list[str] = []
    told: defaultdict[str, FlagEnvironmentState] = defaultdict(lambda: OFF.state("default"))
    described: dict[str, Any] = {}
    for event_id, kind, subject, data, pre_data, schema, state in story:
        before = told[subject]
        if kind == "feature-environment-enabled" and before.enabled:
            found.append(f"{event_id}: {subject} was switched on, and it was on")
        if kind == "feature-environment-disabled" and not before.enabled:
            found.append(f"{event_id}: {subject} was switched off, and it was off")
        if kind in ("feature-strategy-update", "feature-strategy-remove"):
            old = msgspec.json.decode(pre_data or "", type=StrategyData)
            if old not in before.strategies:
                found.append(f"{event_id}: {subject} had no strategy {old}")
        if kind == "feature-metadata-updated" and msgspec.json.decode(pre_data or "") != described.get(subject):
            found.append(f"{event_id}: {subject} was not described like that")
        if kind in ("feature-created", "feature-metadata-updated"):
            described[subject] = msgspec.json.decode(data or "")
        if kind.startswith(("feature-environment", "feature-strategy")):
            told[subject] = _state(schema, state)
    return found


def _state(schema: int, packed: bytes | None) -> FlagEnvironmentState:
    found = FlagEnvironmentState.unpack(schema, packed)
    assert found is not None, "none of these events ends what it is about"
    return found


class Story:
    """8 writers on the same 16 flags, each through one of four writers' connections."""

    def __init__(self, database_url: str) -> None:
        self._logs = [Log(database_url) for _ in range(4)]
        first = self._logs[0]
        asyncio.run(first_start(first.units, first.reader, settings_for(database_url)))
        for flag in FLAGS:
            first.run(create.create, "default", FlagDraft(name=flag))
        self.failures: list[BaseException] = []
        self.changes = 0

    def write(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        writers = [threading.Thread(target=self._write, args=(i, until)) for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

    def _write(self, number: int, until: float) -> None:
        log, choose = self._logs[number % 4], random.Random(number)
        while time.monotonic() < until:
            try:
                self._change(log, choose)
                self.changes += 1
            except NotFound:
                continue  # another writer has removed the strategy
            except BaseException as error:
                self.failures.append(error)
                return

    def _change(self, log: Log, choose: random.Random) -> None:
        flag = choose.choice(FLAGS)
        project, environment = PLACE
        match choose.randrange(8):
            case 0 | 1 | 2:
                log.run(switch.turn_on, project, flag, environment)
            case 3 | 4 | 5:
                log.run(switch.turn_off, project, flag, environment)
            case 6:
                text = f"description {choose.randrange(5)}"
                log.run(metadata.update, project, flag, FlagChange(description=text))
            case _:
                self._change_strategy(log, choose, flag)

    def _change_strategy(self, log: Log, choose: random.Random, flag: str) -> None:
        project, environment = PLACE
        own = log.read(details.environment_of_flag, project, flag, environment).strategies
        rollout: dict[str, Any] = {"rollout": str(choose.randrange(101))}
        if len(own) < 3:
            log.run(
                strategies.add, project, flag, environment, StrategyDraft(name="flexibleRollout", parameters=rollout)
            )
        elif choose.random() < 0.2:
            log.run(strategies.remove, project, flag, environment, choose.choice(own).id)
        else:
            change = StrategyChange(parameters=rollout)
            log.run(strategies.update, project, flag, environment, choose.choice(own).id, change)

    def impossible(self) -> list[str]:
        """Every event whose previous state is not what the event before it left."""
        return impossible(self._told())

    def ends_as_told(self) -> bool:
        """Whether the tables hold what the last event of each flag said."""
        last: dict[str, FlagEnvironmentState] = {}
        for line in self._told():
            if line.type.startswith(("feature-environment", "feature-strategy")):
                last[line.subject] = _state(line.schema, line.state)
        project, environment = PLACE
        return all(
            self._logs[0].read(details.environment_of_flag, project, subject.split("/")[1], environment).state(project)
            == state
            for subject, state in last.items()
        )

    def _told(self) -> list[Line]:
        found: list[Line] = self._logs[0].read(lambda tx: tx.all(_STORY))
        return found

    def close(self) -> None:
        for log in self._logs:
            log.close()


_STORY = Query(
    select(
        events.c.id,
        events.c.type,
        events.c.subject,
        events.c.data,
        events.c.pre_data,
        own_versions.c.schema,
        own_versions.c.state,
    )
    .join(own_versions, own_versions.c.event_id == events.c.id)
    .where(events.c.feature_name.is_not(None))
    .order_by(events.c.id),
    Line,
)
