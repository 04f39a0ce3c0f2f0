"""`flagkeeper serve` with a thread that wants to run every millisecond, and notes how long others kept it from that. It
counts the processor's time that the process used meanwhile, which is the same on a machine that others use.

    WAITS=file python benchmarks/waiting_server.py serve
"""

import os
import threading
import time

from flagkeeper.cli import main

TURN = 0.001
"""Seconds that the thread sleeps."""
NOTED = 0.003
"""Seconds of the processor's time that are worth a line."""


def _take_turns() -> None:
    with open(os.environ["WAITS"], "a", buffering=1) as waits:  # noqa: PTH123 - a line in a thousand turns
        while True:
            begun = time.process_time()
            time.sleep(TURN)
            if (waited := time.process_time() - begun) > NOTED:
                waits.write(f"{waited * 1000:.3f}\n")


if __name__ == "__main__":
    threading.Thread(target=_take_turns, daemon=True).start()
    main()
