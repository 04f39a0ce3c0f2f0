"""One process of Flagkeeper for a storm: `flagkeeper`, with what would take hours made short.

    python -P tests/replica.py serve
    python -P tests/replica.py archive run

The blocks of the index are small, so that it has some after a few hundred events, and events may be archived as soon as
nobody needs them any more, whatever their time. STORM_SECONDS_AHEAD: by this process' clock it is so much later.
"""

import os
import sys
import time

BLOCK = 64
"""Events in a small block of the index."""
DAY = 86_400_000
"""Milliseconds."""


def be_ahead(seconds: int) -> None:
    """Everybody in this process who asks what time it is, is told a later one."""
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + seconds * 10**9


def hurry(*, archiving: bool) -> None:
    import msgspec

    from flagkeeper.eventlog.archive.archiver import Archiver
    from flagkeeper.eventlog.index.memory import SIZES

    msgspec.structs.force_setattr(SIZES, "small", BLOCK)
    msgspec.structs.force_setattr(SIZES, "large", 8 * BLOCK)
    if archiving:
        options = Archiver.__init__.__kwdefaults__
        assert options is not None
        options["fresh"] = -2 * DAY


if __name__ == "__main__":
    be_ahead(int(os.environ.get("STORM_SECONDS_AHEAD", "0")))
    hurry(archiving=sys.argv[1] == "archive")
    from flagkeeper.cli import main

    main()
