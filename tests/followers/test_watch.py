"""What another process writes is seen soon, without anybody here having rung the bell."""

import asyncio
import time

from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.eventlog.wake import Watch
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.flags.commands import create, types
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.projects import commands as projects
from flagkeeper.readmodels.client_features.follower import ClientFeatures
from tests.log import Log


async def test_a_change_by_another_process_is_seen_within_a_second(log: Log) -> None:
    for command in (environments.seed, projects.seed, types.seed):
        log.run(command)
    other, follower = Log(log.database), ClientFeatures()
    log.bell.attach(asyncio.get_running_loop())
    watch, runner = Watch(log.database, log.reader, log.bell), MemoryRunner(follower, log.reader, log.bell)
    watch.start()
    await runner.start()
    await asyncio.sleep(0.5)
    waited = []
    for i in range(5):
        name = f"flag-{i}"
        await asyncio.to_thread(other.run, create.create, "default", FlagDraft(name=name))
        written = time.monotonic()
        async with asyncio.timeout(5):
            while name not in follower.state.flags:
                await asyncio.sleep(0.005)
        waited.append(time.monotonic() - written)
    await asyncio.to_thread(watch.stop)
    await runner.stop()
    other.close()
    assert sorted(waited)[2] < 0.5
    assert max(waited) < 1.5
