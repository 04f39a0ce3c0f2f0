"""Work in the background is begun again, and parts end whatever others do."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from flagkeeper import supervisor as module
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.supervisor import Lifecycle, Supervisor


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, object]]]:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "OUTAGE_PAUSE", 0.001)
    with capture_logs() as found:
        yield found  # type: ignore[misc]  # mappings of any kind


class Work:
    """Fails so many times, then stays."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.stays = asyncio.Event()
        self.stopped = False

    async def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.stays.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped = True


async def test_what_dies_is_logged_counted_and_begun_again(logs: list[dict[str, object]]) -> None:
    supervisor, work = Supervisor(), Work(ValueError("one"), KeyError("two"))
    task = supervisor.start("work", work)
    await work.stays.wait()
    assert supervisor.failures == {"work": 2}
    failed = [each for each in logs if each["event"] == "background_task_failed"]
    assert [str(each["exc_info"]) for each in failed] == ["one", "'two'"]
    await task.stop()
    await task.stop()
    assert work.stopped


async def test_an_outage_is_waited_for_and_is_no_failure(logs: list[dict[str, object]]) -> None:
    supervisor, work = Supervisor(), Work(Unavailable("The database is away."))
    task = supervisor.start("work", work, vital=True)
    await work.stays.wait()
    assert supervisor.failures == {}
    assert supervisor.troubles() == []
    assert [each["event"] for each in logs] == ["background_task_waits"]
    await task.stop()


async def test_a_cancellation_that_nobody_asked_for_does_not_end_it(logs: list[dict[str, object]]) -> None:
    supervisor, work = Supervisor(), Work(asyncio.CancelledError())
    task = supervisor.start("work", work)
    await work.stays.wait()
    assert supervisor.failures == {"work": 1}
    assert logs
    await task.stop()


@pytest.mark.usefixtures("logs")
async def test_what_is_vital_and_fails_makes_the_server_unready_until_it_runs_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    supervisor, vital, other = Supervisor(), Work(ValueError()), Work(ValueError())
    tasks = supervisor.start("vital", vital, vital=True), supervisor.start("other", other)
    await asyncio.gather(vital.stays.wait(), other.stays.wait())
    assert supervisor.troubles() == ["vital keeps failing."]
    monkeypatch.setattr(module, "SETTLED", 0.0)
    assert supervisor.troubles() == []
    for task in tasks:
        await task.stop()


async def test_work_that_returns_is_done() -> None:
    async def nothing() -> None: ...

    supervisor = Supervisor()
    task = supervisor.start("work", nothing, vital=True)
    assert await task.finished(5)
    assert supervisor.troubles() == []


class Part:
    def __init__(self, name: str, told: list[str], error: Exception | None = None, *, hangs: bool = False) -> None:
        self.name, self._told, self._error, self._hangs = name, told, error, hangs

    async def start(self) -> None:
        self._told.append(f"+{self.name}")

    async def stop(self) -> None:
        self._told.append(f"-{self.name}")
        if self._error:
            raise self._error
        if self._hangs:
            await asyncio.shield(asyncio.Event().wait())


async def test_parts_end_in_reverse_order_whatever_becomes_of_others(logs: list[dict[str, object]]) -> None:
    told: list[str] = []
    parts = [Part("a", told), Part("b", told, ValueError("b")), Part("c", told, hangs=True), Part("d", told)]
    lifecycle = Lifecycle()
    for part in parts:
        await lifecycle.start(part.name, part.start, part.stop, patience=0.02)
    await lifecycle.stop()
    assert told == ["+a", "+b", "+c", "+d", "-d", "-c", "-b", "-a"]
    assert [(each["event"], each["part"]) for each in logs] == [("part_did_not_stop", "c"), ("part_stopped_badly", "b")]
    await lifecycle.stop()
    assert len(told) == 8, "a second stop does nothing"


async def test_all_parts_together_have_so_much_time() -> None:
    told: list[str] = []
    lifecycle = Lifecycle(limit=0.1)
    for number in range(4):
        part = Part(str(number), told, hangs=True)
        await lifecycle.start(part.name, part.start, part.stop, patience=5)
    async with asyncio.timeout(5):
        await lifecycle.stop()
    assert told[4:] == ["-3", "-2", "-1", "-0"]


async def test_a_stop_before_any_start_is_harmless() -> None:
    await Lifecycle().stop()


async def test_a_part_whose_start_fails_is_ended_with_the_others() -> None:
    told: list[str] = []
    first, lifecycle = Part("a", told), Lifecycle()
    await lifecycle.start("a", first.start, first.stop)
    second = Part("b", told)

    async def fail() -> None:
        raise ValueError("no start")

    with pytest.raises(ValueError, match="no start"):
        await lifecycle.start("b", fail, second.stop)
    await lifecycle.stop()
    assert told == ["+a", "-b", "-a"]
