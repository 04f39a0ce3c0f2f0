"""The headers in which a request says why it changes something, and its answer which events it recorded."""

from typing import Any

import pytest

from flagkeeper.eventlog.unit import Receipt
from flagkeeper.http.change_headers import read_context, shown_ranges
from flagkeeper.http.logging import REQUEST_ID
from flagkeeper.kernel.change_context import LONGEST_REASON, LONGEST_TICKET, NO_CONTEXT
from flagkeeper.kernel.errors import BadData

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def scope(**headers: "bytes | list[bytes]") -> dict[str, Any]:
    given = {name.replace("_", "-"): value if isinstance(value, list) else [value] for name, value in headers.items()}
    return {"headers": [(name.encode(), value) for name, values in given.items() for value in values]}


def test_a_request_that_says_nothing() -> None:
    assert read_context(scope()) == NO_CONTEXT


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"roll back", "roll back"),
        (b"  two  words ", "two  words"),
        (b"100% of users", "100% of users"),
        (b"Gr%C3%B6%C3%9Fe", "Gr%C3%B6%C3%9Fe"),
        ("Größe, 世界".encode(), "Größe, 世界"),
        (b"UTF-8''Gr%C3%B6%C3%9Fe%2C%20%E4%B8%96%E7%95%8C", "Größe, 世界"),
        (b"utf-8'de'Gr%c3%b6%c3%9fe", "Größe"),
        (b"UTF-8''it's%20(almost)%20done!*", "it's (almost) done!*"),
        (b"it's 'quoted'", "it's 'quoted'"),
        (b"rock'n'roll", "rock'n'roll"),
        (b"x" * LONGEST_REASON, "x" * LONGEST_REASON),
        (b"UTF-8''" + b"%C3%B6" * LONGEST_REASON, "ö" * LONGEST_REASON),
    ],
)
def test_reasons(sent: bytes, read: str) -> None:
    assert read_context(scope(x_change_reason=sent)).reason == read


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"UTF-8''", "empty"),
        (b"UTF-8''%20", "empty"),
        ("Größe".encode("latin-1"), "not UTF-8"),
        (b"UTF-8''%F6", "not UTF-8"),
        (b"UTF-8''%ED%A0%80", "not UTF-8"),
        (b"iso-8859-1''Gr%F6%DFe", "encoding that is not UTF-8"),
        (b"UTF-8''two%0Alines", "Control characters"),
        ("a\u202eb".encode(), "Control characters"),
        (b"UTF-8''%1B%5B31m", "Control characters"),
        (b"UTF-8''two words", "must be written with percent signs"),
        (b"UTF-8''100%", "must be written with percent signs"),
        (b"x" * (LONGEST_REASON + 1), "1001 characters"),
        ([b"one", b"two"], "twice"),
    ],
)
def test_reasons_that_cannot_be(sent: "bytes | list[bytes]", problem: str) -> None:
    with pytest.raises(BadData, match=problem) as raised:
        read_context(scope(x_change_reason=sent))
    assert "X-Change-Reason" in raised.value.message
    assert [each.path for each in raised.value.details] == ["/header/X-Change-Reason"]


def test_tickets() -> None:
    assert read_context(scope(x_change_ticket=b"OPS-7")).ticket == "OPS-7"
    assert read_context(scope(x_change_ticket=b"x" * LONGEST_TICKET)).ticket == "x" * LONGEST_TICKET
    with pytest.raises(BadData, match="X-Change-Ticket"):
        read_context(scope(x_change_ticket=b"x" * (LONGEST_TICKET + 1)))


@pytest.mark.parametrize(
    ("sent", "trace"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f"cc-{TRACE}-00f067aa0ba902b7-01-more", TRACE),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE[1:]}-00f067aa0ba902b7-01", None),
        ("nonsense", None),
    ],
)
def test_the_trace_or_else_the_request(sent: str, trace: str | None) -> None:
    token = REQUEST_ID.set("request-7")
    try:
        assert read_context(scope(traceparent=sent.encode())).trace_id == (trace or "request-7")
        assert read_context(scope(traceparent=[sent.encode(), sent.encode()])).trace_id == "request-7"
    finally:
        REQUEST_ID.reset(token)


@pytest.mark.parametrize(
    ("ranges", "shown"),
    [
        ([(4711, 4711)], b"4711"),
        ([(4711, 4713)], b"4711-4713"),
        ([(1, 2), (3, 3), (7, 9)], b"1-3,7-9"),
        ([(7, 9), (1, 2)], b"1-2,7-9"),
    ],
)
def test_ranges(ranges: list[tuple[int, int]], shown: bytes) -> None:
    assert shown_ranges([Receipt(first, last, frozenset()) for first, last in ranges]) == shown
