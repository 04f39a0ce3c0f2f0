"""Deliveries in the database: what is due, what attempts come to, replays, retention."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.read import EventRow, LogRows
from flagkeeper.eventlog.tables import events
from flagkeeper.eventlog.unit import Unit
from flagkeeper.integrations.config import commands as config_commands
from flagkeeper.integrations.config.model import Integration, IntegrationDraft
from flagkeeper.integrations.delivery import commands, queries
from flagkeeper.integrations.delivery.jobs import DeliveryCleaning
from flagkeeper.integrations.delivery.model import (
    AT_ONCE,
    MOST_ATTEMPTS,
    Attempt,
    Delivery,
    DeliveryState,
    Schedule,
    judged,
)
from flagkeeper.integrations.delivery.queries import ReplayFilter
from flagkeeper.integrations.delivery.service import replay_matching
from flagkeeper.integrations.delivery.tables import deliveries, integration_events
from flagkeeper.integrations.protocol.verdict import Outcome, State, Verdict
from flagkeeper.integrations.sender.due import Ask, Found, due
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, NotFound, Unavailable
from flagkeeper.kernel.paging import Page
from flagkeeper.storage.statement import Query, Write, columns
from tests.deliveries import ENABLED, add_integration, deliveries_of, enable, fan_out, remove_events, states_of
from tests.log import ALICE, Log

SLOW = Schedule()
DEAD = ReplayFilter(states=(DeliveryState.DEAD,))


def filled(log: Log, *flags: str, **changes: Any) -> Integration:
    """An integration to which these flags' events are to be delivered."""
    integration = add_integration(log, **changes)
    log.run(enable, *flags)
    fan_out(log)
    return integration


def wake(log: Log, integration: Integration, now: int, *, known: tuple[int, ...] = (), room: int = 10) -> Found:
    ask = Ask(integration_id=integration.id, ordered=integration.ordered, room=room, known=list(known))
    found: Found = log.read(due, ask, now)
    return found


def record(log: Log, delivery: Delivery, outcome: Outcome, *, now: int = 1_000, schedule: Schedule = SLOW) -> Attempt:
    state = State.SUCCESS if outcome is Outcome.OK else State.FAILED
    verdict = Verdict(outcome=outcome, state=state, reason=outcome.value, done=("message",))
    attempt = judged(delivery, verdict, {"n": 1}, schedule, now, 0.5)
    log.run(commands.record_attempts, [attempt])
    return attempt


def attempts(log: Log, integration: Integration, page: Page | None = None) -> list[Any]:
    found: list[Any] = log.read(queries.attempts, LogRows(), integration.id, page or Page(100))
    return found


def test_what_is_new_is_due_in_log_order_and_knows_its_event(log: Log) -> None:
    integration = filled(log, "c", "a", "b")
    found = wake(log, integration, 0)
    assert [each.event.feature_name for each in found.fresh if each.event] == ["c", "a", "b"]
    assert [each.event_id for each in found.fresh] == sorted(each.event_id for each in found.fresh)
    assert (found.again, found.next_due, found.is_full) == ([], None, False)


def test_a_look_brings_no_more_than_there_is_room_for_and_nothing_known(log: Log) -> None:
    integration = filled(log, *"abcdef")
    first = wake(log, integration, 0, room=2)
    assert first.is_full
    known = tuple(each.event_id for each in first.fresh)
    rest = wake(log, integration, 0, known=known, room=10)
    assert [each.event.feature_name for each in rest.fresh if each.event] == ["c", "d", "e", "f"]
    assert not rest.is_full


def test_what_failed_is_due_later_and_holds_nothing_up(log: Log) -> None:
    integration = filled(log, "a", "a", "b")
    failed = record(log, wake(log, integration, 0).fresh[0], Outcome.RETRY)
    found = wake(log, integration, 1_000)
    assert [each.event_id for each in found.fresh] == [failed.delivery.event_id + 1, failed.delivery.event_id + 2]
    assert (found.again, found.next_due) == ([], failed.due_at)
    found = wake(log, integration, failed.due_at)
    assert [(each.event_id, each.attempt) for each in found.again] == [(failed.delivery.event_id, 1)]


def test_with_order_what_failed_holds_up_its_own_subject_only(log: Log) -> None:
    integration = filled(log, "a", "b", "a", "a", parameters={"ordered": "true"})
    first, b, second, third = wake(log, integration, 0).fresh
    failed = record(log, first, Outcome.RETRY)
    found = wake(log, integration, failed.due_at)
    assert [each.event_id for each in found.fresh] == [b.event_id]
    assert [each.event_id for each in found.again] == [first.event_id]
    record(log, found.again[0], Outcome.PERMANENT)
    found = wake(log, integration, failed.due_at)
    assert [each.event_id for each in found.fresh] == [b.event_id, second.event_id, third.event_id]


def test_with_order_the_earliest_of_a_subject_is_tried_again_first(log: Log) -> None:
    """Order was asked for while two of a subject were waiting to be tried again."""
    integration = filled(log, "a", "a", parameters={"ordered": "true"})
    first, second = wake(log, integration, 0).fresh
    record(log, second, Outcome.RETRY, now=1_000)
    record(log, first, Outcome.RETRY, now=50_000)
    found = wake(log, integration, 1_000_000)
    assert [each.event_id for each in found.again] == [first.event_id]


def test_every_attempt_is_recorded_and_the_delivery_moves_on(log: Log) -> None:
    integration = filled(log, "a")
    for number in range(1, MOST_ATTEMPTS + 1):
        found = wake(log, integration, 10**15)
        (delivery,) = [*found.fresh, *found.again]
        assert delivery.attempt == number - 1
        record(log, delivery, Outcome.RETRY, now=number * 1_000)
    assert states_of(log, integration) == ["dead"]
    shown = attempts(log, integration)
    assert [each.id for each in shown] == list(range(MOST_ATTEMPTS, 0, -1))
    assert shown[0].state_details == "Attempt 10 of 10: retry. That was the last one."
    assert shown[-1].event.feature_name == "a"
    assert shown[-1].details == '{"n":1}'
    look_again = wake(log, integration, 10**15)
    assert not look_again.fresh
    assert not look_again.again


def test_an_outcome_that_comes_too_late_is_shown_but_decides_nothing(log: Log) -> None:
    """Another process took over and was quicker."""
    integration = filled(log, "a")
    (delivery,) = wake(log, integration, 0).fresh
    record(log, delivery, Outcome.OK)
    record(log, delivery, Outcome.RETRY)
    assert states_of(log, integration) == ["done"]
    assert len(attempts(log, integration)) == 2


def test_numbers_of_attempts_rise_in_commit_order_over_all_integrations(log: Log) -> None:
    one, two = filled(log, "a", "b"), filled(log, "c")
    for integration in (one, two, one):
        record(log, wake(log, integration, 0).fresh[0], Outcome.OK)
    assert [each.id for each in attempts(log, one)] == [3, 1]
    assert [each.id for each in attempts(log, two)] == [2]


def test_pages_of_attempts(log: Log) -> None:
    integration = filled(log, *"abcde")
    for delivery in wake(log, integration, 0).fresh:
        record(log, delivery, Outcome.OK)
    assert [each.id for each in attempts(log, integration, Page(2, 1))] == [4, 3]
    with pytest.raises(NotFound):
        log.read(queries.attempts, LogRows(), 99, Page(1))


def test_a_receiver_that_is_gone_switches_its_integration_off(log: Log) -> None:
    integration = filled(log, "a")
    record(log, wake(log, integration, 0).fresh[0], Outcome.DISABLE)
    (told,) = log.events("type:addon-config-updated", limit=5)
    assert isinstance(told, EventRow)
    assert '"enabled":false' in (told.data or "")


def test_the_outcome_for_an_integration_that_was_deleted_does_no_harm(log: Log) -> None:
    integration = filled(log, "a")
    (delivery,) = wake(log, integration, 0).fresh
    log.run(config_commands.delete, integration.id)
    record(log, delivery, Outcome.DISABLE)
    with pytest.raises(NotFound):
        attempts(log, integration)


def test_a_replay_keeps_the_message_id_and_begins_anew(log: Log) -> None:
    integration = filled(log, "a", "b")
    a, _b = wake(log, integration, 0).fresh
    record(log, a, Outcome.OK)
    log.run(commands.replay, integration.id, a.event_id)
    again, _ = wake(log, integration, 0).fresh
    assert (again.event_id, again.message_id, again.attempt, again.parts_done) == (a.event_id, a.message_id, 0, ())
    with pytest.raises(NotFound):
        log.run(commands.replay, integration.id, 999)
    with pytest.raises(NotFound):
        log.run(commands.replay, 999, a.event_id)


def test_a_replay_of_what_died_sends_only_what_did_not_arrive(log: Log) -> None:
    integration = filled(log, "a")
    (delivery,) = wake(log, integration, 0).fresh
    verdict = Verdict(outcome=Outcome.RETRY, state=State.SUCCESS_WITH_ERRORS, reason="r", done=("#one",))
    for number in range(MOST_ATTEMPTS):
        now = number * 1_000
        found = wake(log, integration, 10**15)
        (delivery,) = [*found.fresh, *found.again]
        log.run(commands.record_attempts, [judged(delivery, verdict, {}, SLOW, now, 0.5)])
    log.run(commands.replay, integration.id, delivery.event_id)
    (again,) = wake(log, integration, 0).fresh
    assert set(again.parts_done) == {"#one"}


def test_many_are_replayed_by_filter(log: Log) -> None:
    integration = add_integration(log, events=[ENABLED, "addon-config-created"])
    log.run(enable, *(f"flag-{i}" for i in range(400)))
    log.run(enable, *(f"more-{i}" for i in range(400)))
    fan_out(log)
    log.run(_settle_all, integration.id)

    def replayed(wanted: ReplayFilter) -> int:
        async def run() -> int:
            return await replay_matching(log.units, log.reader, LogRows(), ALICE, integration.id, wanted)

        return asyncio.run(run())

    assert replayed(DEAD) == 0
    both = (DeliveryState.DONE, DeliveryState.WAITING)
    assert replayed(ReplayFilter(states=both, types=("addon-config-created",))) == 1
    moment = log.events("flag:more-0", limit=1)[0].created_at
    first = log.events("flag:flag-0", limit=1)[0].created_at
    assert moment > first, "the test needs two moments"
    assert replayed(ReplayFilter(states=(DeliveryState.DONE,), since=moment)) == 400
    assert replayed(ReplayFilter(states=(DeliveryState.DONE,), until=first)) == 0
    assert replayed(ReplayFilter(states=(DeliveryState.DONE,))) == 400
    assert set(states_of(log, integration)) == {"waiting"}
    with pytest.raises(NotFound):
        asyncio.run(replay_matching(log.units, log.reader, LogRows(), ALICE, 99, DEAD))


_SETTLE_ALL = Write[Any](
    update(deliveries).where(deliveries.c.integration_id == bindparam("integration")).values(state="done")
)


def _settle_all(unit: Unit, integration_id: int) -> None:
    unit.tx.write(_SETTLE_ALL, integration=integration_id)


def test_lists_of_deliveries(log: Log) -> None:
    integration = filled(log, *"abcd")
    a, b, c, _d = wake(log, integration, 0).fresh
    record(log, a, Outcome.OK)
    record(log, b, Outcome.PERMANENT)
    failed = record(log, c, Outcome.RETRY)
    found, total = log.read(queries.page_of_deliveries, LogRows(), integration.id, None, Page(2, 1), EVERYTHING)
    assert total == 4
    assert [(each.event_id, each.state.value) for each in found] == [(c.event_id, "waiting"), (b.event_id, "dead")]
    assert (found[0].attempts, found[0].due_at, found[0].event_type) == (1, failed.due_at, ENABLED)
    for state, expected in ((DeliveryState.WAITING, 2), (DeliveryState.DONE, 1), (DeliveryState.DEAD, 1)):
        found, total = log.read(queries.page_of_deliveries, LogRows(), integration.id, state, Page(10), EVERYTHING)
        assert len(found) == total == expected


def test_the_backlog_of_all_integrations(log: Log) -> None:
    assert log.read(queries.backlog) == queries.Backlog(0, None, 0)
    one, _two = filled(log, "a", "b"), filled(log, "c")
    first = wake(log, one, 0).fresh[0]
    record(log, first, Outcome.PERMANENT)
    found = log.read(queries.backlog)
    assert (found.waiting, found.dead) == (3, 1)
    assert found.oldest == first.since


_AGE = Write[Any](update(events).values(created_at=events.c.created_at - bindparam("by")))
_AGE_ATTEMPTS = Write[Any](
    update(integration_events).values(created_at=integration_events.c.created_at - bindparam("by"))
)
_AGE_WAITING = Write[Any](update(deliveries).values(since=deliveries.c.since - bindparam("by")))
_ROWS = {
    table.name: Query[Any](select(table.c.integration_id, table.c.event_id), columns)
    for table in (deliveries, integration_events)
}


def _age(unit: Unit, days: int) -> None:
    for write in (_AGE, _AGE_ATTEMPTS):
        unit.tx.write(write, by=days * clock.DAY)


def clean(log: Log, days: int = 30) -> None:
    asyncio.run(DeliveryCleaning(log.reader, LogRows(), SLOW, days).run(log.units))


def rows(log: Log, table: str) -> list[Any]:
    found: list[Any] = log.read(lambda tx: tx.all(_ROWS[table]))
    return found


def test_what_is_old_goes_and_the_newest_attempt_of_every_integration_stays(log: Log) -> None:
    busy, quiet = filled(log, *"abc"), filled(log, "d")
    now = clock.now()
    for integration in (busy, quiet):
        for delivery in wake(log, integration, 0).fresh:
            record(log, delivery, Outcome.OK, now=now)
    log.run(_age, 31)
    log.run(enable, "new")
    fan_out(log)
    for integration in (busy, quiet):
        record(log, wake(log, integration, 0).fresh[0], Outcome.OK if integration is busy else Outcome.RETRY, now=now)
    log.run(enable, "newer")
    fan_out(log)
    clean(log)
    assert len(attempts(log, busy)) == 1
    assert len(attempts(log, quiet)) == 1
    assert states_of(log, busy) == ["done", "waiting"]
    assert states_of(log, quiet) == ["waiting", "waiting"]
    log.run(_age, 31)
    clean(log)
    assert len(attempts(log, busy)) == 1, "the newest stays, however old"
    assert states_of(log, busy) == ["waiting"], "and what was not delivered"


def test_nothing_goes_before_its_time(log: Log) -> None:
    integration = filled(log, "a")
    record(log, wake(log, integration, 0).fresh[0], Outcome.OK, now=clock.now())
    log.run(_age, 29)
    clean(log)
    assert len(attempts(log, integration)) == 1
    assert states_of(log, integration) == ["done"]


def test_what_waited_for_too_long_is_given_up_and_says_so(log: Log) -> None:
    integration = filled(log, *(f"flag-{i}" for i in range(3)))
    log.run(lambda unit: unit.tx.write(_AGE_WAITING, by=97 * clock.HOUR))
    log.run(enable, "new")
    fan_out(log)
    clean(log)
    assert states_of(log, integration) == ["dead", "dead", "dead", "waiting"]
    assert attempts(log, integration)[0].state_details == "Given up after 97 hours and 0 attempts."


def test_a_deleted_integration_leaves_nothing_behind(log: Log) -> None:
    gone, stays = filled(log, *(f"flag-{i}" for i in range(450))), filled(log, "b")
    for delivery in wake(log, gone, 0, room=3).fresh:
        record(log, delivery, Outcome.OK)
    log.run(enable, *(f"more-{i}" for i in range(450)))
    fan_out(log)
    log.run(config_commands.delete, gone.id)
    assert len(rows(log, "deliveries")) > 900
    clean(log)
    assert {integration for integration, _ in rows(log, "deliveries")} == {stays.id}
    assert rows(log, "integration_events") == []


def test_an_event_that_cannot_be_found_waits_and_is_no_empty_answer(log: Log) -> None:
    """Events leave the database for the archive. While that is out of reach, what needs them waits."""
    integration = filled(log, "a", "b")
    (delivery, _) = wake(log, integration, 0).fresh
    record(log, delivery, Outcome.RETRY)
    remove_events(log, delivery.event_id)
    found = wake(log, integration, 10**15)
    assert [each.event for each in found.again] == [None]
    assert [each.event is None for each in found.fresh] == [False]
    with pytest.raises(Unavailable):
        attempts(log, integration)
    with pytest.raises(Unavailable):
        deliveries_of(log, integration)


def wish(**changes: Any) -> IntegrationDraft:
    given = {"provider": "webhook", "events": [ENABLED], "projects": [], "environments": [], **changes}
    return IntegrationDraft(description=None, enabled=True, parameters={}, **given)


def test_a_dry_run_counts_exactly_what_the_fan_out_would_have_written_down(log: Log) -> None:
    wishes: list[dict[str, Any]] = [
        {"projects": ["nowhere"], "events": [ENABLED, "addon-config-created"]},
        {},
        {"projects": ["shop"]},
        {"projects": ["*"], "environments": ["production"]},
        {"projects": ["shop", "other"], "environments": ["production"]},
        {"events": []},
    ]
    integrations = [add_integration(log, **changes) for changes in wishes]
    for project in ("default", "shop", "default"):
        for environment in ("development", "production"):
            log.run(lambda unit, p=project, e=environment: enable(unit, "a", "b", project=p, environment=e))
    fan_out(log)
    counted = [log.read(queries.dry_run, LogRows(), wish(**changes), 0, EVERYTHING) for changes in wishes]
    totals = [sum(found.by_type.values()) for found in counted]
    assert totals == [len(deliveries_of(log, integration)) for integration in integrations]
    assert totals == [len(wishes), 12, 4, 6, 2, 0]
    assert [each.environment for each in counted[2].samples] == ["production", "development"], "the newest of each kind"


def test_a_dry_run_looks_back_only_so_far(log: Log) -> None:
    log.run(enable, "old")
    log.run(lambda unit: unit.tx.write(_AGE, by=8 * clock.DAY))
    since = clock.now() - 7 * clock.DAY
    assert log.read(queries.dry_run, LogRows(), wish(), since, EVERYTHING).by_type == {}
    log.run(enable, "new")
    found = log.read(queries.dry_run, LogRows(), wish(), since, EVERYTHING)
    assert (found.by_type, [each.feature_name for each in found.samples]) == ({ENABLED: 1}, ["new"])
    with pytest.raises(BadData):
        log.read(queries.dry_run, LogRows(), wish(provider="pigeon"), 0, EVERYTHING)


def test_due_at_once_needs_no_clock(log: Log) -> None:
    """The clock of the process that sends may be behind that of the one which recorded the event."""
    integration = filled(log, "a")
    assert deliveries_of(log, integration)[0].due_at == AT_ONCE
    assert len(wake(log, integration, 0).fresh) == 1
