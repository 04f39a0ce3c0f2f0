"""Hands on what SDKs report: added up in memory, sent upstream in batches, and kept for as long as upstream is away, in
memory and on disk.

A batch that upstream acknowledged is never sent again. One whose answer was lost is: what is counted then may be
counted twice, which is better than not at all.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flagkeeper.edge.custom import Custom, body_of
from flagkeeper.edge.impact import Impact, Key, Sample
from flagkeeper.edge.reports import Part, environments, parts
from flagkeeper.edge.snapshots import Snapshots
from flagkeeper.features.measurements.model import CustomMetric, ImpactMetric, Unreadable
from flagkeeper.features.usage.model import Collected, Count, CountKey, Report, Sighting
from flagkeeper.flusher import Flusher
from flagkeeper.kernel.errors import NotFound, RateLimited, Unavailable
from flagkeeper.outbound.errors import OutboundError
from flagkeeper.outbound.upstream import UpstreamAnswer, UpstreamServer
from flagkeeper.supervisor import Supervisor

BULK = "/api/client/metrics/bulk"
CUSTOM = "/api/client/metrics/custom"
MOST_REGISTERED = 20_000
"""Instances of which is remembered what they said of themselves; those that were silent for longest go first."""
STOP_PATIENCE = 4.0
"""Seconds that upstream gets at the end to take what is left."""
APP_NAME = "flagkeeper-edge"

log = structlog.get_logger("flagkeeper.edge")


class Kept(msgspec.Struct):
    """What could not be sent, as it is on disk."""

    counts: list[tuple[CountKey, Count]]
    sightings: list[Sighting]
    impact: list[tuple[Key, Sample]]
    custom: list[CustomMetric] = []


class Forwarder:
    """A `TakesUsage` whose reports go upstream. Its methods are called on the event loop.

    Args:
        secret: a backend token of an environment. Raises `Unavailable` where nobody has shown one yet, and `NotFound`
            where none is valid any more. None: of any environment.
        every: seconds between two reports.
        instance: what upstream's lists of applications call this node.
    """

    def __init__(
        self,
        upstream: UpstreamServer,
        secret: Callable[[str | None], str],
        snapshots: Snapshots,
        supervisor: Supervisor,
        every: float,
        instance: str,
    ) -> None:
        self._upstream = upstream
        self._secret = secret
        self._snapshots = snapshots
        self._every = every
        self._via = [{"appName": APP_NAME, "instanceId": instance}]
        self._flusher = Flusher("edge-usage", self.flush, every, supervisor)
        self._not_before = 0.0
        """When upstream wants the next report, as it said."""
        self._on_disk = False
        """Whether something of this is in the folder."""
        self.trouble: str | None = None
        """Why upstream has not taken the last report."""
        self._sending = asyncio.Lock()
        self._collected = Collected()
        self._sent = Collected()
        """What is on its way to upstream."""
        self._impact = Impact()
        self._custom = Custom()
        self._registered: OrderedDict[tuple[str, str, str], Sighting] = OrderedDict()
        self.dropped = 0
        """Reports dropped since the start: they make no sense, or upstream refused them for good."""

    @property
    def waiting(self) -> int:
        """Different counts that are not reported yet."""
        return len(self._collected.counts) + len(self._sent.counts)

    def demand_room(self, counts: Iterable[CountKey], sightings: Iterable[Sighting]) -> None:
        """Raises `RateLimited`: so much waits for upstream that the sender has to keep what it has."""
        if not self._collected.has_room_for(counts, sightings, self._sent):
            raise RateLimited("Too many reports wait for the server behind this edge. Send this one again later.", 15)

    def see(self, sighting: Sighting) -> None:
        """Metrics do not repeat what a registration said, which upstream would take for "nothing"."""
        known = sighting.after(self._registered.pop(sighting.key, None))
        self._registered[sighting.key] = known
        if len(self._registered) > MOST_REGISTERED:
            self._registered.popitem(last=False)
        self._collected.see(known)

    def count(self, counts: Mapping[CountKey, Count]) -> None:
        for key, count in counts.items():
            self._collected.count(key, count)

    def report(self, report: Report) -> None:
        """Upstream makes its own events of what it is told."""

    def drop(self, number: int) -> None:
        if number:
            self.dropped += number
            log.warning("usage_unreadable", reports=number)

    def take_impact(self, given: Any, app_name: str, environment: str) -> None:
        for each in given if isinstance(given, list) else ():
            try:
                self._impact.take(msgspec.convert(each, ImpactMetric, strict=False), app_name, environment)
            except (msgspec.ValidationError, Unreadable):
                self.dropped += 1

    def take_custom(self, given: list[CustomMetric]) -> None:
        self._custom.take(given)

    async def start(self) -> None:
        """Begins with what the process before could not send."""
        kept = await asyncio.to_thread(self._snapshots.load_usage, Kept)
        if kept is not None:
            self._on_disk = True
            self._absorb(dict(kept.counts), {each.key: each for each in kept.sightings}, dict(kept.impact))
            self._custom.take(kept.custom)
        self._flusher.start()

    async def stop(self) -> None:
        """Sends what is left. What upstream does not take goes to disk."""
        self._not_before = 0.0
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_PATIENCE):
                await self._flusher.stop()
        if await self._keep(waits=self._is_left):
            log.warning("usage_kept_on_disk", counts=len(self._collected.counts))
        elif self._is_left:
            log.error("usage_lost", counts=len(self._collected.counts), why="it is neither taken upstream nor on disk")

    async def flush(self) -> None:
        """Sends what was collected. What upstream does not take now is kept, also on disk, for the next time."""
        if time.monotonic() < self._not_before:
            await self._keep(waits=self._is_left)
            return
        async with self._sending:
            taken, self._collected = self._collected, Collected()
            impact, self._impact = self._impact, Impact()
            self.dropped += taken.dropped + impact.dropped
            taken.dropped = impact.dropped = 0
            self._sent = taken
            try:
                self._note(await self._send_each(taken, impact))
            finally:
                self._sent = Collected()
                self._absorb(taken.counts, taken.sightings, impact.samples)
        await self._keep(waits=self.trouble is not None)

    def _note(self, trouble: str | None) -> None:
        """Says once that reports wait, and once that they do not any more."""
        if trouble is not None and self.trouble is None:
            log.warning("usage_waits", error=trouble)
        elif trouble is None and self.trouble is not None:
            log.info("usage_is_taken_again")
        self.trouble = trouble

    @property
    def _is_left(self) -> bool:
        return not self._collected.empty() or bool(self._impact.samples) or bool(self._custom)

    async def _keep(self, *, waits: bool) -> bool:
        """Has on disk what waits, and nothing where nothing has to. Whether something is there."""
        if not waits and not self._on_disk:
            return False
        kept = Kept(
            list(self._collected.counts.items()),
            list(self._collected.sightings.values()),
            list(self._impact.samples.items()),
            self._custom.all(),
        )
        self._on_disk = await asyncio.to_thread(self._snapshots.save_usage, kept if waits else None)
        return self._on_disk

    async def _send_each(self, taken: Collected, impact: Impact) -> str | None:
        """What cannot be sent of one environment holds up no other. Returns why something has to wait."""
        trouble: str | None = None
        for environment in environments(taken, impact):
            try:
                for part in parts(environment, taken, impact, self._via, self._every):
                    await self._send(environment, part, taken, impact)
            except Unavailable as error:
                trouble = error.message
        try:
            while batch := self._custom.batch():
                await self._send_custom(batch)
        except Unavailable as error:
            trouble = error.message
        return trouble

    def _absorb(
        self,
        counts: dict[CountKey, Count],
        sightings: dict[tuple[str, str, str], Sighting],
        samples: dict[Key, Sample],
    ) -> None:
        earlier, measured = Collected(), Impact()
        earlier.counts, earlier.sightings, measured.samples = counts, sightings, samples
        self._collected.absorb(earlier)
        self._impact.absorb(measured)

    async def _send(self, environment: str, part: Part, taken: Collected, impact: Impact) -> None:
        """Takes out of what was taken what upstream has, or has said that it will never take.

        Raises:
            Unavailable: it does not take it now.
        """
        try:
            answer = await self._post(BULK, part.body, environment)
        except NotFound as error:
            self._refuse(len(part.counts), error.message)
        else:
            # Unleash says why if it has taken nothing of it; if it has taken something, its refusal is empty.
            has_taken_nothing = answer.status == 413 or (answer.status == 400 and answer.body)
            if has_taken_nothing and (halves := list(part.halves())):
                for half in halves:
                    await self._send(environment, half, taken, impact)
                return
            if answer.status >= 300:
                self._refuse(len(part), f"it answers {answer.status}")
        for count_key in part.counts:
            taken.counts.pop(count_key, None)
        for sighting in part.sightings:
            taken.sightings.pop(sighting, None)
        for sample in part.samples:
            impact.samples.pop(sample, None)

    async def _send_custom(self, batch: Sequence[CustomMetric]) -> None:
        """As `_send`. A server that knows no custom metrics will never take them."""
        try:
            answer = await self._post(CUSTOM, body_of(batch), None)
        except NotFound as error:
            raise Unavailable(error.message) from error
        if answer.status >= 300:
            self._refuse(len(batch), f"it answers {answer.status} to {CUSTOM}")
        self._custom.forget(batch)

    async def _post(self, path: str, body: bytes, environment: str | None) -> UpstreamAnswer:
        """Raises `NotFound` as `secret`, and `Unavailable` where upstream does not take a report now."""
        secret = self._secret(environment)
        try:
            answer = await self._upstream.post(path, body, {"Authorization": secret})
        except OutboundError as error:
            raise Unavailable(error.message) from error
        if answer.retry_after and answer.is_overload:
            self._not_before = time.monotonic() + answer.retry_after
        unknown = path == CUSTOM and answer.status in (404, 405)
        if answer.status < 300 or answer.status in (400, 413, 415, 422) or unknown:
            return answer
        raise Unavailable(f"{self._upstream.url} answers {answer.status} to {path}.")

    def _refuse(self, number: int, why: str) -> None:
        self.dropped += number
        log.error("usage_refused", reports=number, why=why)


class ForwarderMetrics(Collector):
    """What waits, and what was dropped."""

    def __init__(self, forwarder: Forwarder) -> None:
        self._forwarder = forwarder

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "flagkeeper_edge_usage_waiting", "Counts that upstream has not got yet.", value=self._forwarder.waiting
        )
        yield CounterMetricFamily(
            "flagkeeper_usage_dropped",
            "Reports of SDKs that could not be read, or that upstream refused.",
            value=self._forwarder.dropped,
        )
