"""What no request asks for: jobs that forget and end what is left over, and the way back in. Each statement of it fails
once before it is meant, and then nothing of it was done."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.access.model import ADMIN
from flagkeeper.features.instance import commands as instance
from flagkeeper.features.instance.model import OIDC, secret_location
from flagkeeper.features.instance.queries import secret_of
from flagkeeper.features.logins import commands as logins
from flagkeeper.features.logins.model import KEPT as LOGINS_KEPT
from flagkeeper.features.logins.model import Visit
from flagkeeper.features.logins.tables import logins as all_logins
from flagkeeper.features.traffic import commands as traffic
from flagkeeper.features.traffic.model import DAYS_KEPT, STEP, Counted
from flagkeeper.features.traffic.tables import traffic_days, traffic_steps
from flagkeeper.features.transfer import commands as transfer
from flagkeeper.features.transfer.model.run import Phase, Run
from flagkeeper.features.transfer.queries import import_of
from flagkeeper.features.transfer.tables import state_import_chunks
from flagkeeper.features.undertakings import commands as undertakings
from flagkeeper.features.undertakings.tables import undertakings as all_undertakings
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft
from flagkeeper.features.users.queries import id_of
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Conflict
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.storage.statement import Query
from tests.faults import Faults, every
from tests.log import Log

OLD_KEY, NEW_KEY = "old" * 11, "new" * 11
STEPS = [b'{"op":"flag.drop","payload":{"name":"a"}}']
CHUNKS = Query(select(state_import_chunks.c.number), int)
LOGINS = Query(select(all_logins.c.username), lambda name: name)
TRAFFIC_DAYS = Query(select(traffic_days.c.day), int)
UNDERTAKEN = Query(select(all_undertakings.c.subject), str)
TRAFFIC_STEPS = Query(select(traffic_steps.c.step), int)


@pytest.fixture(autouse=True)
def _with_faults(log: Log) -> Iterator[None]:
    with Faults(every).during(log.units.writer):
        yield


def stored(log: Log, query: Query[Any]) -> list[Any]:
    return log.reader.now(lambda tx: tx.all(query))


def how(log: Log, import_id: str) -> Run | None:
    found: Run | None = log.read(import_of, import_id)
    return found


def test_logins_are_forgotten_that_are_too_old(log: Log) -> None:
    def long_ago(unit: Unit) -> None:
        unit.now -= LOGINS_KEPT + clock.DAY
        logins.note(unit, "ada", Visit("203.0.113.9"))

    log.run(long_ago)
    log.run(logins.note, "eve", Visit("203.0.113.9"), "wrong-password")
    log.run(logins.forget)
    assert stored(log, LOGINS) == ["eve"]


def test_who_is_not_let_in_is_kept(log: Log) -> None:
    log.run(users.login_refused, "nobody", Visit("203.0.113.9"), "is not allowed in")
    log.run(users.login_unproven, Visit("203.0.113.9"), "proved nothing")
    assert stored(log, LOGINS) == [None, None]


def test_traffic_is_forgotten_that_is_too_old(log: Log) -> None:
    now = clock.now() // STEP * STEP
    times = (now, now - (DAYS_KEPT + 2) * clock.DAY)
    log.run(traffic.add, [(Counted(step, "/api/client", "/api/client/features", "shop", 2), 3) for step in times])
    assert len(stored(log, TRAFFIC_DAYS)) == len(stored(log, TRAFFIC_STEPS)) == 2
    log.run(traffic.forget_old)
    assert stored(log, TRAFFIC_DAYS) == [now // clock.DAY]
    assert stored(log, TRAFFIC_STEPS) == [now]


def test_an_import_that_was_never_whole_is_forgotten(log: Log) -> None:
    log.run(transfer.begin, "half", 2, None)
    log.run(transfer.put_down, "half", 0, [STEPS])
    assert stored(log, CHUNKS) == [0]
    log.run(transfer.forget, "half")
    assert how(log, "half") is None
    assert stored(log, CHUNKS) == []


def test_an_import_ends_with_the_chunk_that_cannot_be_done_and_is_forgotten_later(log: Log) -> None:
    def refuse(_unit: Unit, _step: bytes) -> None:
        raise Conflict("it is gone")

    log.run(transfer.begin, "bad", 2, None)
    log.run(transfer.put_down, "bad", 0, [STEPS, STEPS])
    done = log.run(transfer.do_next, "bad", lambda _unit, _step: None)
    assert (done.phase, done.done) == (Phase.RUNNING, 1)
    with pytest.raises(Conflict):
        log.run(transfer.do_next, "bad", refuse)
    log.run(transfer.fail, "bad", "it is gone")
    failed = how(log, "bad")
    assert failed is not None
    assert (failed.phase, failed.done, failed.problem) == (Phase.FAILED, 1, "it is gone")
    assert stored(log, CHUNKS) == []
    log.run(transfer.clean_up, failed.touched_at)
    assert how(log, "bad") is not None, "it is not older than that"
    log.run(transfer.clean_up, failed.touched_at + 1)
    assert how(log, "bad") is None


def test_an_undertaking_is_given_up_by_whoever_goes_on_with_it(log: Log) -> None:
    log.run(undertakings.begin, "project/shop", b"{}", lambda _unit, step: step)
    log.run(undertakings.go_on, "project/shop", None, lambda _unit, step: step)
    log.run(undertakings.give_up, "project/shop", "another group")
    assert stored(log, UNDERTAKEN) == ["project/shop"], "they say of another one"
    log.run(undertakings.give_up, "project/shop", None)
    assert stored(log, UNDERTAKEN) == []


def test_settings_are_sealed_anew_with_the_newest_key(log: Log) -> None:
    def set_up(unit: Unit) -> None:
        details = SettingDetails(sealed_since="2026-11-22T00:00:00.000Z")
        instance.put(unit, OIDC, details, Keyring((OLD_KEY,)).seal("secret", secret_location(OIDC)))

    log.run(set_up)
    before = log.count()
    newer = Keyring((NEW_KEY, OLD_KEY))
    log.run(instance.reseal, newer)
    kept = log.read(secret_of, OIDC)
    assert newer.is_newest(kept)
    assert newer.open(kept, secret_location(OIDC)) == "secret"
    assert log.count() == before, "the same secret: nothing to tell"


@pytest.mark.parametrize("was_there", [False, True])
def test_the_way_back_in_makes_an_administrator_with_a_password(log: Log, was_there: bool) -> None:
    log.run(access.seed)
    log.run(lambda unit: instance.set_passwords(unit, disabled=True))
    if was_there:
        log.run(users.create, draft(username="ada", root_role=3))
    ada = log.run(users.rescue, "ada", "hash")
    assert ada.root_role == ADMIN.id
    assert log.read(id_of, "ada") == ada.id
    newest = [event.type for event in log.events(limit=3)]
    made = "user-updated" if was_there else "user-created"
    assert newest == ["setting-updated", "flagkeeper-user-password-changed", made]
