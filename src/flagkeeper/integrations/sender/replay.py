"""Replaying many deliveries, some at a time."""

from flagkeeper.eventlog.read import LogRows
from flagkeeper.eventlog.unit import Units
from flagkeeper.integrations.config_queries import integration
from flagkeeper.integrations.delivery_commands import replay_some
from flagkeeper.integrations.delivery_queries import ReplayFilter, last_event, span_of
from flagkeeper.kernel.actor import Actor
from flagkeeper.storage.reader import Reader


async def replay_matching(
    units: Units, reader: Reader, rows: LogRows, actor: Actor, integration_id: int, wanted: ReplayFilter
) -> int:
    """Makes all matching deliveries of events so far wait once more, in small units. How many.

    Raises:
        NotFound: there is no such integration.
    """
    await reader.run(integration, integration_id)
    last = await reader.run(last_event, integration_id)
    after, last = await reader.run(span_of, rows, wanted, last)
    total = 0
    while after < last:
        after, replayed = await units.run(actor, replay_some, rows, integration_id, wanted, after, last)
        total += replayed
    return total
