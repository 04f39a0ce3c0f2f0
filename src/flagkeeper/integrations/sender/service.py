"""The sender of one process: holds leases on integrations, looks for what is due, and keeps couriers busy."""

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from flagkeeper.eventlog.bell import Bell
from flagkeeper.eventlog.read import LogRows, View
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.integrations.delivery_commands import record_attempts
from flagkeeper.integrations.delivery_model import Attempt, Delivery, DeliveryState, Schedule, judged
from flagkeeper.integrations.delivery_queries import backlog
from flagkeeper.integrations.provider import Links
from flagkeeper.integrations.secrets import Keyring
from flagkeeper.integrations.sender.archived import ArchivedEvents
from flagkeeper.integrations.sender.courier import Courier
from flagkeeper.integrations.sender.look import take_look
from flagkeeper.integrations.sender.metrics import DeliveryMetrics
from flagkeeper.integrations.sender.receiver import Receiver
from flagkeeper.integrations.sender.recorder import Recorder
from flagkeeper.integrations.sender.transmit import Sent, not_sent, transmit
from flagkeeper.integrations.verdict import Outcome
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import FlagkeeperError, Unavailable
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.outbound.door import Door
from flagkeeper.storage import leases
from flagkeeper.storage.reader import Reader

LEASE = 8 * clock.SECOND
"""How long an integration whose process vanished waits for another one."""
RENEW = 1.0
"""Seconds between attempts to take what another process holds."""
FRESH = 5.0
"""A lease that lasts longer than so many seconds is not renewed yet."""
IN_FLIGHT = 256
"""Deliveries on their way at a time, of all integrations: each holds a connection."""
POLL = 1.0
"""Seconds after which the database is looked at even if nothing was heard."""
FOLLOW, FOLLOW_SLOWLY = 0.005, 0.1
"""Seconds between looks while the fan-out has yet to handle an event that we know of; and when that takes long."""
REST = 0.003
"""Seconds at least between looks."""
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
        bell: Bell,
        door: Door,
        links: Links,
        metrics: DeliveryMetrics,
        schedule: Schedule,
    ) -> None:
        self._units = units
        self._reader = reader
        self._archived = ArchivedEvents(reader, rows)
        self._bell = bell
        self._door = door
        self._links = links
        self._metrics = metrics
        self._schedule = schedule
        self._view = View(links.base_url, with_ip=False)
        self._recorder = Recorder(units, record_attempts, self._recorded)
        self._holder = new_ulid()
        self._receivers: Mapping[int, Receiver] = {}
        self._version = -1
        self._couriers: dict[int, Courier] = {}
        self._on_the_way = 0
        self._full = False
        """Somebody could have sent more if there had been room."""
        self._stopping = False
        self._attention = asyncio.Event()
        self._changed = asyncio.Event()
        """Integrations came or went: leases are to be taken or given back."""
        self._heard_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._loop = asyncio.get_running_loop()
        self._recorder.start()
        self._tasks = [
            asyncio.create_task(self._listen(), name="sender-listen"),
            asyncio.create_task(self._send(), name="sender-send"),
            asyncio.create_task(self._keep_leases(), name="sender-leases"),
            asyncio.create_task(self._measure(), name="sender-measure"),
        ]

    async def stop(self) -> None:
        """Starts nothing more, waits a little for what is on its way, and lets other processes go on at once."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(courier.finish(GRACE) for courier in self._couriers.values()))
        await self._recorder.stop(GRACE)
        held, self._couriers = list(self._couriers), {}
        with contextlib.suppress(FlagkeeperError):
            await self._units.run(SYSTEM, self._exchange_leases, [], held)

    def look(self) -> None:
        """There may be something to send that no event tells of."""
        for courier in self._couriers.values():
            courier.more = True
        self._attention.set()

    # Looking

    async def _listen(self) -> None:
        heard = -1
        while True:
            await self._bell.wait(heard, POLL)
            if self._bell.last_id != heard:
                heard, self._heard_at = self._bell.last_id, self._loop.time()
            self.look()

    async def _send(self) -> None:
        while True:
            try:
                pause = await self._turn()
            except FlagkeeperError as error:
                log.warning("sender_waits", error=error.message)
                pause = POLL
            except Exception:
                log.exception("sender_failed")
                pause = POLL
            await asyncio.sleep(REST)
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it may lose a cancellation that comes together with the event.
                async with asyncio.timeout(pause):
                    await self._attention.wait()

    async def _turn(self) -> float:
        """Looks for what is due, and sends it. Returns the seconds until the next look, if nothing happens before."""
        self._attention.clear()
        now = clock.now()
        asked = [(courier, courier.look_begins()) for courier in self._couriers.values() if courier.wants_more(now)]
        look = await self._reader.run(
            take_look, [courier.ask() for courier, _ in asked], now, self._version, self._keyring
        )
        self._version = look.version
        if look.receivers is not None:
            self._meet(look.receivers)
        for courier, number in asked:
            courier.look_ends(number, look.found[courier.id])
        for courier in list(self._couriers.values()):
            self._dispatch(courier)
        return self._pause(look.position)

    def _pause(self, position: int) -> float:
        now = clock.now()
        if position < self._bell.last_id:
            for courier in self._couriers.values():
                courier.more = True
            return FOLLOW if self._loop.time() - self._heard_at < POLL else FOLLOW_SLOWLY
        if any(courier.wants_more(now) for courier in self._couriers.values()):
            return 0.0
        waits = [wait for courier in self._couriers.values() if (wait := courier.rest(now)) is not None]
        return min([POLL, *waits])

    async def _measure(self) -> None:
        while True:
            with contextlib.suppress(FlagkeeperError):
                self._metrics.measured(await self._reader.run(backlog), clock.now())
            await asyncio.sleep(MEASURE)

    # Sending

    def _dispatch(self, courier: Courier) -> None:
        while not self._stopping and courier.may_start():
            if self._on_the_way >= IN_FLIGHT:
                self._full = True
                return
            delivery = courier.queue.next()
            if delivery is None:
                break
            self._on_the_way += 1
            courier.start(delivery, self._deliver(courier, delivery), partial(self._ended, courier))
        if courier.wants_more(clock.now()):
            self._attention.set()

    async def _deliver(self, courier: Courier, delivery: Delivery) -> None:
        if delivery.attempt == 0:
            self._metrics.started(clock.now() - delivery.since)
        sent = await self._attempt(courier.receiver, delivery)
        attempt = self._judged(delivery, sent)
        courier.queue.returned(delivery, accepted=attempt.state is DeliveryState.DONE)
        self._recorder.add(attempt)
        self._note(courier, sent, attempt)

    def _ended(self, courier: Courier) -> None:
        """A delivery is no longer on its way: there is room for another."""
        self._on_the_way -= 1
        if self._full:
            self._full = False
            for each in random.sample(list(self._couriers.values()), len(self._couriers)):
                self._dispatch(each)
        else:
            self._dispatch(courier)

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
            return await transmit(self._door, receiver, event, delivery.message_id, delivery.parts_done, self._links)
        except Unavailable as error:
            return not_sent(f"Not sent, for the event could not be read: {error.message}", Outcome.RETRY)
        except Exception as error:
            log.exception("delivery_defect", integration=delivery.integration_id, event_id=delivery.event_id)
            return not_sent(f"Not sent, for a defect of ours: {type(error).__name__}", Outcome.RETRY)

    def _note(self, courier: Courier, sent: Sent, attempt: Attempt) -> None:
        about = {"integration": courier.id, "provider": courier.receiver.provider.name}
        self._metrics.finished(courier.receiver.provider.name, attempt.state)
        retry = sent.verdict.outcome is Outcome.RETRY
        if sent.tried and not retry and courier.breaker.answered():
            log.info("receiver_is_back", **about)
        if sent.tried and retry and courier.breaker.failed(self._loop.time(), random.random()):  # noqa: S311 - spreads load, guards nothing
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
        courier = self._couriers.get(delivery.integration_id)
        if courier is None:
            return
        courier.queue.recorded(delivery)
        if attempt.state is DeliveryState.WAITING:
            courier.due(attempt.due_at)
            self._attention.set()
        if courier.queue.ordered:
            # What waited behind it may go now.
            courier.more = True
        courier.change_order()
        if courier.wants_more(clock.now()):
            self._attention.set()

    # Leases

    def _meet(self, receivers: Mapping[int, Receiver]) -> None:
        """Integrations were added, changed or switched off."""
        self._receivers = receivers
        for courier in self._couriers.values():
            if courier.id in receivers:
                courier.meet(receivers[courier.id])
                courier.change_order()
            else:
                courier.retired = True
        self._changed.set()

    async def _keep_leases(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self._renew()
            except FlagkeeperError as error:
                log.warning("leases_not_renewed", error=error.message)
            except Exception:
                log.exception("leases_not_renewed")
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it may lose a cancellation that comes together with the event.
                async with asyncio.timeout(RENEW):
                    await self._changed.wait()

    async def _renew(self) -> None:
        """Renews what is held, takes what is free, and gives back what is no longer needed."""
        left = [id_ for id_, courier in self._couriers.items() if courier.retired and courier.quiet]
        for id_ in left:
            self._dismiss(id_)
        fresh = {id_ for id_, courier in self._couriers.items() if courier.left > FRESH}
        wanted = sorted({*self._receivers, *self._couriers} - fresh)
        if not wanted and not left:
            return
        began = self._loop.time()
        held = await self._units.run(SYSTEM, self._exchange_leases, wanted, left)
        for id_ in {*wanted} & {*self._couriers} - held:
            self._dismiss(id_)
        for id_ in held:
            courier = self._couriers.get(id_)
            if courier is None:
                if id_ not in self._receivers:
                    continue
                courier = self._couriers[id_] = Courier(self._receivers[id_], self._loop, self._schedule.scale)
                log.info("integration_taken", integration=id_, provider=courier.receiver.provider.name)
                self._attention.set()
            courier.renewed(began + LEASE / clock.SECOND)

    def _dismiss(self, integration_id: int) -> None:
        log.info("integration_released", integration=integration_id)
        self._couriers.pop(integration_id).dismiss()

    def _exchange_leases(self, unit: Unit, wanted: Sequence[int], left: Sequence[int]) -> set[int]:
        for id_ in left:
            leases.release(unit.tx, _lease(id_), self._holder)
        return {id_ for id_ in wanted if leases.take(unit.tx, _lease(id_), self._holder, unit.now, LEASE)}


def _lease(integration_id: int) -> str:
    return f"integration/{integration_id}"
