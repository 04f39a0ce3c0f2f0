"""What the server has to know of deliveries."""

from flagkeeper.integrations.config.slice import KEYRING
from flagkeeper.integrations.delivery import api, tables
from flagkeeper.integrations.delivery.jobs import CLEAR_EVERY
from flagkeeper.integrations.delivery.model import Schedule
from flagkeeper.integrations.delivery.names import first_needed, forget_in_attempts
from flagkeeper.integrations.delivery.service import DeliveryService
from flagkeeper.integrations.protocol.provider import Links
from flagkeeper.scheduler import Job
from flagkeeper.slice import Parts, Slice, running

PATIENCE = 6.5
"""Seconds that deliveries on their way, and the record of them, get at the end (`integrations.sender`)."""


def _deliveries(parts: Parts) -> DeliveryService:
    return DeliveryService(
        units=parts.units,
        reader=parts.background_reader,
        log_reader=parts.log_reader,
        notifier=parts.notifier,
        outbound_client=parts.outbound_client,
        keyring=parts[KEYRING],
        links=Links(parts.settings.base_url()),
        schedule=Schedule(parts.settings.retry_scale),
        days=parts.settings.integration_events_days,
        rows=parts.rows,
    )


DELIVERIES = running("deliveries", _deliveries, patience=PATIENCE)

SLICE = Slice(
    name="deliveries",
    routes=api.ROUTES,
    eventless={
        "POST /api/admin/addons/dry-run": "only counts what an integration would have been told",
        "POST /api/admin/addons/{id}/test": "sends a test message, which the deliveries of the integration show",
        "POST /api/admin/addons/{id}/deliveries/replay": "sends again what was sent, which the deliveries show",
        "POST /api/admin/addons/{id}/deliveries/{delivery}/replay": "sends again what was sent, which the deliveries "
        "show",
    },
    causes=("a receiver that answers 410",),
    tables=tables,
    parts=(DELIVERIES,),
    provides=(DELIVERIES,),
    jobs=lambda parts: [Job(name="delivery-cleaning", every=CLEAR_EVERY, run=parts[DELIVERIES].cleaning.run)],
    metrics=lambda parts: [parts[DELIVERIES].metrics.registry],
    needs=(first_needed,),
    names_outside_log=(forget_in_attempts,),
)
