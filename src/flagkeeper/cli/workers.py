"""`flagkeeper serve --workers N`: several servers behind one socket, and a parent that starts them, replaces those
that die, and ends them all. The parent serves nothing and opens no database. Each worker is a server like any other, as
if it ran on a machine of its own."""

import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from flagkeeper.cli.binding import bind
from flagkeeper.cli.terminal import FAILED, complain, explain
from flagkeeper.settings import Settings
from flagkeeper.supervisor import FIRST_PAUSE, LONGEST_PAUSE, SETTLED, STOP_LIMIT

LOOK_EVERY = 1.0
"""Seconds after which the parent looks at its workers, whatever it was told."""
GRACE = 5.0
"""Seconds that workers get beyond those that they give themselves to stop, before they are killed."""

log = structlog.get_logger("flagkeeper.workers")


class Worker(msgspec.Struct, frozen=True):
    """What a worker is given by its parent."""

    number: int
    """From 1 on; one that takes the place of another has its number."""
    sockets: list[Any]
    """To listen on: what all share, and its own, if it has one."""
    lifeline: int
    """A descriptor that ends when the parent does, however that comes about."""
    ready: int
    """A descriptor to write to when it listens."""
    announces: bool
    """Whether it says to people that the server is ready."""


Run = Callable[[Worker], None]
"""Serves until SIGTERM. Runs in the worker's process."""


class Workers:
    """The parent. Made before anything has threads, because workers are forks of it.

    Args:
        own_ports: the first of as many ports, one for each worker alone, to be asked about by monitoring. None: they
            have none.
    """

    def __init__(self, settings: Settings, number: int, own_ports: int | None, run: Run) -> None:
        self._run = run
        self._patience = settings.drain_time + STOP_LIMIT + GRACE
        self._shared = bind(settings, settings.port)
        self._own = [bind(settings, own_ports + place) for place in range(number)] if own_ports else []
        self._numbers = range(1, number + 1)
        self._alive: dict[int, tuple[int, float]] = {}
        """By process, the worker's number and when it began."""
        self._due: dict[int, float] = {}
        """By number, when a worker that died is replaced."""
        self._pauses: dict[int, float] = {}
        self._stopping = False
        self._lifeline, self._held = os.pipe()
        self._wakeup, self._woken_by = os.pipe()

    def serve(self) -> int:
        """Runs until SIGINT or SIGTERM. Returns the exit code: that of the first worker, if it could not even start."""
        os.set_blocking(self._woken_by, False)
        signal.set_wakeup_fd(self._woken_by)
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        ready = self._start(1, announces=True)
        # The first one migrates, and does what the first start does; the others find that done.
        started = self._has_started(ready)
        os.close(ready)
        if not started and self._goes_on():
            return FAILED
        for number in self._numbers[1:]:
            if self._goes_on():
                os.close(self._start(number))
        while self._goes_on():
            select.select([self._wakeup], [], [], self._until_next())
            self._drain()
            self._reap()
            self._replace()
        return self._end_all()

    def _has_started(self, ready: int) -> bool:
        """Waits for the first worker. False: it could not start, and has said why; or it is to stop."""
        while self._goes_on():
            found, _, _ = select.select([ready, self._wakeup], [], [])
            self._drain()
            if ready in found:
                return os.read(ready, 1) != b""
        return False

    def _start(self, number: int, *, announces: bool = False) -> int:
        """Forks a worker. Returns the descriptor on which it says that it listens."""
        ready, says_ready = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(ready)
            self._be_worker(number, says_ready, announces=announces)
        os.close(says_ready)
        self._alive[process] = number, time.monotonic()
        return ready

    def _be_worker(self, number: int, says_ready: int, *, announces: bool) -> None:
        """Never returns."""
        code = 0
        try:
            signal.set_wakeup_fd(-1)
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
                signal.signal(each, signal.SIG_DFL)
            os.setpgid(0, 0)  # Ctrl-C is for the parent, which tells its workers once
            os.close(self._held)
            own = [self._own[number - 1]] if self._own else []
            self._run(Worker(number, [self._shared, *own], self._lifeline, says_ready, announces))
        except BaseException as error:
            code = FAILED
            reason = explain(error) if isinstance(error, Exception) else None
            if reason is None:
                traceback.print_exc()
            else:
                complain(reason)
        finally:
            os._exit(code)

    def _goes_on(self) -> bool:
        return not self._stopping

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _drain(self) -> None:
        if select.select([self._wakeup], [], [], 0)[0]:
            os.read(self._wakeup, 4_096)

    def _reap(self) -> int | None:
        """Takes note of workers that ended. Returns the code of the last one."""
        code = None
        while self._alive:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                break
            code = os.waitstatus_to_exitcode(status)
            number, began = self._alive.pop(process)
            if self._goes_on():
                well = time.monotonic() - began >= SETTLED
                pause = FIRST_PAUSE if well else min(2 * self._pauses.get(number, FIRST_PAUSE / 2), LONGEST_PAUSE)
                self._pauses[number] = pause
                self._due[number] = time.monotonic() + pause
                log.error("worker_died", worker=number, code=code, seconds_until_next=pause)
        return code

    def _replace(self) -> None:
        now = time.monotonic()
        for number in [number for number, due in self._due.items() if due <= now]:
            del self._due[number]
            os.close(self._start(number))

    def _until_next(self) -> float:
        now = time.monotonic()
        return max(0.0, min([LOOK_EVERY, *(due - now for due in self._due.values())]))

    def _end_all(self) -> int:
        """Tells all workers to stop, and waits for them. Returns 0 when all ended well."""
        self._shared.close()
        self._signal(signal.SIGTERM)
        codes: list[int | None] = []
        deadline = time.monotonic() + self._patience
        while self._alive and time.monotonic() < deadline:
            codes.append(self._reap())
            select.select([self._wakeup], [], [], 0.1)
            self._drain()
        for number, _ in self._alive.values():
            log.error("worker_did_not_stop", worker=number)
            codes.append(FAILED)
        self._signal(signal.SIGKILL)
        while self._alive:
            os.waitpid(-1, 0)
            self._alive.popitem()
        return FAILED if any(codes) else 0

    def _signal(self, number: int) -> None:
        for process in self._alive:
            with suppress(ProcessLookupError):
                os.kill(process, number)
