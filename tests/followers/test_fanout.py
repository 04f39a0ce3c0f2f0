"""Who gets which event, written down in the transaction that moves the fan-out on."""

import asyncio
import time
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from flagkeeper.eventlog.durable import PositionMoved, position_of
from flagkeeper.eventlog.follow import Wants, after
from flagkeeper.eventlog.read import log_position
from flagkeeper.eventlog.unit import Unit
from flagkeeper.integrations.config import commands as config_commands
from flagkeeper.integrations.config import store as config_store
from flagkeeper.integrations.config.model import Integration
from flagkeeper.integrations.delivery.fanout import FANOUT, Fanout
from flagkeeper.integrations.delivery.tables import deliveries
from flagkeeper.storage.statement import Query, columns
from tests.deliveries import (
    ENABLED,
    KEYRING,
    add_integration,
    deliveries_of,
    draft_of,
    enable,
    fan_out,
    fanout_runner,
    states_of,
)
from tests.log import ALICE, Log

_SUBJECTS = Query[Any](select(deliveries.c.event_id, deliveries.c.subject).order_by(deliveries.c.event_id), columns)


def wanted_by(log: Log, integration: Any) -> list[int]:
    return [each.event_id for each in deliveries_of(log, integration)]


def store_query(unit: Unit, integration: Integration, query: str) -> None:
    """As a version that took it would have."""
    unit.silent(f"integration/{integration.id}", "it was there before")
    config_store.save(unit.tx, msgspec.structs.replace(integration, query=query))


def last(log: Log) -> int:
    return int(log.read(log_position).last_id)


def test_each_event_goes_to_everybody_who_wants_it(log: Log) -> None:
    one, two = add_integration(log), add_integration(log)
    other = add_integration(log, events=["segment-created"])
    log.run(enable, "a", "b")
    fan_out(log)
    assert wanted_by(log, one) == wanted_by(log, two) == [last(log) - 1, last(log)]
    assert wanted_by(log, other) == []
    assert states_of(log, one) == ["waiting", "waiting"]
    assert log.read(position_of, FANOUT) == last(log)


def test_a_query_narrows_down(log: Log) -> None:
    some = add_integration(log, query="flag:checkout-* -by:nobody")
    none = add_integration(log, query="by:nobody")
    log.run(enable, "a", "checkout-a", "b")
    fan_out(log)
    assert wanted_by(log, some) == [last(log) - 1]
    assert wanted_by(log, none) == []


@pytest.mark.parametrize("query", ["flag:a OR", "flag:" + ",".join("*" * 11), "flag:" + "*a" * 1_500])
def test_a_query_of_an_older_version_that_means_nothing_now_finds_nothing_and_stops_nobody(
    log: Log, query: str
) -> None:
    old, other = add_integration(log), add_integration(log)
    log.run(store_query, old, query)
    log.run(enable, "a", "b")
    fan_out(log)
    assert wanted_by(log, old) == []
    assert wanted_by(log, other) == [last(log) - 1, last(log)]


def test_a_stored_query_with_many_stars_is_answered_at_once(log: Log) -> None:
    old = add_integration(log)
    log.run(store_query, old, "flag:" + "*a" * 14 + "*b")
    log.run(enable, "a" * 60, "a" * 60 + "b")
    start = time.process_time()
    fan_out(log)
    assert time.process_time() - start < 5
    assert wanted_by(log, old) == [last(log)]


def test_filters_let_events_without_project_or_environment_through(log: Log) -> None:
    narrow = add_integration(
        log, events=[ENABLED, "addon-config-created"], projects=["shop"], environments=["production"]
    )
    log.run(enable, "a")
    log.run(lambda unit: enable(unit, "b", project="shop", environment="development"))
    log.run(lambda unit: enable(unit, "c", project="shop"))
    wanted = last(log)
    add_integration(log)
    fan_out(log)
    assert wanted_by(log, narrow) == [1, wanted, wanted + 1], "its own creation, flag c, another integration"


def test_a_star_stands_for_every_project(log: Log) -> None:
    every = add_integration(log, projects=["*"], environments=["*"])
    log.run(enable, "a")
    fan_out(log)
    assert len(wanted_by(log, every)) == 1


def test_changes_take_effect_at_once(log: Log) -> None:
    url = "http://127.0.0.1:1/"
    integration = add_integration(log, url)
    log.run(enable, "a")
    fan_out(log)
    off = draft_of(integration, url, enabled=False)
    log.run(config_commands.update, integration.id, off, [], KEYRING)
    log.run(enable, "b")
    fan_out(log)
    assert len(wanted_by(log, integration)) == 1
    log.run(config_commands.update, integration.id, msgspec.structs.replace(off, enabled=True), [], KEYRING)
    log.run(enable, "c")
    fan_out(log)
    assert wanted_by(log, integration) == [2, 6]


def test_two_that_handle_the_same_events_write_them_down_once(log: Log) -> None:
    integration = add_integration(log)
    log.run(enable, "a", "b")

    async def both() -> None:
        one = fanout_runner(log)
        found = await log.reader.run(one._next)
        await one.step()
        with pytest.raises(PositionMoved):
            await log.units.run(ALICE, one._advance, found)
        await one.stop()

    asyncio.run(both())
    assert len(wanted_by(log, integration)) == 2


def test_what_fails_writes_nothing_and_moves_nothing(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    integration = add_integration(log)
    fan_out(log)
    before = log.read(position_of, FANOUT)
    log.run(enable, "a", "b")
    handle = Fanout.handle

    def half(self: Fanout, tx: Any, batch: Any) -> None:
        handle(self, tx, batch)
        raise RuntimeError("struck by lightning")

    monkeypatch.setattr(Fanout, "handle", half)

    async def once() -> None:
        runner = fanout_runner(log)
        assert await runner.step()
        await runner.stop()

    asyncio.run(once())
    monkeypatch.undo()
    assert wanted_by(log, integration) == []
    assert log.read(position_of, FANOUT) == before
    fan_out(log)
    assert len(wanted_by(log, integration)) == 2


def test_order_is_kept_by_flag_or_by_the_thing_an_event_is_about(log: Log) -> None:
    add_integration(log, events=[ENABLED, "addon-config-created"])
    log.run(lambda unit: enable(unit, "checkout", environment="development"))
    log.run(lambda unit: enable(unit, "checkout", environment="production"))
    fan_out(log)
    found = log.read(lambda tx: tx.all(_SUBJECTS))
    assert found == [(1, "integration/1"), (2, "flag/checkout"), (3, "flag/checkout")]


def test_every_delivery_has_a_message_id_of_its_own(log: Log) -> None:
    one, two = add_integration(log), add_integration(log)
    log.run(enable, *(f"flag-{i}" for i in range(100)))
    fan_out(log)
    ids = [each.message_id for integration in (one, two) for each in deliveries_of(log, integration)]
    assert len(set(ids)) == 200
    assert all(each.startswith("msg_") for each in ids)


def test_events_that_nobody_wants_only_move_the_position(log: Log) -> None:
    log.run(enable, "a")
    fan_out(log)
    assert log.read(position_of, FANOUT) == last(log)


def test_what_happened_before_an_integration_was_there_is_none_of_its_business(log: Log) -> None:
    """While there is none, the fan-out lets events gather for a second."""
    url = "http://127.0.0.1:1/"
    log.run(enable, "before")
    integration = add_integration(log, url)
    log.run(enable, "a")
    created = last(log)
    fan_out(log)
    assert wanted_by(log, integration) == [created]
    off = draft_of(integration, url, enabled=False)
    log.run(config_commands.update, integration.id, off, [], KEYRING)
    log.run(enable, "while-off")
    log.run(config_commands.update, integration.id, msgspec.structs.replace(off, enabled=True), [], KEYRING)
    log.run(enable, "b")
    on = last(log)
    log.run(config_commands.update, integration.id, draft_of(integration, url, description="other"), [], KEYRING)
    fan_out(log)
    assert wanted_by(log, integration) == [created, on], "a change that leaves it on cuts nothing off"


def test_only_what_an_integration_may_want_is_urgent(log: Log) -> None:
    fanout = Fanout()
    log.run(enable, "a")
    (event,) = log.read(after, 0, Wants())
    assert fanout.is_urgent(event), "nothing is known yet"
    log.run(lambda unit: fanout.handle(unit.tx, [event]))
    assert not fanout.is_urgent(event)
    add_integration(log)
    (created,) = log.read(after, 1, Wants())
    assert fanout.is_urgent(created)
    log.run(lambda unit: fanout.handle(unit.tx, [created]))
    assert fanout.is_urgent(event)
    assert not fanout.is_urgent(created.__class__(**{**msgspec.structs.asdict(event), "type": "segment-created"}))
