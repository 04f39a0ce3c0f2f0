"""The sender of one process: holds leases on integrations, polls for what is due, and keeps workers busy."""

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.read import LogEvent, LogRows, View
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.integrations.delivery.commands import record_attempts
from flagkeeper.integrations.delivery.fanout import INTEGRATION_TYPES
from flagkeeper.integrations.delivery.model import Attempt, Delivery, DeliveryState, Schedule, judged
from flagkeeper.integrations.delivery.queries import backlog
from flagkeeper.integrations.protocol.provider import Links
from flagkeeper.integrations.protocol.verdict import Outcome
from flagkeeper.integrations.sender.archived import ArchivedEvents
from flagkeeper.integrations.sender.due import poll
from flagkeeper.integrations.sender.metrics import DeliveryMetrics
from flagkeeper.integrations.sender.receiver import Receiver
from flagkeeper.integrations.sender.recorder import Recorder
from flagkeeper.integrations.sender.transmit import Sent, not_sent, transmit
from flagkeeper.integrations.sender.worker import DeliveryWorker
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import FlagkeeperError, Unavailable
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.storage import leases
from flagkeeper.storage.leases import Lease
from flagkeeper.storage.reader import Reader
from flagkeeper.supervisor import SupervisedTask

LEASE = 7 * clock.SECOND
"""How long an integration whose process vanished waits for another one."""
RENEW = 1.0
"""Seconds between attempts to take what another process holds."""
FRESH = 4.0
"""A lease that lasts longer than so many seconds is not renewed yet."""
IN_FLIGHT = 256
"""Deliveries on their way at a time, of all integrations: each holds a connection."""
REST = 0.01
"""Seconds at least between polls."""
MEASURE = 15.0
"""Seconds between looks at how much is waiting, for the metrics."""
GRACE = 3.0
"""Seconds that the end of the server waits for what is on its way, and again for the record of it."""

log = structlog.get_logger("flagkeeper.sender")


class Sender:
    """Sends what is due. One for each process; of all processes, one at a time sends for an integration."""

    def __init__(
        self,
        *,
        units: Units,
        reader: Reader,
        rows: LogRows,
        log_reader: LogReader,
        outbound_client: OutboundClient,
        links: Links,
        metrics: DeliveryMetrics,
        schedule: Schedule,
    ) -> None:
        self._units = units
        self._reader = reader
        self._archived = ArchivedEvents(reader, rows)
        self._log_reader = log_reader
        self._outbound_client = outbound_client
        self._links = links
        self._metrics = metrics
        self._schedule = schedule
        self._view = View(links.base_url, with_ip=False)
        self._recorder = Recorder(units, record_attempts, self._recorded, log_reader.supervisor)
        self._holder = new_ulid()
        self._receivers: Mapping[int, Receiver] = {}
        self._version = -1
        self._workers: dict[int, DeliveryWorker] = {}
        self._leases: dict[int, Lease] = {}
        self._on_the_way = 0
        self._full = False
        """Somebody could have sent more if there had been room."""
        self._stopping = False
        self._attention = asyncio.Event()
        self._changed = asyncio.Event()
        """Integrations came or went: leases are to be taken or given back."""
        self._integrations_changed = True
        """Which there are is to be read again."""
        self._polled_at = 0.0
        self._tasks: list[SupervisedTask] = []

    async def start(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._loop = asyncio.get_running_loop()
        self._recorder.start()
        self._log_reader.listen(self._hear)
        run = self._log_reader.supervisor.start
        self._tasks = [
            run("sender-send", self._send),
            run("sender-leases", self._keep_leases),
            run("sender-measure", self._measure),
        ]

    async def stop(self) -> None:
        """Starts nothing more, waits a little for what is on its way, and lets other processes go on at once."""
        self._stopping = True
        self._log_reader.unlisten(self._hear)
        await asyncio.gather(*(task.stop() for task in self._tasks))
        await asyncio.gather(*(worker.finish(GRACE) for worker in self._workers.values()))
        await self._recorder.stop(GRACE)
        held, self._workers, self._leases = list(self._leases.values()), {}, {}
        if held:
            with contextlib.suppress(FlagkeeperError):
                await self._units.run(SYSTEM, self._exchange_leases, [], [], held)

    def wake(self) -> None:
        """There may be something to send."""
        for worker in self._workers.values():
            worker.more = True
        self._attention.set()

    # Looking

    def _hear(self, news: Sequence[LogEvent]) -> None:
        if not news or any(event.type in INTEGRATION_TYPES for event in news):
            self._integrations_changed = True
            self.wake()

    async def _send(self) -> None:
        self._integrations_changed = True
        while True:
            self._attention.clear()
            pause = await self._round()
            await asyncio.sleep(REST)
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it may lose a cancellation that comes together with the event.
                async with asyncio.timeout(pause):
                    await self._attention.wait()

    async def _round(self) -> float | None:
        """Looks for what is due, and sends it. Returns the seconds until the next poll, if nothing happens before."""
        now = clock.now()
        self._poll_now_and_then()
        asked = [(worker, worker.poll_begins()) for worker in self._workers.values() if worker.wants_more(now)]
        if asked or self._integrations_changed:
            self._integrations_changed = False
            try:
                await self._poll(asked, now)
            except BaseException:
                self._integrations_changed = True
                for worker, _ in asked:
                    worker.more = True
                raise
        for worker in list(self._workers.values()):
            self._dispatch(worker)
        return self._pause()

    async def _poll(self, asked: Sequence[tuple[DeliveryWorker, int]], now: clock.Millis) -> None:
        wake = await self._reader.run(poll, [worker.ask() for worker, _ in asked], now, self._version, self._keyring)
        self._version = wake.version
        if wake.receivers is not None:
            self._meet(wake.receivers)
        for worker, number in asked:
            worker.poll_ends(number, wake.found[worker.id])

    def _poll_now_and_then(self) -> None:
        """Now and then it looks even if nobody told it to: another process may have, and was not heard."""
        if self._loop.time() - self._polled_at >= self._log_reader.poll():
            self._polled_at = self._loop.time()
            for worker in self._workers.values():
                worker.more = True

    def _pause(self) -> float | None:
        if not self._workers:
            return None
        now = clock.now()
        if any(worker.wants_more(now) for worker in self._workers.values()):
            return 0.0
        waits = [wait for worker in self._workers.values() if (wait := worker.rest(now)) is not None]
        return min([self._log_reader.poll(), *waits])

    async def _measure(self) -> None:
        while True:
            self._metrics.measured(await self._reader.run(backlog), clock.now())
            await asyncio.sleep(MEASURE)

    # Sending

    def _dispatch(self, worker: DeliveryWorker) -> None:
        while not self._stopping and worker.may_start():
            if self._on_the_way >= IN_FLIGHT:
                self._full = True
                return
            delivery = worker.queue.next()
            if delivery is None:
                break
            self._on_the_way += 1
            worker.start(delivery, self._deliver(worker, delivery), partial(self._ended, worker))
        if worker.wants_more(clock.now()):
            self._attention.set()

    async def _deliver(self, worker: DeliveryWorker, delivery: Delivery) -> None:
        if worker.left <= 0:
            # This process stood still since it decided to send: with all the others on their way it is cut off.
            worker.lapse()
            await asyncio.sleep(0)
        if delivery.attempt == 0:
            self._metrics.started(clock.now() - delivery.since)
        sent = await self._attempt(worker.receiver, delivery)
        attempt = self._judged(delivery, sent)
        worker.queue.returned(delivery, accepted=attempt.state is DeliveryState.DONE)
        self._recorder.add(attempt)
        self._note(worker, sent, attempt)

    def _ended(self, worker: DeliveryWorker) -> None:
        """A delivery is no longer on its way: there is room for another."""
        self._on_the_way -= 1
        if self._full:
            self._full = False
            for each in random.sample(list(self._workers.values()), len(self._workers)):
                self._dispatch(each)
        else:
            self._dispatch(worker)

    def _judged(self, delivery: Delivery, sent: Sent) -> Attempt:
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
        try:
            return judged(delivery, sent.verdict, sent.details, self._schedule, clock.now(), chance)
        except Exception:
            # Details that cannot be written as JSON must not make the attempt itself be forgotten.
            log.exception("details_lost", integration=delivery.integration_id, event_id=delivery.event_id)
            return judged(delivery, sent.verdict, {}, self._schedule, clock.now(), chance)

    async def _attempt(self, receiver: Receiver, delivery: Delivery) -> Sent:
        if receiver.problem:
            return not_sent(receiver.problem, Outcome.RETRY)
        try:
            row = delivery.event or await self._archived.read(delivery.event_id)
            event = row.shown(self._view)
            return await transmit(
                self._outbound_client, receiver, event, delivery.message_id, delivery.parts_done, self._links
            )
        except Unavailable as error:
            return not_sent(f"Not sent, for the event could not be read: {error.message}", Outcome.RETRY)
        except Exception as error:
            log.exception("delivery_defect", integration=delivery.integration_id, event_id=delivery.event_id)
            return not_sent(f"Not sent, for a defect of ours: {type(error).__name__}", Outcome.RETRY)

    def _note(self, worker: DeliveryWorker, sent: Sent, attempt: Attempt) -> None:
        about = {"integration": worker.id, "provider": worker.receiver.provider.name}
        self._metrics.finished(worker.receiver.provider.name, attempt.state)
        retry = sent.verdict.outcome is Outcome.RETRY
        if sent.tried and not retry and worker.breaker.answered():
            log.info("receiver_is_back", **about)
        if sent.tried and retry and worker.breaker.failed(self._loop.time(), random.random()):  # noqa: S311 - spreads load, guards nothing
            log.warning("receiver_is_down", **about)
        if attempt.state is not DeliveryState.DONE:
            log.info(
                "delivery_failed",
                **about,
                event_id=attempt.delivery.event_id,
                attempt=attempt.number,
                outcome=sent.verdict.outcome.value,
                dead=attempt.state is DeliveryState.DEAD,
            )

    def _recorded(self, attempt: Attempt) -> None:
        delivery = attempt.delivery
        worker = self._workers.get(delivery.integration_id)
        if worker is None:
            return
        worker.queue.recorded(delivery)
        if attempt.state is DeliveryState.WAITING:
            worker.due(attempt.due_at)
            self._attention.set()
        if worker.queue.ordered:
            # What waited behind it may go now.
            worker.more = True
        worker.change_order()
        if worker.wants_more(clock.now()):
            self._attention.set()

    # Leases

    def _meet(self, receivers: Mapping[int, Receiver]) -> None:
        """Integrations were added, changed or switched off."""
        self._receivers = receivers
        for worker in self._workers.values():
            if worker.id in receivers:
                worker.meet(receivers[worker.id])
                worker.change_order()
            else:
                worker.retired = True
        self._changed.set()

    async def _keep_leases(self) -> None:
        while True:
            self._changed.clear()
            await self._renew()
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it may lose a cancellation that comes together with the event.
                async with asyncio.timeout(RENEW):
                    await self._changed.wait()

    async def _renew(self) -> None:
        """Renews what is held, takes what is free, and gives back what is no longer needed."""
        left = [id_ for id_, worker in self._workers.items() if worker.retired and worker.quiet]
        for id_ in left:
            self._dismiss(id_)
        given_back = [self._leases.pop(id_) for id_ in self._leases.keys() - self._workers.keys()]
        renewed = [id_ for id_, worker in self._workers.items() if worker.left <= FRESH]
        wanted = sorted(self._receivers.keys() - self._workers.keys())
        if wanted:
            taken = await self._reader.run(leases.taken, [_lease(id_) for id_ in wanted], self._holder)
            wanted = [id_ for id_ in wanted if _lease(id_) not in taken]
        if not wanted and not renewed and not given_back:
            return
        asked = time.monotonic()
        mine = {id_: self._leases[id_] for id_ in renewed}
        held = await self._units.run(SYSTEM, self._exchange_leases, list(mine.items()), wanted, given_back)
        for id_ in {*renewed} & {*self._workers} - {*held}:
            self._dismiss(id_)
            del self._leases[id_]
        for id_, lease in held.items():
            self._take(id_, lease, asked)

    def _take(self, integration_id: int, lease: Lease, asked: float) -> None:
        worker = self._workers.get(integration_id)
        self._leases[integration_id] = lease
        if worker is None:
            receiver = self._receivers.get(integration_id)
            if receiver is None:
                return  # switched off meanwhile: the lease goes back next time
            worker = self._workers[integration_id] = DeliveryWorker(receiver, self._loop, self._schedule.scale)
            log.info("integration_taken", integration=integration_id, provider=worker.receiver.provider.name)
            self._attention.set()
        worker.renewed(asked + LEASE / clock.SECOND)

    def _dismiss(self, integration_id: int) -> None:
        log.info("integration_released", integration=integration_id)
        self._workers.pop(integration_id).dismiss()

    def _exchange_leases(
        self, unit: Unit, mine: Sequence[tuple[int, Lease]], wanted: Sequence[int], left: Sequence[Lease]
    ) -> dict[int, Lease]:
        for lease in left:
            leases.release(unit.tx, lease)
        held = {id_: lease for id_, lease in mine if leases.renew(unit.tx, lease, LEASE)}
        for id_ in wanted:
            if (taken := leases.take(unit.tx, _lease(id_), self._holder, LEASE)) is not None:
                held[id_] = taken
        return held


def _lease(integration_id: int) -> str:
    return f"integration/{integration_id}"
