"""The sender against a receiver on a real socket: order, retries, receivers that misbehave, and several processes."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from flagkeeper.eventlog.durable import position_of
from flagkeeper.eventlog.read import EventRow, LogEvent, LogRows
from flagkeeper.integrations.config import commands as config_commands
from flagkeeper.integrations.config.model import Integration
from flagkeeper.integrations.delivery import commands
from flagkeeper.integrations.delivery.fanout import FANOUT
from flagkeeper.integrations.delivery.model import MOST_ATTEMPTS
from flagkeeper.integrations.delivery.queries import attempts
from flagkeeper.integrations.sender import archived, service, worker
from flagkeeper.integrations.sender.breaker import THRESHOLD
from flagkeeper.integrations.sender.due import poll
from flagkeeper.integrations.sender.queue import WINDOW
from flagkeeper.integrations.sender.worker import IN_FLIGHT
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.kernel.paging import Page
from flagkeeper.outbound.address import Policy
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.storage import leases
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction
from tests.cable import Cable
from tests.deliveries import (
    KEYRING,
    REFUSED,
    Replica,
    add_integration,
    deliveries_of,
    draft_of,
    enable,
    remove_events,
    states_of,
    until,
)
from tests.log import ALICE, Log
from tests.receiver import CLOSES, FINE, HANGS, RESETS, Answer, Arrival, Receiver, always, in_turn

pytestmark = pytest.mark.slow

_EXPIRE = Write[Any](update(leases.leases).values(expires_at=0))

MANY = 300


async def happen(replica: Replica, *flags: str) -> None:
    """Flags are enabled, some at a time."""
    for start in range(0, len(flags), 100):
        await replica.log.units.run(ALICE, enable, *flags[start : start + 100])


def named(number: int) -> list[str]:
    return [f"flag-{i}" for i in range(number)]


async def finished(replica: Replica, integration: Integration, number: int, timeout: float = 15.0) -> None:
    """Until so many deliveries are made or given up, and none waits."""

    def done() -> bool:
        states = states_of(replica.log, integration)
        return len(states) == number and "waiting" not in states

    await until(done, timeout, lambda: Counter(states_of(replica.log, integration)))


def more_than(receiver: Receiver, number: int) -> bool:
    return len(receiver.arrivals) > number


def reasons(replica: Replica, integration: Integration) -> list[str]:
    """What is said of each attempt, the oldest first."""
    found = replica.log.read(attempts, LogRows(), integration.id, Page(1_000))
    return [each.state_details for each in reversed(found)]


def assert_started_in_log_order(arrivals: list[Arrival]) -> None:
    """When the first attempt of an event arrives, less than a handful of earlier ones are still on their way."""
    first: list[int] = list(dict.fromkeys(int(each.event["id"]) for each in arrivals))
    for position, event_id in enumerate(first):
        overtaken = sum(earlier < event_id for earlier in first[position + 1 :])
        assert overtaken < IN_FLIGHT, f"{event_id} overtook {overtaken} others"


async def test_every_event_arrives_once_and_in_order(database_url: str) -> None:
    with Receiver() as receiver:
        async with Replica(database_url) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, *named(MANY))
            await finished(replica, integration, MANY)
            events = receiver.events()
            assert len(events) == len(set(events)) == MANY
            assert_started_in_log_order(receiver.arrivals)
            assert set(states_of(replica.log, integration)) == {"done"}
            assert reasons(replica, integration) == ["Attempt 1 of 10: Status code: 200 - OK."] * MANY
            known = {each.event_id: each.message_id for each in deliveries_of(replica.log, integration)}
            assert {int(each.event["id"]): each.message_id for each in receiver.arrivals} == known


async def test_it_goes_out_within_moments(database_url: str) -> None:
    with Receiver() as receiver:
        async with Replica(database_url) as replica:
            add_integration(replica.log, receiver.url)
            await until(lambda: replica.holds)
            waits = []
            for i in range(20):
                await happen(replica, f"flag-{i}")
                began = time.time()
                await until(partial(more_than, receiver, i))
                waits.append(receiver.arrivals[i].at - began)
            assert sorted(waits)[10] < 0.25, waits


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (Answer(500), "Status code: 500 - Internal Server Error."),
        (Answer(503), "Status code: 503 - Service Unavailable."),
        (Answer(408), "Status code: 408 - Request Timeout."),
        (Answer(425), "Status code: 425 - Too Early."),
        (Answer(429), "Status code: 429 - Too Many Requests."),
        (HANGS, "No answer: 127.0.0.1 did not answer within 1 s."),
        (RESETS, "No answer: 127.0.0.1 closed the connection without an answer."),
        (CLOSES, "No answer: 127.0.0.1 closed the connection without an answer."),
        (Answer(200, cut=9), "No answer: 127.0.0.1 closed the connection without an answer."),
    ],
)
async def test_what_may_pass_is_tried_again_under_the_same_id(sqlite_url: str, bad: Answer, why: str) -> None:
    with Receiver(in_turn(bad, bad, FINE)) as receiver:
        async with Replica(sqlite_url, timeout=1) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, "a")
            await finished(replica, integration, 1)
            said = reasons(replica, integration)
            assert [each.partition(": ")[0] for each in said] == [f"Attempt {i} of 10" for i in (1, 2, 3)]
            assert said[0].startswith(f"Attempt 1 of 10: {why} Next try in ")
            assert len({each.message_id for each in receiver.arrivals}) == 1
            assert states_of(replica.log, integration) == ["done"]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refusal_is_final(sqlite_url: str, status: int) -> None:
    with Receiver(always(Answer(status, headers="Location: http://127.0.0.1:1/\r\n"))) as receiver:
        async with Replica(sqlite_url) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, "a")
            await finished(replica, integration, 1)
            assert states_of(replica.log, integration) == ["dead"]
            assert reasons(replica, integration)[0].endswith("Not tried again.")
            assert len(receiver.arrivals) == 1


@pytest.mark.causes("addon-config-updated", action="a receiver that answers 410")
async def test_a_receiver_that_is_gone_gets_nothing_more(database_url: str) -> None:
    with Receiver(always(Answer(410))) as receiver:
        async with Replica(database_url) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, "a")
            await until(lambda: receiver.arrivals)
            await until(lambda: not replica.holds)
            await happen(replica, "b")
            await asyncio.sleep(0.1)
            assert len(receiver.arrivals) == 1
            assert states_of(replica.log, integration) == ["dead"]
            (told,) = replica.log.events("type:addon-config-updated", limit=5)
            assert (told.created_by, told.created_by_user_id) == (SYSTEM.name, SYSTEM.user_id)


async def test_after_ten_attempts_a_delivery_is_dead_until_it_is_replayed(database_url: str) -> None:
    with Receiver(always(Answer(500))) as receiver:
        async with Replica(database_url, scale=0.000_001) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, "a", "b")
            await finished(replica, integration, 2)
            assert states_of(replica.log, integration) == ["dead", "dead"]
            assert len(receiver.arrivals) == 2 * MOST_ATTEMPTS
            ids = {each.message_id for each in receiver.arrivals}
            receiver.decide = always(FINE)
            event = receiver.events()[0]
            await replica.log.units.run(ALICE, commands.replay, integration.id, event)
            replica.service.wake()
            await until(lambda: sorted(states_of(replica.log, integration)) == ["dead", "done"])
            assert receiver.arrivals[-1].message_id in ids


async def test_a_receiver_gets_the_time_that_it_asks_for(sqlite_url: str) -> None:
    with Receiver(in_turn(Answer(429, headers="Retry-After: 1\r\n"), FINE)) as receiver:
        async with Replica(sqlite_url, scale=0.001) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, "a")
            await finished(replica, integration, 1)
            first, second = receiver.arrivals
            assert 1.0 <= second.at - first.at < 2.0
            assert "Next try in 1 second." in reasons(replica, integration)[0]


async def test_one_that_fails_holds_up_no_later_ones(database_url: str) -> None:
    def decide(arrival: Arrival) -> Answer:
        return Answer(500) if arrival.event["featureName"] == "flag-3" else FINE

    with Receiver(decide) as receiver:
        async with Replica(database_url, scale=0.01) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, *named(100))
            await until(lambda: states_of(replica.log, integration).count("done") == 99)
            assert states_of(replica.log, integration)[3] == "waiting"


async def test_with_order_nothing_of_a_flag_overtakes_what_came_before(database_url: str) -> None:
    """Every third attempt fails, and each flag has a long story."""
    arrived: Counter[str] = Counter()

    def decide(arrival: Arrival) -> Answer:
        arrived[arrival.message_id] += 1
        return Answer(503) if int(arrival.event["id"]) % 3 == 0 and arrived[arrival.message_id] < 3 else FINE

    with Receiver(decide) as receiver:
        async with Replica(database_url, scale=0.001) as replica:
            integration = add_integration(replica.log, receiver.url, parameters={"ordered": "true"})
            await happen(replica, *(f"flag-{i % 7}" for i in range(MANY)))
            await finished(replica, integration, MANY)
            assert set(states_of(replica.log, integration)) == {"done"}
            by_flag: dict[str, list[int]] = {}
            for arrival in receiver.arrivals:
                by_flag.setdefault(arrival.event["featureName"], []).append(int(arrival.event["id"]))
            assert len(by_flag) == 7
            for events in by_flag.values():
                assert all(later >= earlier for earlier, later in pairwise(events)), events


async def test_with_order_what_is_given_up_releases_its_flag(sqlite_url: str) -> None:
    def decide(arrival: Arrival) -> Answer:
        return Answer(400) if arrival.event["environment"] == "development" else FINE

    with Receiver(decide) as receiver:
        async with Replica(sqlite_url) as replica:
            integration = add_integration(replica.log, receiver.url, parameters={"ordered": "true"})
            await replica.log.units.run(ALICE, enable, "a", environment="development")
            await happen(replica, "a", "a")
            await finished(replica, integration, 3)
            assert states_of(replica.log, integration) == ["dead", "done", "done"]
            assert receiver.events() == sorted(receiver.events())


async def test_order_can_be_asked_for_at_any_time(database_url: str) -> None:
    with Receiver() as receiver:
        async with Replica(database_url) as replica:
            integration = add_integration(replica.log, receiver.url)
            for ordered in ("true", "false", "true"):
                draft = draft_of(integration, receiver.url, parameters={"url": receiver.url, "ordered": ordered})
                await happen(replica, *(["a", "b"] * 50))
                await replica.log.units.run(ALICE, config_commands.update, integration.id, draft, [], KEYRING)
                await happen(replica, *(["a", "b"] * 50))
            await finished(replica, integration, 600)
            events = receiver.events()
            assert len(events) == len(set(events)) == 600


async def test_order_can_be_asked_for_while_nothing_is_on_its_way(database_url: str) -> None:
    with Receiver() as receiver:
        async with Replica(database_url) as replica:
            integration = add_integration(replica.log, receiver.url)
            for number, ordered in enumerate(("true", "false", "true"), 1):
                await happen(replica, "a", "b")
                await finished(replica, integration, 2 * number)
                draft = draft_of(integration, receiver.url, parameters={"url": receiver.url, "ordered": ordered})
                await replica.log.units.run(ALICE, config_commands.update, integration.id, draft, [], KEYRING)
            await happen(replica, "a", "b")
            await finished(replica, integration, 8)
            assert len(set(receiver.events())) == len(receiver.events()) == 8


async def test_a_change_of_address_takes_effect_at_once(database_url: str) -> None:
    with Receiver() as old, Receiver() as new:
        async with Replica(database_url) as replica:
            integration = add_integration(replica.log, old.url)
            await happen(replica, "a")
            await finished(replica, integration, 1)
            draft = draft_of(integration, new.url)
            await replica.log.units.run(ALICE, config_commands.update, integration.id, draft, [], KEYRING)
            await happen(replica, "b")
            await finished(replica, integration, 2)
            assert (len(old.arrivals), len(new.arrivals)) == (1, 1)


async def test_what_waits_while_an_integration_is_off_goes_out_when_it_is_on_again(database_url: str) -> None:
    with Receiver(always(Answer(500))) as receiver:
        async with Replica(database_url, scale=0.01) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, "a")
            await until(lambda: receiver.arrivals)
            off = draft_of(integration, receiver.url, enabled=False)
            await replica.log.units.run(ALICE, config_commands.update, integration.id, off, [], KEYRING)
            await until(lambda: not replica.holds)
            receiver.decide = always(FINE)
            number = len(receiver.arrivals)
            await happen(replica, "not wanted")
            await asyncio.sleep(0.2)
            assert len(receiver.arrivals) == number
            on = draft_of(integration, receiver.url)
            await replica.log.units.run(ALICE, config_commands.update, integration.id, on, [], KEYRING)
            await finished(replica, integration, 1)


async def test_a_deleted_integration_gets_nothing_more(database_url: str) -> None:
    with Receiver(always(Answer(500))) as receiver:
        async with Replica(database_url) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, "a")
            await until(lambda: receiver.arrivals)
            await replica.log.units.run(ALICE, config_commands.delete, integration.id)
            await until(lambda: not replica.holds)
            number = len(receiver.arrivals)
            await asyncio.sleep(0.2)
            assert len(receiver.arrivals) == number


class Store:
    """An archive that may be out of reach, and then takes its time to say so."""

    def __init__(self) -> None:
        self.rows_of: dict[int, EventRow] = {}
        self.is_there = False
        self.says_so = threading.Event()
        self.asked = 0

    def rows(self, _: Transaction, ids: Sequence[int]) -> list[EventRow]:
        self.asked += 1
        if not self.is_there:
            self.says_so.wait(20)
            raise Unavailable("The archive is out of reach.")
        return [self.rows_of[each] for each in ids if each in self.rows_of]

    def between(self, tx: Transaction, first: int, last: int) -> list[EventRow]:
        return self.rows(tx, range(first, last + 1))

    def log_events(self, tx: Transaction, first: int, last: int) -> list[LogEvent]:
        raise AssertionError("the fan-out needs nothing that was archived here")

    def first_id(self, tx: Transaction, moment: Millis) -> int | None:
        raise AssertionError("nobody looks for a moment here")


async def test_archived_events_wait_for_their_archive_and_nobody_waits_for_them(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archived, "REST", 1.0)
    archive = Store()
    with Receiver() as receiver, Receiver() as other:
        async with Replica(database_url, archive=archive, scale=0.0001) as replica:
            log = replica.log
            integration = add_integration(log, receiver.url)
            off = draft_of(integration, receiver.url, enabled=False)
            old = [f"old-{number}" for number in range(WINDOW + 50)]
            await happen(replica, *old)
            await finished(replica, integration, len(old))
            await log.units.run(ALICE, config_commands.update, integration.id, off, [], KEYRING)
            add_integration(log, other.url)
            ids = [each.event_id for each in deliveries_of(log, integration)]
            archive.rows_of = {row.id: row for row in log.read(LogRows().of, ids)}
            remove_events(log, *ids)
            for event_id in ids:
                await log.units.run(SYSTEM, commands.replay, integration.id, event_id)
            on = draft_of(integration, receiver.url)
            await log.units.run(ALICE, config_commands.update, integration.id, on, [], KEYRING)
            await until(lambda: archive.asked)
            await happen(replica, "new")
            await until(lambda: other.arrivals)
            archive.says_so.set()
            await until(lambda: [each.event["featureName"] for each in receiver.arrivals[len(old) :]] == ["new"])
            assert archive.asked < 20
            archive.is_there = True
            await until(lambda: len(receiver.arrivals) == 2 * len(old) + 1, 30)
            assert Counter(receiver.events()) == Counter({**dict.fromkeys(ids, 2), max(receiver.events()): 1})
            found = log.read(attempts, LogRows(archive), integration.id, Page(10_000))
            waited = "Attempt 1 of 10: Not sent, for the event could not be read: The archive is out of reach. Next try"
            assert any(each.state_details.startswith(waited) for each in found)


async def test_a_dead_receiver_does_not_slow_the_others(database_url: str) -> None:
    with Receiver(always(HANGS)) as dead, Receiver() as alive:
        async with Replica(database_url, timeout=0.5, scale=0.01) as replica:
            add_integration(replica.log, dead.url)
            integration = add_integration(replica.log, alive.url)
            await happen(replica, *named(MANY))
            await finished(replica, integration, MANY, timeout=10)
            await until(lambda: len(dead.arrivals) >= THRESHOLD)
            await asyncio.sleep(1.0)
            assert len(dead.arrivals) <= 2 * IN_FLIGHT, "the circuit is open: it is tried now and then"
            waits = []
            for i in range(10):
                began = time.time()
                await happen(replica, f"more-{i}")
                await until(partial(more_than, alive, MANY + i))
                waits.append(alive.arrivals[MANY + i].at - began)
            assert sorted(waits)[5] < 0.25, waits


async def test_few_connections_are_shared_fairly(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "IN_FLIGHT", 4)
    with Receiver(always(Answer(200, delay=0.005))) as receiver:
        async with Replica(sqlite_url) as replica:
            integrations = [add_integration(replica.log, receiver.url) for _ in range(5)]
            await happen(replica, *named(60))
            await until(lambda: len(receiver.arrivals) > 150)
            progress = [states_of(replica.log, each).count("done") for each in integrations]
            assert min(progress) > 0, progress
            for integration in integrations:
                await finished(replica, integration, 60)


async def test_a_receiver_that_comes_back_gets_everything(sqlite_url: str) -> None:
    with Receiver(always(RESETS)) as receiver:
        async with Replica(sqlite_url, scale=0.001) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, *named(MANY))
            await until(lambda: len(receiver.arrivals) >= THRESHOLD)
            await asyncio.sleep(0.3)
            assert len(receiver.arrivals) < MANY // 2, "what it cannot take is held back, not used up"
            receiver.decide = always(FINE)
            await finished(replica, integration, MANY)
            assert set(states_of(replica.log, integration)) == {"done"}


async def test_a_receiver_that_answers_twice_is_believed_once(sqlite_url: str) -> None:
    """The answer that is left over must not be taken for the answer to the next request."""
    turn = in_turn(*[Answer(200, twice=True), Answer(500)] * 20, FINE)
    with Receiver(turn) as receiver:
        async with Replica(sqlite_url, scale=0.000_1) as replica:
            integration = add_integration(replica.log, receiver.url)
            for i in range(20):
                await happen(replica, f"flag-{i}")
                await finished(replica, integration, i + 1)
            assert set(states_of(replica.log, integration)) == {"done"}
            assert sorted(set(receiver.accepted)) == sorted({each.message_id for each in receiver.arrivals})


async def test_parameters_that_no_key_opens_fail_in_words(sqlite_url: str) -> None:
    with Receiver() as receiver:
        async with Replica(sqlite_url) as replica:
            other = type(KEYRING)(("another key for tests that is long enough",))
            draft = draft_of(add_integration(replica.log, receiver.url), receiver.url)
            integration = replica.log.run(config_commands.create, draft, [], other)
            await happen(replica, "a")
            await until(lambda: reasons(replica, integration))
            assert "FLAGKEEPER_SECRET_KEY" in reasons(replica, integration)[0]


async def test_addresses_that_are_not_public_are_refused_when_something_is_sent(sqlite_url: str) -> None:
    """Whatever was stored: the outbound client decides."""
    async with Replica(sqlite_url, outbound_client=OutboundClient(Policy())) as replica:
        integrations = [add_integration(replica.log, url) for url in REFUSED]
        await happen(replica, "a")
        for url, integration in zip(REFUSED, integrations, strict=True):
            await finished(replica, integration, 1)
            assert states_of(replica.log, integration) == ["dead"], url
            assert "Not sent: " in reasons(replica, integration)[0], url


async def test_what_was_cut_off_with_a_lease_goes_out_before_what_comes_after_it(database_url: str) -> None:
    """A process that stood still for so long that its lease ended, but nobody else took it."""
    with Receiver() as receiver:
        receiver.decide = lambda _: HANGS if len(receiver.arrivals) <= IN_FLIGHT else FINE
        async with Replica(database_url) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, *named(MANY))
            await until(lambda: len(receiver.arrivals) == IN_FLIGHT)
            replica.service._sender._workers[integration.id].lapse()
            await finished(replica, integration, MANY)
            events = receiver.events()
            cut, rest = events[:IN_FLIGHT], events[IN_FLIGHT:]
            # Several are on their way at a time, so that one may arrive a few places after it was sent.
            assert set(cut) <= set(rest[: 2 * IN_FLIGHT])
            assert len(rest) == len(set(rest)) == MANY
            assert len(reasons(replica, integration)) == MANY, "what was cut off is no attempt"


async def test_the_end_of_a_server_loses_and_repeats_nothing(database_url: str) -> None:
    with Receiver(always(Answer(200, delay=0.05))) as receiver:
        async with Replica(database_url) as replica:
            integration = add_integration(replica.log, receiver.url)
        for start in range(0, 300, 100):
            async with Replica(database_url) as replica:
                await happen(replica, *named(100))
                await until(partial(more_than, receiver, start + 20))
        async with Replica(database_url) as replica:
            await finished(replica, integration, 300)
            events = receiver.events()
            assert len(events) == len(set(events)) == 300
            assert len(reasons(replica, integration)) == 300


async def test_two_processes_never_send_a_delivery_twice(postgresql_url: str) -> None:
    with Receiver(always(Answer(200, delay=0.01))) as receiver:
        async with Replica(postgresql_url) as one, Replica(postgresql_url) as other:
            integrations = [add_integration(one.log, receiver.url) for _ in range(6)]
            for start in range(0, MANY, 50):
                await happen(one if start % 100 else other, *(f"flag-{i}" for i in range(start, start + 50)))
                await asyncio.sleep(0.05)
            for integration in integrations:
                await finished(one, integration, MANY, timeout=60)
            assert not one.holds & other.holds
            assert one.holds | other.holds == {each.id for each in integrations}
            sent = Counter(each.message_id for each in receiver.arrivals)
            assert len(sent) == MANY * len(integrations)
            assert set(sent.values()) == {1}


async def test_another_process_takes_over_within_ten_seconds(postgresql_url: str) -> None:
    with Receiver() as receiver:
        async with Replica(postgresql_url) as one, Replica(postgresql_url) as other:
            integration = add_integration(one.log, receiver.url)
            await until(lambda: one.holds | other.holds)
            victim, survivor = (one, other) if one.holds else (other, one)
            await happen(victim, *named(50))
            await finished(victim, integration, 50)
            await victim.vanish()
            killed_at = time.monotonic()
            await happen(survivor, "late")
            await until(lambda: len(receiver.arrivals) > 50, timeout=10)
            print(f"taken over after {time.monotonic() - killed_at:.1f} s")
            await finished(survivor, integration, 51)


async def test_what_was_on_its_way_when_a_process_was_killed_is_sent_again(database_url: str) -> None:
    with Receiver(always(HANGS)) as receiver:
        async with Replica(database_url, timeout=30) as victim:
            integration = add_integration(victim.log, receiver.url)
            await happen(victim, *named(IN_FLIGHT))
            await until(lambda: len(receiver.arrivals) == IN_FLIGHT)
            await victim.vanish()
        receiver.decide = always(FINE)
        async with Replica(database_url) as survivor:
            await finished(survivor, integration, IN_FLIGHT)
            assert set(Counter(each.message_id for each in receiver.arrivals).values()) == {2}


async def test_a_process_without_a_database_stops_before_its_lease_ends(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is started in the last moments of a lease, what is on its way is cut off at its end, and afterwards
    everything goes on: what was accepted meanwhile is recorded and not sent again."""
    monkeypatch.setattr(service, "LEASE", 3_000)
    monkeypatch.setattr(service, "FRESH", 2.0)
    monkeypatch.setattr(worker, "MARGIN", 1.0)
    parts = urlsplit(postgresql_url)
    cable = Cable((parts.hostname or "127.0.0.1", parts.port or 5432))
    through = postgresql_url.replace(f":{parts.port}/", f":{cable.port}/")
    with Receiver(always(Answer(200, delay=0.15))) as receiver:
        direct = Log(postgresql_url)
        async with Replica(through, timeout=20) as replica:
            integration = add_integration(direct, receiver.url)
            await until(lambda: replica.holds)
            await happen(replica, *named(900))
            await until(lambda: len(receiver.arrivals) > 50)
            cable.cut()
            await asyncio.sleep(3.2)
            at_the_end = len(receiver.arrivals)
            assert at_the_end > 100, "it went on with what it had in memory"
            await asyncio.sleep(0.5)
            assert len(receiver.arrivals) == at_the_end
            accepted = set(receiver.accepted)
            cable.mend()
            await until(lambda: states_of(direct, integration).count("done") == 900, 40)
            again = Counter(each.message_id for each in receiver.arrivals)
            assert [each for each in accepted if again[each] > 1] == []
        direct.close()
    cable.close()


async def test_a_lease_that_another_process_took_meanwhile_is_its_own(postgresql_url: str) -> None:
    """As after standing still for longer than the lease: the renewal fails, and the end gives back nobody else's."""
    with Receiver() as receiver:
        async with Replica(postgresql_url) as one:
            integration = add_integration(one.log, receiver.url)
            await until(lambda: one.holds)
            await one.log.units.run(SYSTEM, lambda unit: unit.tx.write(_EXPIRE))
            lease = one.service._sender._leases[integration.id]
            successor = await one.log.units.run(
                SYSTEM, lambda unit: leases.take(unit.tx, lease.name, "another process", 60_000)
            )
            assert successor is not None
            await until(lambda: not one.holds)
            await happen(one, "a")
            await until(lambda: states_of(one.log, integration) == ["waiting"])
        assert receiver.arrivals == []
        log = Log(postgresql_url)
        log.run(lambda unit: leases.confirm(unit.tx, successor))
        log.close()


async def test_without_an_integration_nobody_looks_for_deliveries(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Replica(database_url) as replica:
        looks, run = 0, replica.log.reader.run

        async def counted(read: Any, *args: Any) -> Any:
            nonlocal looks
            looks += read is poll
            return await run(read, *args)

        await until(lambda: replica.service._sender._version >= 0)
        monkeypatch.setattr(replica.log.reader, "run", counted)
        for number in range(20):
            await happen(replica, f"flag-{number}")
            await until(lambda: replica.log.log_reader.position == replica.log.log_signal.last_id)
        assert looks == 0
        await until(lambda: replica.log.read(position_of, FANOUT) == 20)
        assert looks == 0
        integration = add_integration(replica.log)
        await until(lambda: replica.holds)
        assert looks
        assert deliveries_of(replica.log, integration) == []


async def test_metrics_tell_how_it_goes(sqlite_url: str) -> None:
    with Receiver(in_turn(Answer(500), FINE, Answer(422))) as receiver:
        async with Replica(sqlite_url) as replica:
            integration = add_integration(replica.log, receiver.url)
            await happen(replica, "a")
            await finished(replica, integration, 1)
            await happen(replica, "b")
            await finished(replica, integration, 2)
            told = {
                (sample.name, sample.labels.get("outcome")): sample.value
                for metric in replica.service.metrics.registry.collect()
                for sample in metric.samples
            }
            for outcome in ("delivered", "failed", "dead"):
                assert told["flagkeeper_deliveries_total", outcome] == 1
            assert told["flagkeeper_delivery_lag_seconds_count", None] == 2
            # Looked up now and then: it may be from just before the last delivery.
            assert told["flagkeeper_deliveries_oldest_waiting_seconds", None] < 1
