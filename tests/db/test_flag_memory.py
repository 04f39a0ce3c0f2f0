"""What is kept in memory of flags, however it got there: the same as what is read anew."""

from typing import Any

import pytest
from sqlalchemy import bindparam, delete, update

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.flags.commands import archive, metadata, switch
from flagkeeper.features.flags.model.flag import FlagChange
from flagkeeper.features.flags.model.lifecycle import Stage
from flagkeeper.features.flags.tables import feature_last_seen, feature_stages, features
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.tags import commands as tags
from flagkeeper.readmodels.feature_search import memory as module
from flagkeeper.readmodels.feature_search import rows
from flagkeeper.readmodels.feature_search.memory import FlagMemory
from flagkeeper.readmodels.feature_search.question import State
from flagkeeper.readmodels.feature_search.state import Flags
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Write
from tests.flags import make, seed
from tests.log import Log

_SEEN = Write[Any](upsert(feature_last_seen, key=["feature_name", "environment"], update=["at"]))
_STAGE = Write[Any](upsert(feature_stages, key=["feature_name"], update=["revived_at", "pre_live_at", "live_at"]))
_AGED = Write[Any](
    update(features).where(features.c.name == bindparam("feature_name")).values(potentially_stale=bindparam("marked"))
)
_FORGET = Write[Any](delete(events).where(events.c.id <= bindparam("last")))
_EPOCH = Write[Any](update(log_head).where(log_head.c.id == bindparam("head")).values(epoch=bindparam("new")))


class Memory:
    """One server's memory of the flags of a log."""

    def __init__(self, log: Log, patched: pytest.MonkeyPatch) -> None:
        self.log = log
        self.reads: list[str] = []
        """What was read since the last time: `all`, or names of flags."""
        self._memory = FlagMemory()
        read = rows.read_known

        def counted(tx: Any, names: Any = None) -> Any:
            self.reads += ["all"] if names is None else sorted(names)
            return read(tx, names)

        patched.setattr(module, "read_known", counted)

    def told(self) -> Flags:
        """What somebody is told who asks now."""
        found: Flags = self.log.read(self._memory.current)
        return found

    def look(self) -> Flags:
        """The same, which is what a server tells that has just started."""
        found = self.told()
        fresh: Flags = self.log.read(FlagMemory().current)
        assert list(found.known.items()) == list(fresh.known.items())
        assert (found.usage, found.stages, found.states) == (fresh.usage, fresh.stages, fresh.states)
        assert found.position == fresh.position
        return found

    def read_by(self, command: Any, *args: Any) -> list[str]:
        """What is read because of a change."""
        self.log.run(command, *args)
        self.reads = []
        self.told()
        found = list(self.reads)
        self.look()
        return found

    def write(self, statement: Write[Any], **values: Any) -> None:
        self.log.run(lambda unit: unit.tx.write(statement, **values))


@pytest.fixture
def memory(log: Log, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Usage is looked at each time."""
    monkeypatch.setattr(module, "USAGE_FOR", 0.0)
    seed(log)
    for name in ("b", "d"):
        make(log, name)
    memory = Memory(log, monkeypatch)
    memory.look()
    return memory


def test_only_what_has_changed_is_read(memory: Memory) -> None:
    log = memory.log
    assert memory.read_by(metadata.update, "default", "b", FlagChange(description="new")) == ["b"]
    assert memory.read_by(switch.turn_on, "default", "d", "development") == ["d"]
    make(log, "c")
    assert list(memory.look().known) == ["b", "c", "d"]
    assert memory.read_by(archive.archive, "default", "c") == ["c"]
    assert memory.read_by(archive.delete, "default", "c") == ["c"]
    assert list(memory.look().known) == ["b", "d"]
    assert memory.read_by(lambda _unit: None) == []
    assert memory.read_by(tags.create_tag, Tag(type="simple", value="blue")) == []
    segment = SegmentDraft(name="s", description=None, constraints=[], project=None)
    assert memory.read_by(segments.create, segment) == []
    assert memory.read_by(environments.set_enabled, "production", False) == ["all"]


@pytest.mark.parametrize(("changes", "read"), [(3, ["b"]), (4, ["all"])])
def test_after_very_many_changes_all_is_read_anew(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, changes: int, read: list[str]
) -> None:
    monkeypatch.setattr(module, "MOST_EVENTS", 3)

    def change(unit: Unit) -> None:
        for number in range(changes):
            metadata.update(unit, "default", "b", FlagChange(description=str(number)))

    assert memory.read_by(change) == read


def test_what_the_database_no_longer_has_is_read_anew(memory: Memory) -> None:
    """Events are in the archive, or another log has taken the place of this one."""
    log = memory.log
    log.run(metadata.update, "default", "b", FlagChange(description="new"))
    memory.write(_FORGET, last=log.count())
    assert memory.read_by(metadata.update, "default", "d", FlagChange(description="new")) == ["all"]
    memory.write(_EPOCH, head=1, new="another")
    assert memory.read_by(lambda _unit: None) == ["all"]


def test_usage_is_added_to_what_is_known_of_it(memory: Memory) -> None:
    for flag, place, at in (("b", "development", 100), ("b", "production", 90), ("d", "development", 100)):
        memory.write(_SEEN, feature_name=flag, environment=place, at=at)
        assert memory.look().usage.last_seen[flag] == 100
    memory.write(_STAGE, feature_name="b", revived_at=None, pre_live_at=100, live_at=None)
    assert memory.look().stages["b"] == Stage.PRE_LIVE
    memory.write(_STAGE, feature_name="b", revived_at=None, pre_live_at=100, live_at=110)
    assert memory.look().stages == {"b": Stage.LIVE, "d": Stage.INITIAL}
    memory.write(_STAGE, feature_name="b", revived_at=120, pre_live_at=None, live_at=None)
    assert memory.look().stages["b"] == Stage.INITIAL
    for marked, state in ((True, State.POTENTIALLY_STALE), (False, State.ACTIVE)):
        memory.log.run(age, "d", marked)
        assert memory.look().states == {"b": State.ACTIVE, "d": state}
    memory.log.run(archive.archive, "default", "b")
    memory.log.run(archive.delete, "default", "b")
    assert memory.look().usage.last_seen == {"d": 100}


def age(unit: Unit, flag: str, marked: bool) -> None:
    """No event says that a flag is no longer potentially stale; here none does that it is, either."""
    unit.silent(f"flag/{flag}", "a test lets time go by")
    unit.tx.write(_AGED, feature_name=flag, marked=marked)


def test_usage_is_looked_at_now_and_then(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "USAGE_FOR", 1_000.0)
    memory.look()
    for flag in ("b", "d"):
        memory.write(_SEEN, feature_name=flag, environment="development", at=100)
    assert memory.told().usage.last_seen == {}
    memory.log.run(metadata.update, "default", "b", FlagChange(description="new"))
    assert memory.told().usage.last_seen == {"b": 100}, "of a flag that is read again, all is"
