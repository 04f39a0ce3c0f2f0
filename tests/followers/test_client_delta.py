"""A delta leads to the state of now, from any state of before, on this replica or on another one."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-untyped]  # untyped upstream

from flagkeeper.eventlog.follow import after
from flagkeeper.eventlog.read import LogPosition, log_position
from flagkeeper.eventlog.restore import restore
from flagkeeper.features.tags import commands as tag_types
from flagkeeper.features.tags.model import TagType
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.change_context import NO_CONTEXT
from flagkeeper.kernel.errors import FlagkeeperError
from flagkeeper.readmodels.client_features import delta as deltas
from flagkeeper.readmodels.client_features.delta import Delta, History, Step, TouchedFlag, delta
from flagkeeper.readmodels.client_features.follower import ClientFeatures, Now
from flagkeeper.readmodels.client_features.query import FeatureQuery
from flagkeeper.readmodels.client_features.revision import Revision, read_revision
from flagkeeper.readmodels.client_features.state import Flag, State
from flagkeeper.schema import metadata
from flagkeeper.storage.backup import back_up
from tests.followers.test_client_features_follower import CHANGES, NAMES, PLACES, batches, following, fresh
from tests.log import Log

QUERIES = [
    FeatureQuery(environment="development", inline=False),
    FeatureQuery(environment="production", name_prefix="al", inline=False),
    FeatureQuery(environment="development", tags=(("simple", "tag1"), ("simple", "tag2")), inline=False),
    FeatureQuery(environment="production", projects=("default",), inline=False),
    FeatureQuery(environment="development", projects=("elsewhere",), inline=False),
]
CONTEXTS = [{"userId": str(number)} for number in range(0, 100, 7)]
fresh = fresh  # noqa: PLW0127 - a fixture of another module

Memory = tuple[int, dict[str, Any], dict[int, Any], UnleashEngine]


class Client:
    """What an SDK has in memory: by the rules of the protocol, and in the engine that SDKs share."""

    def __init__(self, query: FeatureQuery) -> None:
        self.query = query
        self.held: Revision | None = None
        self.features: dict[str, Any] = {}
        self.segments: dict[int, Any] = {}
        self.engine = UnleashEngine()

    def ask(self, now: Now) -> int:
        """Takes what a server gives. Returns the number of bytes."""
        found = delta(now.state, now.history, self.query, self.held) if self.held else None
        if found is None:
            body, self.held = now.state.hydration(self.query, now.revision.id), now.revision
        else:
            body, self.held = found.body, found.revision
        if body:
            self._take(body)
        return len(body)

    def _take(self, body: bytes) -> None:
        events = json.loads(body)["events"]
        assert [event["eventId"] for event in events] == sorted(event["eventId"] for event in events)
        for event in events:
            self._apply(event)
        self.engine.take_state(body.decode())

    def _apply(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "hydration":
                self.features = {flag["name"]: flag for flag in event["features"]}
                self.segments = {segment["id"]: segment for segment in event["segments"]}
            case "feature-updated":
                flag = event["feature"]
                self.features[flag["name"]] = flag
                assert self.used(flag) <= self.segments.keys(), "segments come first"
            case "feature-removed":
                self.features.pop(event["featureName"], None)
                assert self.query.projects is None or event["project"] in self.query.projects
            case "segment-updated":
                self.segments[event["segment"]["id"]] = event["segment"]
            case "segment-removed":
                self.segments.pop(event["segmentId"], None)

    @staticmethod
    def used(flag: dict[str, Any]) -> set[int]:
        return {id_ for strategy in flag["strategies"] for id_ in strategy.get("segments", ())}

    def has(self, now: Now) -> None:
        """Demands that it has what a new client would get."""
        other = Client(self.query)
        other.ask(now)
        assert self.features == other.features
        needed = set[int]().union(*map(self.used, self.features.values()))
        assert {id_: self.segments[id_] for id_ in needed} == other.segments
        assert {each.name for each in self.engine.list_known_toggles()} == set(self.features)
        for name in NAMES:
            for context in CONTEXTS:
                mine, others = (each.engine.check_enabled(name, context).is_enabled for each in (self, other))
                assert mine == others, (name, context)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(work=batches, seed=st.integers(0, 1000))
def test_a_delta_leads_to_the_whole_state(fresh: Callable[[], Any], work: list[list[Any]], seed: int) -> None:
    """Two replicas read the log in batches of their own, and clients ask now one and now the other."""
    choose = random.Random(seed)
    with fresh() as url, following(url) as (log, first):
        second = ClientFeatures()
        log.reader.now(lambda tx: second.load(tx, log_position(tx)))
        clients = [Client(query) for query in QUERIES for _ in range(2)]
        for client in clients:
            client.ask(first.now)
        for batch in work:
            for kind, name, place, number in batch:
                try:
                    CHANGES[kind](log, name, place, number)
                except FlagkeeperError:
                    continue
                if choose.random() < 0.4:
                    log.reader.now(lambda tx: _read_on(tx, second))
                for client in clients:
                    if choose.random() < 0.3:
                        client.ask(second.now)
            log.reader.now(log.log_reader._read)
            for client in clients:
                if choose.random() < 0.7:
                    client.ask(first.now)
                    client.has(first.now)
        log.reader.now(lambda tx: _read_on(tx, second))
        for client in clients:
            client.ask(second.now)
            client.has(second.now)


def _read_on(tx: Any, follower: ClientFeatures) -> None:
    position, reached = follower.state.position.last_id, log_position(tx)
    follower.apply(tx, after(tx, position, follower.wants), LogPosition(reached.epoch, reached.last_id))


def test_who_is_behind_the_history_gets_everything_and_others_only_what_changed(
    fresh: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh() as url, following(url) as (log, follower):
        late, prompt, foreign = Client(QUERIES[0]), Client(QUERIES[0]), Client(QUERIES[4])
        for client in (late, prompt, foreign):
            client.ask(follower.now)
        whole = len(follower.now.state.hydration(QUERIES[0], 1))
        monkeypatch.setattr(History.after, "__defaults__", (5,))
        for number in range(10):
            CHANGES["describe"](log, NAMES[0], PLACES[0], number)
            log.reader.now(log.log_reader._read)
            assert 0 < prompt.ask(follower.now) < whole / 2
            assert foreign.ask(follower.now) == 0 or foreign.held == follower.now.revision
            prompt.has(follower.now)
        assert late.held is not None
        assert delta(follower.state, follower.now.history, QUERIES[0], late.held) is None
        late.ask(follower.now)
        late.has(follower.now)


def test_a_server_that_starts_sends_everything_only_to_those_who_miss_something(fresh: Callable[[], Any]) -> None:
    with fresh() as url, following(url) as (log, follower):
        client, late = Client(QUERIES[0]), Client(QUERIES[0])
        late.ask(follower.now)
        CHANGES["describe"](log, NAMES[0], PLACES[0], 1)
        log.reader.now(log.log_reader._read)
        client.ask(follower.now)
        log.run(tag_types.create_type, TagType(name="no-sdk-cares", description="", icon=None, color=None))
        started = ClientFeatures()
        log.reader.now(lambda tx: started.load(tx, log_position(tx)))
        assert started.state.position.last_id > follower.state.position.last_id
        everything = len(started.state.hydration(QUERIES[0], 1))
        assert (client.ask(started.now), late.ask(started.now) >= everything) == (0, True)
        CHANGES["describe"](log, NAMES[1], PLACES[0], 2)
        log.reader.now(lambda tx: _read_on(tx, started))
        for each in (client, late):
            assert 0 < each.ask(started.now) < everything / 2
            each.has(started.now)


def test_who_comes_from_a_log_that_was_restored_gets_everything(fresh: Callable[[], Any], tmp_path: Path) -> None:
    """Also when the log of now has passed the revision that they have: theirs is of events that were lost."""
    file = tmp_path / "flags.backup"
    with fresh() as url, following(url) as (log, follower):
        back_up(log.database, metadata, file, lambda done, total: None)
        for number in range(4):
            CHANGES["describe"](log, NAMES[0], PLACES[0], number)
        log.reader.now(log.log_reader._read)
        client, lagging = Client(QUERIES[0]), Client(QUERIES[0])
        client.ask(follower.now)
    with fresh() as url:
        log, lost = Log(url), client.held
        restore(log.database, metadata, file, SYSTEM, NO_CONTEXT, lambda done, total: None)
        restored = ClientFeatures()
        log.reader.now(lambda tx: restored.load(tx, log_position(tx)))
        lagging.ask(restored.now)
        for number in range(4):
            CHANGES["describe"](log, NAMES[1], PLACES[0], number)
        log.reader.now(lambda tx: _read_on(tx, restored))
        log.close()
    assert lost is not None
    assert restored.now.history.base < lost.id < restored.now.revision.id
    everything = len(restored.state.hydration(QUERIES[0], 1))
    assert client.ask(restored.now) >= everything
    client.has(restored.now)
    assert lagging.ask(restored.now) < everything / 2
    lagging.has(restored.now)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("12-01ABC", Revision("01ABC", 12)),
        ('"12-01ABC"', Revision("01ABC", 12)),
        ('W/"12-01ABC"', Revision("01ABC", 12)),
        ('W/"12-01ABC-gzip"', Revision("01ABC", 12)),
        ('"12"', None),
        ("0-01ABC", None),
        ("12-", None),
        ("-01ABC", None),
        ("\u0663-01ABC", None),
        ("9" * 30 + "-01ABC", None),
        ("", None),
        (None, None),
    ],
)
def test_a_revision_is_read_with_its_log_or_not_at_all(text: str | None, read: Revision | None) -> None:
    assert read_revision(text) == read
    if read is not None:
        assert read_revision(read.etag.decode()) == read


def test_the_history_is_bounded() -> None:
    history = History(10)
    for number in range(10, 200):
        history = history.after(Step(start=number, end=number + 1, flags={}, segments={1: 1}), 20)
    assert len(history.steps) == 10
    assert (history.base, history.end) == (190, 200)
    assert history.after(Step(start=200, end=210, flags={}, segments=dict.fromkeys(range(30), 205)), 20) == History(210)
    assert deltas.MOST_TOUCHED > 1_000


@pytest.mark.parametrize(
    ("whole", "start", "known"), [(False, 0, True), (False, 3, True), (True, 3, True), (True, 2, False)]
)
def test_what_happened_while_all_was_read_anew_is_not_known(whole: bool, start: int, known: bool) -> None:
    state = State(LogPosition("e", 9), {}, {}, {})
    history = History(start, (Step(start=start, end=9, flags={}, segments={}, whole=whole),))
    held = Revision("e", 3)
    assert delta(state, history, QUERIES[0], held) == (Delta(held, b"") if known else None)


def test_a_flag_that_has_moved_leaves_its_project_before_it_is_in_another() -> None:
    old, new = (Flag(project=each, tags=frozenset(), off=each.encode(), environments={}) for each in ("a", "b"))
    step = Step(start=3, end=5, flags={"f": TouchedFlag(old, 5, frozenset({"a", "b"}))}, segments={})
    state = State(LogPosition("e", 5), {"f": new}, {}, {})
    found = delta(state, History(3, (step,)), QUERIES[0], Revision("e", 3))
    assert found is not None
    gone = b'{"type":"feature-removed","eventId":5,"featureName":"f","project":"a"}'
    assert found.body == b'{"events":[%b,{"type":"feature-updated","eventId":5,"feature":b}]}' % gone
