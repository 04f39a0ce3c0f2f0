"""Attempts of strangers, as they are kept."""

import pytest
from sqlalchemy import func, select

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.attempts import commands, store
from flagkeeper.features.attempts.model import FREE, PASSWORD, Tried
from flagkeeper.features.attempts.tables import attempts
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import RateLimited
from flagkeeper.storage.statement import Query
from tests.log import Log

ALL = Query(select(func.count()).select_from(attempts), int)


def test_rows_are_bounded_and_those_of_whom_most_was_tried_stay(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_REMEMBERED", 20)

    def try_many(unit: Unit) -> None:
        for _ in range(FREE):
            commands.try_password(unit, "ada")
        for number in range(60):
            commands.try_password(unit, f"nobody {number}")
            commands.count(unit, Tried.LOGIN, f"192.0.2.{number}", 10)
            assert unit.tx.all(ALL)[0] <= 40

    log.run(try_many)
    with pytest.raises(RateLimited):
        log.run(commands.try_password, "ada")
    log.run(commands.was_right, "ada")
    log.run(commands.was_right, "somebody else")

    def much_later(unit: Unit) -> None:
        unit.now += 2 * clock.DAY
        commands.count(unit, Tried.SIGN_UP, "192.0.2.1", 10)

    log.run(much_later)
    assert log.read(lambda tx: tx.all(ALL)) == [1], "what no longer counts is gone"
    assert log.read(store.find, PASSWORD, "ada") is None
