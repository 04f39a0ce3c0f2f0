"""`flagkeeper serve`, whose event loop notes how long it was busy in one go. It counts the processor's time, which is
the same on a machine that others use.

    BEATS=file python benchmarks/beating_server.py serve
"""

import asyncio
import os
import time

from flagkeeper.app import Server
from flagkeeper.cli import main
from flagkeeper.http.raw import Receive, Scope, Send

BEAT = 0.002
"""Seconds between two looks."""
NOTED = 0.001
"""Seconds of work that are worth a line."""

_serve = Server.__call__
_beating: list[asyncio.Task[None]] = []


async def _beat() -> None:
    with open(os.environ["BEATS"], "a", buffering=1) as beats:  # noqa: ASYNC230, PTH123 - a line in ten thousand turns
        while True:
            begun = time.thread_time()
            await asyncio.sleep(BEAT)
            if (busy := time.thread_time() - begun) > NOTED:
                beats.write(f"{busy * 1000:.3f}\n")


async def _serve_and_beat(self: Server, scope: Scope, receive: Receive, send: Send) -> None:
    if not _beating:
        _beating.append(asyncio.create_task(_beat()))
    await _serve(self, scope, receive, send)


if __name__ == "__main__":
    Server.__call__ = _serve_and_beat  # type: ignore[method-assign]
    main()
