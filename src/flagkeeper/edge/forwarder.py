"""Hands on what SDKs report: added up in memory, sent upstream in batches, and kept for as long as upstream is away.

A batch that upstream acknowledged is never sent again. One whose answer was lost is: what is counted then may be
counted twice, which is better than not at all.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

import msgspec
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flagkeeper.edge.impact import Impact, Key, Sample
from flagkeeper.edge.snapshots import Snapshots
from flagkeeper.features.measurements.model import ImpactMetric, Unreadable
from flagkeeper.features.usage.model import Collected, Count, CountKey, Report, Sighting
from flagkeeper.flusher import Flusher
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import NotFound, RateLimited, Unavailable
from flagkeeper.outbound.errors import OutboundError
from flagkeeper.outbound.upstream import UpstreamServer
from flagkeeper.supervisor import Supervisor

BULK = "/api/client/metrics/bulk"
BATCH = 1_000
"""Counts, and applications, of one request."""
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


class Forwarder:
    """A `TakesUsage` whose reports go upstream. Its methods are called on the event loop.

    Args:
        secret: a backend token of an environment. Raises `Unavailable` where nobody has shown one yet, and `NotFound`
            where none is valid any more.
        every: seconds between two reports.
        instance: what upstream's lists of applications call this node.
    """

    def __init__(
        self,
        upstream: UpstreamServer,
        secret: Callable[[str], str],
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
        self._sending = asyncio.Lock()
        self._collected = Collected()
        self._sent = Collected()
        """What is on its way to upstream."""
        self._impact = Impact()
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

    async def start(self) -> None:
        """Begins with what the process before could not send."""
        kept = await asyncio.to_thread(self._snapshots.load_usage, Kept)
        if kept is not None:
            self._absorb(dict(kept.counts), {each.key: each for each in kept.sightings}, dict(kept.impact))
        self._flusher.start()

    async def stop(self) -> None:
        """Sends what is left. What upstream does not take goes to disk."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_PATIENCE):
                await self._flusher.stop()
        if self._collected.empty() and not self._impact.samples:
            return
        kept = Kept(
            list(self._collected.counts.items()),
            list(self._collected.sightings.values()),
            list(self._impact.samples.items()),
        )
        try:
            if await asyncio.to_thread(self._snapshots.save_usage, kept):
                log.warning("usage_kept_on_disk", counts=len(kept.counts))
                return
        except OSError as error:
            log.error("snapshot_not_written", error=str(error))
        log.error("usage_lost", counts=len(kept.counts), why="upstream is away, and there is no BACKUP_FOLDER")

    async def flush(self) -> None:
        """Sends what was collected.

        Raises:
            Unavailable: upstream does not take it now; it is kept for the next time.
        """
        async with self._sending:
            taken, self._collected = self._collected, Collected()
            impact, self._impact = self._impact, Impact()
            self.dropped += taken.dropped + impact.dropped
            taken.dropped = impact.dropped = 0
            self._sent = taken
            try:
                await self._send_each(taken, impact)
            finally:
                self._sent = Collected()
                self._absorb(taken.counts, taken.sightings, impact.samples)

    async def _send_each(self, taken: Collected, impact: Impact) -> None:
        """What cannot be sent of one environment holds up no other. Raises `Unavailable` for the last such one."""
        failed: Unavailable | None = None
        for environment in _environments(taken, impact):
            try:
                await self._send_all(environment, taken, impact)
            except Unavailable as error:
                failed = error
        if failed is not None:
            raise failed

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

    async def _send_all(self, environment: str, taken: Collected, impact: Impact) -> None:
        """Takes out of what was taken what upstream has."""
        while True:
            counts = dict(_of(environment, taken.counts.items()))
            seen = dict(islice(_seen(environment, taken), BATCH))
            measured = list(impact.of(environment))
            if not (counts or seen or measured):
                return
            await self._send(environment, counts, seen.values(), measured)
            for count_key in counts:
                del taken.counts[count_key]
            for key in seen:
                del taken.sightings[key]
            impact.forget(environment)

    async def _send(
        self,
        environment: str,
        counts: Mapping[CountKey, Count],
        seen: Iterable[Sighting],
        measured: list[ImpactMetric],
    ) -> None:
        """Returns when upstream has it, or has said that it will never take it.

        Raises:
            Unavailable: it does not take it now.
        """
        try:
            secret = self._secret(environment)
        except NotFound as error:
            self._refuse(len(counts), error.message)
            return
        body = msgspec.json.encode(
            {
                "applications": [self._application(each) for each in seen],
                "metrics": [_count(key, count) for key, count in counts.items()],
                "impactMetrics": measured,
            }
        )
        try:
            answer = await self._upstream.post(BULK, body, {"Authorization": secret})
        except OutboundError as error:
            raise Unavailable(error.message) from error
        if answer.is_overload or answer.status in (401, 403, 404):
            raise Unavailable(f"{self._upstream.url} answers {answer.status} to {BULK}.")
        if answer.status >= 300:
            self._refuse(len(counts), f"it answers {answer.status}")

    def _refuse(self, counts: int, why: str) -> None:
        self.dropped += counts
        log.error("usage_refused", counts=counts, why=why)

    def _application(self, seen: Sighting) -> dict[str, Any]:
        return {
            "appName": seen.app_name,
            "instanceId": seen.instance_id,
            "environment": seen.environment,
            "sdkVersion": seen.sdk_version,
            "sdkType": seen.sdk_type,
            "strategies": list(seen.strategies or ()),
            "started": clock.to_iso(seen.seen_at),
            "interval": int(self._every * 1_000),
            "projects": list(seen.projects),
            "connectVia": self._via,
        }


def _environments(taken: Collected, impact: Impact) -> list[str]:
    found = {key.environment for key in taken.counts} | {each.environment for each in taken.sightings.values()}
    return sorted(found | {key.environment for key in impact.samples})


def _of(environment: str, counts: Iterable[tuple[CountKey, Count]]) -> Iterator[tuple[CountKey, Count]]:
    return islice(((key, count) for key, count in counts if key.environment == environment), BATCH)


def _seen(environment: str, taken: Collected) -> Iterator[tuple[tuple[str, str, str], Sighting]]:
    return ((key, each) for key, each in taken.sightings.items() if each.environment == environment)


def _count(key: CountKey, count: Count) -> dict[str, Any]:
    return {
        "featureName": key.feature_name,
        "appName": key.app_name,
        "environment": key.environment,
        "timestamp": clock.to_iso(key.hour),
        "yes": count.yes,
        "no": count.no,
        "variants": count.variants,
    }


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
