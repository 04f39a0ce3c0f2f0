"""A storm over deliveries: receivers that misbehave in every way, and a server that is killed again and again. Then the
books are checked: every matching event was delivered or given up, in order, under one id, and hardly ever twice."""

import json
import random
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from flagkeeper.eventlog.tables import events
from flagkeeper.integrations.delivery.tables import deliveries, integration_events
from flagkeeper.integrations.sender.queue import WINDOW
from flagkeeper.integrations.sender.worker import IN_FLIGHT
from flagkeeper.kernel import clock
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Query, columns
from tests.receiver import FINE, Answer, Arrival, Chaos, Receiver
from tests.server import ADMIN
from tests.storm import FLAGS, Process, headers

SCALE = 0.000_02
"""Of all waits: 75 hours become 5 seconds."""
TYPES = ["feature-environment-enabled", "feature-environment-disabled"]
CLIENTS = 4
FLAGS_EACH = 8
POISON = 211
"""One event in so many is refused until the receiver is mended."""
PER_KILL = 8.0
"""Seconds from one kill to the next, about: events are to happen all the time."""
LOST_BEFORE, LOST_AFTER = 2.0, 1.0
"""Seconds around a kill in which an acknowledgement may not have been recorded yet, or was read by nobody any more."""
CLOCKS = 0.1
"""Seconds by which the clocks of a server and of the receiver may differ: a server's follows the database's, which it
asks over a connection."""
BEHIND = 1.0
"""Seconds of load that a client catches up with after the server was away."""

_MATCHING = Query(select(events.c.id).where(any_of(events.c.type, "types")), int)
_HOW_MANY = Query(select(func.count()).select_from(events).where(any_of(events.c.type, "types")), int)
_STATES = Query(
    select(deliveries.c.event_id, deliveries.c.state).where(deliveries.c.integration_id == bindparam("integration")),
    columns,
)
_COUNTS = Query(
    select(deliveries.c.integration_id, deliveries.c.state, func.count()).group_by(
        deliveries.c.integration_id, deliveries.c.state
    ),
    columns,
)
_OF_INTEGRATION = integration_events.c.integration_id == bindparam("integration")
_FIRST_TRIED = Query(
    select(integration_events.c.event_id, func.min(integration_events.c.created_at))
    .where(_OF_INTEGRATION)
    .group_by(integration_events.c.event_id),
    columns,
)
_SUCCESSES = Query(
    select(integration_events.c.event_id, func.count())
    .where(_OF_INTEGRATION, integration_events.c.state == "success")
    .group_by(integration_events.c.event_id),
    columns,
)


class Seen(NamedTuple):
    """A request, as far as the books need it."""

    at: float
    event_id: int
    flag: str
    message_id: str


class StormReceiver(Receiver):
    """Behaves at random, refuses some events until it is mended, and remembers little of each request."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chaos = Chaos(seed)
        self.mended = False
        self.seen: list[Seen] = []
        self.accepted_at: dict[int, list[tuple[float, int]]] = defaultdict(list)
        """When events were acknowledged, and how many requests there had been by then."""

    def receive(self, arrival: Arrival) -> Answer:
        event = arrival.event
        self.seen.append(Seen(arrival.at, int(event["id"]), event["featureName"], arrival.message_id))
        if self.mended:
            return FINE
        return Answer(500) if int(event["id"]) % POISON == 0 else self._chaos(arrival)

    def acknowledged(self, arrival: Arrival, answer: Answer) -> None:
        if answer.status == 200:
            self.accepted_at[int(arrival.event["id"])].append((time.time(), len(self.seen)))


class DeliveryStorm:
    """`with` starts the receivers."""

    def __init__(self, database_url: str, folder: Path, seed: int) -> None:
        self._database = parse_database_url(database_url)
        self._process = Process(database_url, folder)
        self._process._environment |= {
            "UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION": "true",
            "FLAGKEEPER_RETRY_SCALE": str(SCALE),
            "LOG_LEVEL": "warning",
        }
        self._random = random.Random(seed)
        self._enough = threading.Event()
        self.receivers = {"loose": StormReceiver(seed), "ordered": StormReceiver(seed + 1)}
        self.integrations: dict[str, int] = {}
        self.kills: list[float] = []
        self.given_up = self.repeated = 0
        """Deliveries that were dead before the replay, and acknowledged requests that came again, of both."""

    def __enter__(self) -> "DeliveryStorm":
        for receiver in self.receivers.values():
            receiver.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(AttributeError):
            self._process.kill()
        for receiver in self.receivers.values():
            receiver.__exit__(*error)

    def rage(self, events: int, kills: int) -> None:
        """Makes at least so many matching events while the server is killed so often, and waits until nothing waits."""
        self._rate = events / (kills * PER_KILL)
        self._process.start()
        for name, receiver in self.receivers.items():
            self.integrations[name] = self._integrate(receiver.url, ordered=name == "ordered")
        clients = [threading.Thread(target=self._client, args=(i,), daemon=True) for i in range(CLIENTS)]
        for client in clients:
            client.start()
        for _ in range(kills):
            self._await_progress()
            time.sleep(self._random.uniform(0.1, 2.0))
            self.kills.append(time.time())
            self._process.kill()
            self._process.start()
        while self._how_many() < events:
            time.sleep(0.5)
        self._enough.set()
        for client in clients:
            client.join(60)
            assert not client.is_alive(), "a request hangs"
        self._settle()

    def replay(self) -> None:
        """Mends the receivers, and sends once more what was given up."""
        for receiver in self.receivers.values():
            receiver.mended = True
        for number in self.integrations.values():
            self._call("POST", f"/api/admin/addons/{number}/deliveries/replay", {})
        self._settle()

    def check(self) -> int:
        """Compares log, deliveries and receivers after the storm. The number of matching events.

        Raises:
            AssertionError: they disagree.
        """
        matching = self._matching()
        for name, receiver in self.receivers.items():
            states = self._states(name)
            assert set(states) == set(matching), "each matching event has a delivery, and no other"
            assert Counter(states.values())["waiting"] == 0
            done = {event_id for event_id, state in states.items() if state == "done"}
            assert done <= set(receiver.accepted_at), "what counts as delivered was acknowledged"
            dead = Counter(states.values())["dead"]
            assert dead, "the storm should give something up"
            self.given_up += dead
            ids: dict[int, set[str]] = defaultdict(set)
            for seen in receiver.seen:
                ids[seen.event_id].add(seen.message_id)
            assert all(len(each) == 1 for each in ids.values()), "one message id for all attempts"
            assert len(set.union(*ids.values())) == len(ids), "and none for two events"
            self._check_duplicates(receiver, self._of(name, _SUCCESSES))
        self._check_order_of_starts(self.receivers["loose"], self._of("loose", _FIRST_TRIED))
        self._check_order_of_flags(self.receivers["ordered"], self._states("ordered"))
        return len(matching)

    def check_replayed(self) -> None:
        """After the replay, everything arrived."""
        for name, receiver in self.receivers.items():
            states = self._states(name)
            assert set(states.values()) == {"done"}
            assert set(receiver.accepted_at) == set(states) == set(self._matching())

    def stop(self) -> None:
        assert self._process.stop() == 0

    def _check_duplicates(self, receiver: StormReceiver, successes: Mapping[int, int]) -> None:
        """What was acknowledged comes again only when the server was killed before it could be recorded: of all that a
        process held in memory, at most."""
        assert max(successes.values()) == 1, "what is recorded as accepted is not sent again"
        lost: Counter[float] = Counter()
        for times in receiver.accepted_at.values():
            for at, _ in times[:-1]:
                kill = min(self.kills, key=lambda each: abs(at - each))
                assert -LOST_BEFORE <= at - kill <= LOST_AFTER, (
                    f"sent again for no reason, {at - kill:.1f} s off a kill"
                )
                lost[kill] += 1
        assert all(number <= WINDOW for number in lost.values()), lost
        self.repeated += lost.total()

    def _check_order_of_starts(self, receiver: StormReceiver, tried: Mapping[int, clock.Millis]) -> None:
        """Whenever a first attempt is known to have started, fewer earlier ones than are sent at a time have yet to.

        It started when the receiver saw it, at the latest; or when the server knew what came of it, for a request may
        come to nothing before a receiver that is slow has read it. What a server that was killed had sent, and nobody
        saw or recorded, is known only from its successor.
        """
        started = {event_id: at / clock.SECOND for event_id, at in tried.items()}
        for seen in receiver.seen:
            started[seen.event_id] = min(started.get(seen.event_id, seen.at), seen.at)
        in_order = deque(sorted(started, key=lambda each: (started[each], each)))
        missing = deque(sorted(started))
        for event_id in list(in_order):
            at = started[event_id]
            while in_order and started[in_order[0]] <= at + CLOCKS:
                missing.remove(in_order.popleft())
            near_a_kill = any(-LOST_BEFORE <= at - kill <= LOST_AFTER for kill in self.kills)
            most = WINDOW if near_a_kill else IN_FLIGHT
            overtaken = [each for each in islice(missing, most) if each < event_id]
            assert len(overtaken) < most, f"event {event_id} overtook {overtaken}"

    def _check_order_of_flags(self, receiver: StormReceiver, states: dict[int, str]) -> None:
        """Nothing of a flag arrives before everything earlier was acknowledged or given up."""
        last_seen = {seen.event_id: position for position, seen in enumerate(receiver.seen)}
        flag_of = {seen.event_id: seen.flag for seen in receiver.seen}
        free_at: dict[int, int] = {}
        """How many requests there must have been before an event may arrive."""
        reached: dict[str, int] = defaultdict(int)
        for event_id in sorted(flag_of):
            flag = flag_of[event_id]
            free_at[event_id] = reached[flag]
            is_dead = states[event_id] == "dead"
            end = last_seen[event_id] + 1 if is_dead else receiver.accepted_at[event_id][0][1]
            reached[flag] = max(reached[flag], end)
        for position, seen in enumerate(receiver.seen):
            assert position >= free_at[seen.event_id], f"{seen.event_id} of {seen.flag} overtook an earlier event"

    def _client(self, number: int) -> None:
        """Switches its own flags on and off, at its share of the rate, until there are enough events."""
        flags = [f"storm-{number}-{i}" for i in range(FLAGS_EACH)]
        on: dict[str, bool] = {}
        connection = HTTPConnection("127.0.0.1", self._process.port, timeout=30)
        choose = random.Random(number)
        for flag in flags:
            while not self._try(connection, FLAGS, {"name": flag}):
                time.sleep(0.02)
        due = time.monotonic()
        while not self._enough.is_set():
            due = max(due + CLIENTS / self._rate, time.monotonic() - BEHIND)
            time.sleep(max(0.0, due - time.monotonic()))
            flag = choose.choice(flags)
            turn = "off" if on.get(flag) else "on"
            if self._try(connection, f"{FLAGS}/{flag}/environments/development/{turn}", {}):
                on[flag] = not on.get(flag)
        connection.close()

    def _try(self, connection: HTTPConnection, path: str, body: Any) -> bool:
        """Whether the server is there. (A flag that exists already was created before a kill.)"""
        try:
            connection.request("POST", path, json.dumps(body), headers(ADMIN))
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            connection.close()
            return False
        assert answer.status < 300 or answer.status in (409, 503), answer.status
        return answer.status != 503

    def _call(self, method: str, path: str, body: Any) -> Any:
        connection = HTTPConnection("127.0.0.1", self._process.port, timeout=60)
        connection.request(method, path, json.dumps(body), headers(ADMIN))
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 300, text
        return json.loads(text)

    def _integrate(self, url: str, *, ordered: bool) -> int:
        parameters = {"url": url, "ordered": "true" if ordered else "false"}
        body = {"provider": "webhook", "enabled": True, "parameters": parameters, "events": TYPES}
        return int(self._call("POST", "/api/admin/addons", body)["id"])

    def _await_progress(self) -> None:
        """Until the server delivers to both: it has the leases of the one that was killed."""
        before = {name: len(receiver.seen) for name, receiver in self.receivers.items()}
        deadline = time.monotonic() + 60
        while any(len(receiver.seen) <= before[name] + 20 for name, receiver in self.receivers.items()):
            assert time.monotonic() < deadline, "nothing is delivered"
            time.sleep(0.02)

    def _settle(self) -> None:
        """Until nothing waits any more: all is in the log and fanned out, delivered or given up."""
        deadline = time.monotonic() + 60 + self._how_many() / 50
        while True:
            number, counts = self._how_many(), self._read(_COUNTS)
            of_each: Counter[int] = Counter()
            for integration_id, _, count in counts:
                of_each[integration_id] += count
            settled = all(state != "waiting" for _, state, _ in counts)
            if settled and all(of_each[integration_id] == number for integration_id in self.integrations.values()):
                return
            assert time.monotonic() < deadline, counts
            time.sleep(0.5)

    def _matching(self) -> list[int]:
        """The events that both integrations want: they were there before any flag."""
        return self._read(_MATCHING, types=TYPES)

    def _how_many(self) -> int:
        """How many those are."""
        return int(self._read(_HOW_MANY, types=TYPES)[0])

    def _states(self, name: str) -> dict[int, str]:
        return self._of(name, _STATES)

    def _of(self, name: str, query: Query[Any]) -> dict[int, Any]:
        return dict(self._read(query, integration=self.integrations[name]))

    def _read(self, query: Query[Any], **parameters: Any) -> list[Any]:
        reader = Reader(self._database)
        try:
            return reader.now(lambda tx: tx.all(query, **parameters))
        finally:
            reader.stop()
