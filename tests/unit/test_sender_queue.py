"""The order in which deliveries are handed out, and that none is handed out twice."""

import random
from collections.abc import Callable

import msgspec
import pytest

from flagkeeper.integrations.delivery.model import Delivery
from flagkeeper.integrations.sender.queue import WINDOW, Queue


def delivery(event_id: int, subject: str = "flag/a", attempt: int = 0) -> Delivery:
    return Delivery(
        integration_id=1,
        event_id=event_id,
        subject=subject,
        attempt=attempt,
        message_id=f"msg_{event_id}",
        parts_done=(),
        since=0,
        event=None,
    )


def handed_out(queue: Queue) -> list[int]:
    found = []
    while (each := queue.next()) is not None:
        found.append(each.event_id)
    return found


def test_log_order() -> None:
    queue = Queue(ordered=False)
    queue.add([delivery(i) for i in (3, 5, 8)], [])
    queue.add([delivery(i) for i in (9, 11)], [])
    assert handed_out(queue) == [3, 5, 8, 9, 11]


def test_old_and_new_take_turns() -> None:
    queue = Queue(ordered=False)
    queue.add([delivery(i) for i in (10, 11, 12)], [delivery(i, attempt=1) for i in (1, 2)])
    assert handed_out(queue) == [10, 1, 11, 2, 12]


def test_what_is_known_is_not_added_again() -> None:
    queue = Queue(ordered=False)
    queue.add([delivery(1)], [])
    first = queue.next()
    assert first
    queue.add([delivery(1), delivery(2)], [])
    assert handed_out(queue) == [2]


def test_a_look_that_began_before_the_record_brings_nothing_back() -> None:
    queue = Queue(ordered=False)
    queue.add([delivery(1)], [])
    sent = queue.next()
    assert sent
    queue.poll_begins()
    queue.returned(sent, accepted=True)
    queue.recorded(sent)
    queue.add([delivery(1)], [])
    assert handed_out(queue) == []
    queue.poll_begins()
    assert queue.known() == []


def test_a_replay_comes_back_with_the_next_look() -> None:
    queue = Queue(ordered=False)
    queue.add([delivery(1)], [])
    sent = queue.next()
    assert sent
    queue.returned(sent, accepted=True)
    queue.recorded(sent)
    queue.poll_begins()
    queue.add([delivery(1)], [])
    assert handed_out(queue) == [1]


def test_room_is_made_by_records_alone() -> None:
    queue = Queue(ordered=False)
    queue.add([delivery(i) for i in range(WINDOW)], [])
    assert queue.room == 0
    sent = queue.next()
    assert sent
    queue.returned(sent, accepted=True)
    assert queue.room == 0
    assert queue.unrecorded == 1
    queue.recorded(sent)
    assert queue.room == 1
    assert queue.unrecorded == 0
    queue.poll_begins()
    assert queue.room == 1


def test_one_of_a_subject_at_a_time_where_order_is_kept() -> None:
    queue = Queue(ordered=True)
    queue.add([delivery(1, "a"), delivery(2, "a"), delivery(3, "b"), delivery(4, "a")], [])
    first, other = queue.next(), queue.next()
    assert first
    assert other
    assert (first.event_id, other.event_id) == (1, 3)
    assert queue.next() is None
    queue.returned(first, accepted=True)
    assert handed_out(queue) == [2]


def test_what_failed_holds_up_its_subject_until_the_database_says_more() -> None:
    queue = Queue(ordered=True)
    queue.add([delivery(1, "a"), delivery(2, "a"), delivery(3, "b")], [])
    failed, other = queue.next(), queue.next()
    assert failed
    assert other
    queue.returned(failed, accepted=False)
    queue.returned(other, accepted=True)
    assert handed_out(queue) == []
    queue.recorded(failed)
    assert handed_out(queue) == []
    queue.poll_begins()
    assert queue.known() == [3], "those behind it are forgotten with it: the database decides when they come back"
    queue.add([delivery(4, "b")], [])
    assert handed_out(queue) == [4]


def test_a_replayed_one_queues_up_where_it_belongs() -> None:
    queue = Queue(ordered=True)
    queue.add([delivery(5, "a"), delivery(6, "a"), delivery(7, "a")], [])
    first = queue.next()
    assert first
    assert queue.next() is None
    queue.add([delivery(2, "a")], [])
    assert queue.next() is None
    queue.returned(first, accepted=True)
    assert [each.event_id for each in [queue.next()] if each] == [2]


def test_what_was_cut_off_comes_back() -> None:
    queue = Queue(ordered=True)
    queue.add([delivery(1, "a"), delivery(2, "a")], [])
    cut = queue.next()
    assert cut
    queue.abandoned(cut)
    assert queue.next() is None
    queue.poll_begins()
    assert queue.known() == []
    queue.add([delivery(1, "a"), delivery(2, "a")], [])
    assert handed_out(queue) == [1]


@pytest.mark.parametrize("ordered", [False, True])
def test_what_was_cut_off_goes_before_what_comes_after_it(ordered: bool) -> None:
    queue = Queue(ordered=ordered)
    queue.add([delivery(number, "abab"[number - 1]) for number in (1, 2, 3, 4)], [])
    cut = [queue.next(), queue.next()]
    queue.forget_unsent()
    for each in cut:
        assert each
        queue.abandoned(each)
    queue.poll_begins()
    assert queue.known() == []
    queue.add([delivery(number, "abab"[number - 1]) for number in (1, 2, 3, 4)], [])
    assert handed_out(queue)[:2] == [1, 2]


def test_a_promoted_one_that_is_forgotten_leaves_its_lane() -> None:
    queue = Queue(ordered=True)
    queue.add([delivery(1, "a"), delivery(2, "a")], [])
    first = queue.next()
    assert first
    assert queue.next() is None
    queue.returned(first, accepted=True)
    queue.forget_unsent()
    assert queue.known() == [1]
    queue.add([delivery(2, "a")], [])
    assert handed_out(queue) == [2]


def test_the_record_of_what_it_never_had_is_nothing_to_a_queue() -> None:
    """The lease was lost and taken again while an attempt waited for its record."""
    queue = Queue(ordered=False)
    queue.recorded(delivery(1))
    queue.poll_begins()
    queue.add([delivery(2)], [])
    assert handed_out(queue) == [2]


class Row(msgspec.Struct):
    """A delivery as the database has it."""

    event_id: int
    subject: str
    state: str = "waiting"
    due_at: int = 0
    attempt: int = 0


class Simulation:
    """A queue on a database that is shown late, with a receiver that fails at random."""

    def __init__(self, seed: int, *, ordered: bool) -> None:
        self.random = random.Random(seed)
        self.ordered = ordered
        self.queue = Queue(ordered=ordered)
        self.rows: dict[int, Row] = {}
        self.now = 1
        self.on_the_way: list[Delivery] = []
        self.unrecorded: list[tuple[Delivery, str]] = []
        self.shown: tuple[list[Delivery], list[Delivery]] | None = None
        self.accepted: set[int] = set()
        self.first_starts: list[int] = []

    def run(self, steps: int) -> None:
        actions: list[Callable[[], None]] = [
            self.happen, self.begin_look, self.end_look, self.end_look, self.start, self.start, self.come_back,
            self.come_back, self.record, self.lapse,
        ]  # fmt: skip
        for _ in range(steps):
            self.now += 1
            self.random.choice(actions)()
        for _ in range(20_000):
            if all(row.state != "waiting" for row in self.rows.values()):
                return
            self.now += 1
            self.random.choice(actions[1:])()
        raise AssertionError(f"stuck: {[row for row in self.rows.values() if row.state == 'waiting'][:5]}")

    def happen(self) -> None:
        event_id = len(self.rows) + 1
        self.rows[event_id] = Row(event_id, f"flag/{self.random.randint(1, 4)}")

    def begin_look(self) -> None:
        if self.shown is None:
            self.queue.poll_begins()
            known = set(self.queue.known())
            waiting = [row for row in self.rows.values() if row.state == "waiting" and row.event_id not in known]
            fresh = [row for row in waiting if row.due_at == 0 and not self.held_up(row, fresh=True)]
            again = [row for row in waiting if 0 < row.due_at <= self.now and not self.held_up(row, fresh=False)]
            limit = self.random.randint(1, 8)
            self.shown = (
                [delivery(row.event_id, row.subject, row.attempt) for row in fresh[:limit]],
                [delivery(row.event_id, row.subject, row.attempt) for row in again[:limit]],
            )

    def held_up(self, row: Row, *, fresh: bool) -> bool:
        """What the search of the sender leaves out."""
        return self.ordered and any(
            other.state == "waiting" and other.subject == row.subject and other.due_at > 0
            for other in self.rows.values()
            if fresh or other.event_id < row.event_id
        )

    def end_look(self) -> None:
        if self.shown is not None:
            self.queue.add(*self.shown)
            self.shown = None

    def start(self) -> None:
        if len(self.on_the_way) >= 3 or (found := self.queue.next()) is None:
            return
        assert found.event_id not in {each.event_id for each in self.on_the_way}, "sent twice at once"
        assert found.event_id not in self.accepted, "sent again although it was accepted"
        if found.attempt == 0:
            self.check_order(found)
            self.first_starts.append(found.event_id)
        if self.ordered:
            earlier = [row for row in self.rows.values() if row.event_id < found.event_id]
            unfinished = [
                row.event_id
                for row in earlier
                if row.subject == found.subject and row.state == "waiting" and row.event_id not in self.accepted
            ]
            assert not unfinished, f"{found.event_id} overtakes {unfinished}"
        self.on_the_way.append(found)

    def check_order(self, found: Delivery) -> None:
        """Whenever a first attempt starts, each earlier one is on its way or came back."""
        underway = {each.event_id for each in [*self.on_the_way, *(delivery for delivery, _ in self.unrecorded)]}
        left = [
            row.event_id
            for row in self.rows.values()
            if row.event_id < found.event_id and row.state == "waiting" and row.attempt == 0
        ]
        assert self.ordered or set(left) <= underway, f"{found.event_id} overtakes {set(left) - underway}"

    def lapse(self) -> None:
        """The lease ended: what is on its way is cut off, and a look that goes on is not believed."""
        if self.random.random() < 0.9:
            return
        self.shown = None
        self.queue.forget_unsent()
        for each in self.on_the_way:
            self.queue.abandoned(each)
        self.on_the_way.clear()

    def come_back(self) -> None:
        if not self.on_the_way:
            return
        found = self.on_the_way.pop(self.random.randrange(len(self.on_the_way)))
        state = self.random.choice(["done", "done", "waiting", "dead"])
        if state == "done":
            self.accepted.add(found.event_id)
        self.queue.returned(found, accepted=state == "done")
        self.unrecorded.append((found, state))

    def record(self) -> None:
        for found, state in self.unrecorded:
            row = self.rows[found.event_id]
            row.state, row.attempt = state, found.attempt + 1
            row.due_at = self.now + self.random.randint(1, 20) if state == "waiting" else 0
            self.queue.recorded(found)
        self.unrecorded.clear()


@pytest.mark.parametrize("ordered", [False, True])
def test_a_thousand_histories(ordered: bool) -> None:
    for seed in range(500):
        simulation = Simulation(seed, ordered=ordered)
        simulation.run(200)
        assert set(simulation.first_starts) == set(simulation.rows), f"seed {seed}"
