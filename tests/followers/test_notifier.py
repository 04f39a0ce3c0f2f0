"""What another process writes is seen soon, without anybody here having signalled."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from flagkeeper.eventlog import notifier as notifier_module
from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.eventlog.log_reader import POLL
from flagkeeper.eventlog.notifier import Notifier, notify
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.flags.commands import create, types
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.projects import commands as projects
from flagkeeper.readmodels.client_features.follower import ClientFeatures
from flagkeeper.storage import leases
from tests.cable import Cable
from tests.deliveries import enable, until
from tests.log import Log
from tests.pooler import Pooler


async def test_a_change_by_another_process_is_seen_within_a_second(log: Log) -> None:
    for command in (environments.seed, projects.seed, types.seed):
        log.run(command)
    other, follower = Log(log.database), ClientFeatures()
    log.log_signal.attach(asyncio.get_running_loop())
    await log.log_reader.start()
    notifier, runner = (
        Notifier(log.database, log.reader, log.log_signal, log.supervisor),
        MemoryRunner(follower, log.log_reader),
    )
    await notifier.start()
    await runner.start()
    waited = []
    for i in range(5):
        name = f"flag-{i}"
        await asyncio.to_thread(other.run, create.create, "default", FlagDraft(name=name))
        written = time.monotonic()
        async with asyncio.timeout(5):
            while name not in follower.state.flags:
                await asyncio.sleep(0.005)
        waited.append(time.monotonic() - written)
    await notifier.stop()
    await runner.stop()
    await log.log_reader.stop()
    other.close()
    assert sorted(waited)[2] < 0.5
    assert max(waited) < 1.5


async def listening(log: Log) -> Notifier:
    notifier = Notifier(log.database, log.reader, log.log_signal, log.supervisor)
    log.log_signal.attach(asyncio.get_running_loop())
    log.log_reader.poll = lambda: notifier.poll
    await log.log_reader.start()
    return notifier


async def test_notifications_that_a_pooler_swallows_are_missed_polled_for_and_heard_again(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "SONAR_EVERY", 0.5)
    monkeypatch.setattr(notifier_module, "SONAR_LIMIT", 0.3)
    pooler = Pooler(postgresql_url)
    log, other = Log(pooler.url), Log(postgresql_url)
    notifier = await listening(log)
    with capture_logs() as logs:
        await notifier.start()
        await until(lambda: not notifier.arrive)
        assert notifier.poll == notifier_module.FAST_POLL
        await asyncio.to_thread(other.run, enable, "a")
        assert await log.log_reader.beyond(0, timeout=5)
        pooler.swallows = False
        await until(lambda: notifier.arrive)
        assert notifier.poll == POLL
    told = [(each["event"], each["log_level"]) for each in logs if each["event"].startswith("notifications")]
    assert told == [("notifications_do_not_arrive", "warning"), ("notifications_arrive", "info")]
    await notifier.stop()
    await log.log_reader.stop()
    log.close()
    other.close()
    pooler.close()


async def test_notifications_arrive_where_nobody_swallows_them(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "SONAR_EVERY", 0.1)
    log = Log(postgresql_url)
    notifier = await listening(log)
    heard = asyncio.Event()
    monkeypatch.setattr(notifier, "_note", lambda *, arrive: log.log_signal._loop.call_soon_threadsafe(heard.set))  # type: ignore[union-attr]
    await notifier.start()
    async with asyncio.timeout(10):
        await heard.wait()
    assert notifier.arrive
    await notifier.stop()
    await notifier.stop()
    await log.log_reader.stop()
    log.close()


async def test_other_messages_reach_those_who_listen_for_them_and_only_after_the_commit(postgresql_url: str) -> None:
    log, other = Log(postgresql_url), Log(postgresql_url)
    notifier, heard = await listening(log), list[str]()
    notifier.listen("flagkeeper_test", heard.extend)
    await notifier.start()
    sent = 0

    def send(unit: Unit) -> None:
        notify(unit.tx, "flagkeeper_test", f"message {sent}")

    def fail(unit: Unit) -> None:
        assert leases.take(unit.tx, "test", "somebody", 1_000)
        notify(unit.tx, "flagkeeper_test", "never")
        raise ValueError("taken back")

    async def until_heard() -> None:
        nonlocal sent
        async with asyncio.timeout(10):
            while not heard:
                sent += 1
                await asyncio.to_thread(other.run, send)
                await asyncio.sleep(0)

    with pytest.raises(ValueError, match="taken back"):
        await asyncio.to_thread(other.run, fail)
    await until_heard()
    assert "never" not in heard
    await notifier.stop()
    await log.log_reader.stop()
    log.close()
    other.close()


async def test_a_lost_connection_is_made_again(postgresql_url: str) -> None:
    parts = urlsplit(postgresql_url)
    cable = Cable((str(parts.hostname), int(parts.port or 5432)))
    log, other = Log(postgresql_url.replace(f":{parts.port}/", f":{cable.port}/")), Log(postgresql_url)
    notifier = await listening(log)
    await notifier.start()
    cable.cut()
    await asyncio.to_thread(other.run, enable, "a")
    cable.mend()
    assert await log.log_reader.beyond(0, timeout=20)
    assert log.supervisor.failures == {}, "an outage is no defect"
    await notifier.stop()
    await log.log_reader.stop()
    log.close()
    other.close()
    cable.close()
