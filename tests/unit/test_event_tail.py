"""The parts of the live tail: what goes over the wire, and what stays in memory."""

from collections.abc import Sequence

import msgspec
import pytest

from flagkeeper.eventlog.query import EVERYTHING, Visibility, parse
from flagkeeper.eventlog.read import EventRow, View
from flagkeeper.http.access import ADMINISTRATOR, NOTHING
from flagkeeper.http.caller import Caller, Credential, Kind
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.errors import BadData, RateLimited, Unavailable
from flagkeeper.outbound.event_stream import Message, MessageReader
from flagkeeper.readmodels.event_tail import feed, wire
from flagkeeper.readmodels.event_tail.feed import Channel, FreshEvent, Recent
from flagkeeper.readmodels.event_tail.shares import demand_place
from flagkeeper.readmodels.event_tail.wire import Mark, read_mark
from flagkeeper.readmodels.views.parameters import read_query
from tests.events import START, row

VIEW = View("http://flagkeeper.test", with_ip=True)
MARK = Mark("01M811M3Y1ZQS6FW89SFHG2M6Y", 7)


def received(stream: bytes) -> list[Message]:
    reader = MessageReader()
    return [message for line in stream.split(b"\n")[:-1] if (message := reader.line(line)) is not None]


def recent(rows: Sequence[EventRow]) -> Recent:
    return Recent("log", rows[0].id, rows[-1].id, [FreshEvent(each) for each in rows])


@pytest.mark.parametrize("mark", [MARK, Mark("a-b-c", 0), Mark("x", 2**63 - 1)])
def test_a_place_in_the_log_is_understood_again(mark: Mark) -> None:
    assert read_mark(str(mark)) == mark


@pytest.mark.parametrize("text", ["", "7", "-7", "log-", "log-x", "log-٣", "log-+1", "log-1 ", "log-" + "1" * 20])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(BadData, match="Last-Event-ID"):
        read_mark(text)


def test_an_event_is_one_message_however_its_payload_was_written() -> None:
    odd = row(8, data='{\n "a":\r\n "x\\ny"\r}')
    (message,) = received(wire.message(Mark("log", 8), odd, VIEW))
    assert (message.kind, message.id) == ("message", "log-8")
    shown = msgspec.json.decode(message.data)
    assert (shown["id"], shown["data"], shown["ip"]) == (8, {"a": "x\ny"}, "203.0.113.9")


def test_signs_of_life_say_where_the_stream_is_and_nothing_else() -> None:
    assert received(wire.beginning(MARK) + wire.here(MARK)) == [Message("message", str(MARK), b"")] * 2


def test_what_a_stream_says_of_itself_has_a_name() -> None:
    first, second = received(wire.reset(MARK) + wire.end("UnauthorizedError", "Log in\nagain."))
    assert first == Message("reset", str(MARK), b'{"after":7}')
    assert (second.kind, msgspec.json.decode(second.data)["message"]) == ("end", "Log in\nagain.")


def caller(name: str, user_id: int, ip: str = "", *, admin: bool = False) -> Caller:
    kind, access = (Kind.ADMIN, ADMINISTRATOR) if admin else (Kind.USER, NOTHING)
    credential = Credential(kind=kind, name=name, user_id=user_id, access=access)
    return Caller(credential, Actor(name, user_id, ip))


def test_who_counts_as_one_caller() -> None:
    assert caller("ada", 7, "192.0.2.1").holder == caller("ada", 7, "192.0.2.2").holder
    assert caller("ada", 7).holder != caller("bob", 8).holder
    assert caller("deploy", -42, admin=True).holder != caller("watch", -42, admin=True).holder
    here, there = (caller("unknown", -1, address, admin=True) for address in ("192.0.2.1", "192.0.2.2"))
    assert here.holder != there.holder


def test_a_tenth_for_each_and_a_tenth_for_administrators() -> None:
    ada, root = caller("ada", 7), caller("root", -42, admin=True)
    others = [caller(f"user-{number}", number).holder for number in range(100, 2_000)]
    demand_place([ada.holder] * 99 + others[:800], ada, 1_000)
    with pytest.raises(RateLimited) as refused:
        demand_place([ada.holder] * 100, ada, 1_000)
    assert refused.value.retry_after == 10
    with pytest.raises(RateLimited):
        demand_place([root.holder] * 100, root, 1_000)
    with pytest.raises(Unavailable):
        demand_place(others[:900], ada, 1_000)
    demand_place(others[:999], root, 1_000)
    with pytest.raises(Unavailable):
        demand_place(others[:1_000], root, 1_000)


def test_on_a_small_server_one_caller_has_five_places() -> None:
    ada = caller("ada", 7)
    demand_place([ada.holder] * 4, ada, 20)
    with pytest.raises(RateLimited):
        demand_place([ada.holder] * 5, ada, 20)


def test_a_channel_gives_each_the_part_that_is_new_to_it() -> None:
    now = recent([row(number, feature_name="odd" if number % 2 else "even") for number in range(11, 21)])
    channel = Channel(parse("flag:odd", START), EVERYTHING, VIEW)

    def after(position: int) -> tuple[list[str], int]:
        piece = channel.after(now, position)
        assert piece.events == len(received(piece.content))
        return [message.id for message in received(piece.content)], piece.position

    assert after(10) == (["log-11", "log-13", "log-15", "log-17", "log-19"], 20)
    assert after(13) == (["log-15", "log-17", "log-19"], 20)
    assert after(19) == ([], 20)
    assert channel.after(now, 10) is channel.after(now, 10)


def test_a_channel_shows_what_may_be_seen() -> None:
    rows = [row(1), row(2, project=None), row(3, project="secret"), row(4)]
    visibility = Visibility(hidden_projects=frozenset({"secret"}))
    piece = Channel(parse("", START), visibility, View("http://x", with_ip=False)).after(recent(rows), 0)
    assert [message.id for message in received(piece.content)] == ["log-1", "log-4"]
    assert b"203.0.113.9" not in piece.content


def test_a_piece_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PIECE", 1_000)
    now = recent([row(number, data=f'"{"x" * 400}"') for number in range(1, 11)])
    channel = Channel(parse("", START), EVERYTHING, VIEW)
    positions = [0]
    while positions[-1] < 10:
        positions.append(channel.after(now, positions[-1]).position)
    assert len(positions) > 4
    assert sum(channel.after(now, position).events for position in positions) == 10


def test_an_event_is_looked_at_and_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def message(_mark: Mark, event: EventRow, _view: View) -> bytes:
        written.append(event.id)
        return b"x"

    monkeypatch.setattr(feed, "message", message)
    now = recent([row(1), row(2)])
    for query in ("", "flag:checkout", "type:feature-*"):
        Channel(parse(query, START), EVERYTHING, VIEW).after(now, 0)
    assert written == [1, 2]
    Channel(parse("", START), EVERYTHING, View("http://x", with_ip=False)).after(now, 0)
    assert written == [1, 2, 1, 2]


def test_what_stays_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [FreshEvent(row(number, data="x" * 100)) for number in range(1, 101)]
    monkeypatch.setattr(feed, "MOST_EVENTS", 30)
    assert [event.row.id for event in feed._newest(events)] == list(range(71, 101))
    monkeypatch.setattr(feed, "MOST_CHARACTERS", 1_000)
    assert [event.row.id for event in feed._newest(events)] == list(range(91, 101))
    monkeypatch.setattr(feed, "MOST_CHARACTERS", 10)
    assert [event.row.id for event in feed._newest(events)] == [100]


def test_a_pseudonym_drops_what_may_have_the_name() -> None:
    events = [FreshEvent(row(1)), FreshEvent(row(2, type="flagkeeper-actor-pseudonymised")), FreshEvent(row(3))]
    assert [event.row.id for event in feed._newest(events)] == [2, 3]


def test_parameters_and_language_hold_together() -> None:
    both = read_query([("q", "type:a since:2h"), ("project", "IS:x"), ("from", "IS:2026-11-22"), ("limit", "5")], START)
    assert str(both).startswith("project:x type:a since:2026-11-22T00:00:00.000Z")
    assert read_query([("q", "since:2h")], START).since == START - 7_200_000
    narrow = read_query([("q", "until:2026-11-21"), ("to", "IS:2026-11-22")], START)
    assert str(narrow) == "until:2026-11-22T00:00:00.000Z"


def test_messages_are_put_together_as_browsers_do() -> None:
    text = b"retry: 1\n: hello\nid: 1\n\ndata: a\ndata: b\n\nevent: end\nid:2\ndata:c\n\nunknown: x\ndata\n\n"
    assert received(text) == [
        Message("message", "1", b""),
        Message("message", "1", b"a\nb"),
        Message("end", "2", b"c"),
        Message("message", "2", b""),
    ]
