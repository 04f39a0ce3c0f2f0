"""The follower of projects' figures, run as a process of its own so that it can be killed.

    python tests/followers/figures.py URL KILL

The process kills itself in the middle of its KILL-th batch: figures are written, nothing is committed.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from flagkeeper.eventlog.durable import DurableRunner
from flagkeeper.eventlog.read import LogEvent
from flagkeeper.kernel import clock
from flagkeeper.readmodels.project_figures.follower import ProjectFigures
from flagkeeper.storage.transaction import Transaction
from tests.log import Log


class Mortal(ProjectFigures):
    def __init__(self, kill_at: int) -> None:
        self._kill_at = kill_at

    def handle(self, tx: Transaction, batch: Sequence[LogEvent]) -> None:
        super().handle(tx, batch)
        self._kill_at -= 1
        if self._kill_at == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def run(url: str, kill_at: int) -> None:
    log = Log(url)
    runner = DurableRunner(Mortal(kill_at), log.units, log.reader, log.log_reader, batch=13, lease=clock.SECOND)
    while True:
        await runner.step()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
