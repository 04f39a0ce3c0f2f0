"""What is checked after a storm on several servers is found when it is wrong."""

import time
from typing import Any

import pytest

from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.kernel import clock
from tests import replicas_books as books
from tests.events import row
from tests.replicas_clients import Change

NOW = 1_800_000_000
"""Seconds."""


def event(
    event_id: int, *, address: str = "10.0.0.1", group: str = "g1", at: float = NOW, **fields: Any
) -> StoredEvent:
    made = row(event_id, ip=address, group_id=group, created_at=int(at * clock.SECOND), **fields)
    return StoredEvent(made, subject="flag/a", reach=1, versions=())


def change(address: str = "10.0.0.1", *, acknowledged: bool = True, may_be_nothing: bool = False) -> Change:
    answered = float(NOW) if acknowledged else None
    return Change(address, "feature-created", "first", float(NOW), may_be_nothing, answered)


def only(found: list[str]) -> str:
    (line,) = found
    return line


def test_ids_without_holes() -> None:
    assert books.holes([event(1), event(2)]) == []
    assert only(books.holes([event(1), event(3)])) == "1 x missing event: 2"
    assert only(books.holes([event(2)])) == "1 x missing event: 1"
    assert only(books.holes([event(1), event(1)])).startswith("1 x event both in the database and in the archive")


def test_every_acknowledged_change_once() -> None:
    made = event(1, type="feature-created")
    assert books.lost_or_doubled([made], [change()]) == []
    assert books.lost_or_doubled([made], [change(acknowledged=False)]) == []
    assert books.lost_or_doubled([], [change(acknowledged=False), change(may_be_nothing=True)]) == []
    assert only(books.lost_or_doubled([], [change()])).startswith("1 x acknowledged, and not in the log")
    again = event(2, type="feature-created", group="g2")
    for acknowledged in (True, False):
        doubled = books.lost_or_doubled([made, again], [change(acknowledged=acknowledged)])
        assert only(doubled).startswith("1 x in the log more than once")
    other = books.lost_or_doubled([event(1, type="segment-created")], [change(acknowledged=False)])
    assert only(other).startswith("1 x something else than was asked for")


@pytest.mark.parametrize("late", [61, 86_400])
def test_times(late: float) -> None:
    assert books.wrong_times([event(1), event(2), event(3, at=NOW + 59)], [change()]) == []
    assert only(books.wrong_times([event(1, at=NOW + late)], [change()])).startswith("1 x a time lies in the future")
    assert only(books.wrong_times([event(1), event(2, at=NOW - 0.001)], [change()])).startswith("1 x a time falls")
    nobodys = event(1, address="", at=time.time() + late)
    assert only(books.wrong_times([nobodys], [])).startswith("1 x a time lies in the future")


def test_deliveries() -> None:
    assert books.undelivered([1, 2], [2, 1, 1]) == []
    assert only(books.undelivered([1, 2], [2])) == "1 x not delivered: event: 1"
    assert only(books.undelivered([1], [1, 2])) == "1 x delivered, though nobody wanted it: event: 2"


def test_what_servers_show() -> None:
    assert books.differences("first", {"q": (1, [1])}, {"q": (1, [1])}) == []
    assert "first shows q otherwise" in only(books.differences("first", {"q": (1, [1])}, {"q": (2, [2, 1])}))
    one, other = ({books.FEATURES: {"meta": {}, "features": [{"name": "a", "enabled": on}]}} for on in (True, False))
    assert "flags ['a'] (1 of 1)" in only(books.differences("first", one, other))
