"""The API of deliveries: parse, run, answer."""

from typing import Annotated

import msgspec
import structlog
from litestar import Response
from litestar.params import FromPath, FromQuery, QueryParameter

from flagkeeper.eventlog.read import LogRows, View
from flagkeeper.eventlog.unit import Units
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.integrations import config_queries, delivery_queries
from flagkeeper.integrations import delivery_commands as commands
from flagkeeper.integrations.config_api import TAG, read_id
from flagkeeper.integrations.config_schemas import IntegrationBody
from flagkeeper.integrations.delivery_model import DeliveryState
from flagkeeper.integrations.delivery_schemas import (
    DeliveryList,
    DeliveryOut,
    DryRunOut,
    IntegrationEventList,
    ReplayBody,
    Replayed,
    TestResult,
    shown_attempt,
    shown_delivery,
    shown_dry_run,
)
from flagkeeper.integrations.delivery_service import DeliveryService
from flagkeeper.integrations.provider import Links
from flagkeeper.integrations.secrets import Keyring
from flagkeeper.integrations.sender.replay import replay_matching
from flagkeeper.integrations.sender.trial import send_test
from flagkeeper.kernel import clock
from flagkeeper.kernel.paging import read_page
from flagkeeper.outbound.door import Door
from flagkeeper.storage.reader import Reader

DRY_RUN_DAYS = 7
LARGEST_PAGE = 100

InState = Annotated[DeliveryState | None, QueryParameter(name="state", description="Only those in this state.")]

log = structlog.get_logger("flagkeeper.sender")


@route.get(
    "/api/admin/addons/{integration_id:str}/events",
    permission=Permission.ADMIN,
    tag=TAG,
    operation="getIntegrationEvents",
    summary="Every attempt to deliver an event to an integration, the newest first",
    errors=(404,),
    returns=IntegrationEventList,
)
async def list_attempts(
    integration_id: FromPath[str],
    reader: Reader,
    rows: LogRows,
    base_url: str,
    limit: FromQuery[str | None] = None,
    offset: FromQuery[str | None] = None,
) -> Response[bytes]:
    page = read_page(limit, offset, default=50, largest=LARGEST_PAGE)
    found = await reader.run(delivery_queries.attempts, rows, read_id(integration_id), page)
    view = View(base_url, with_ip=True)
    body = IntegrationEventList(integration_events=[shown_attempt(each, view) for each in found])
    return Response(msgspec.json.encode(body), media_type="application/json")


@route.get(
    "/api/admin/addons/{integration_id:str}/deliveries",
    permission=Permission.UPDATE_ADDON,
    tag=TAG,
    operation="getAddonDeliveries",
    summary="What is to be delivered to an integration, was delivered, or was given up; the newest events first",
    errors=(404,),
)
async def list_deliveries(
    integration_id: FromPath[str],
    reader: Reader,
    rows: LogRows,
    in_state: InState = None,
    limit: FromQuery[str | None] = None,
    offset: FromQuery[str | None] = None,
) -> DeliveryList:
    page = read_page(limit, offset, default=50, largest=LARGEST_PAGE)
    number = read_id(integration_id)
    found, total = await reader.run(delivery_queries.page_of_deliveries, rows, number, in_state, page)
    return DeliveryList(deliveries=[shown_delivery(each) for each in found], total=total)


@route.post(
    "/api/admin/addons/{integration_id:str}/deliveries/{event_id:str}/replay",
    permission=Permission.UPDATE_ADDON,
    tag=TAG,
    operation="replayAddonDelivery",
    summary="Send an event to an integration once more",
    status=202,
    errors=(404,),
)
async def replay_delivery(
    integration_id: FromPath[str],
    event_id: FromPath[str],
    caller: Caller,
    units: Units,
    reader: Reader,
    rows: LogRows,
    deliveries: DeliveryService,
) -> DeliveryOut:
    number, event = read_id(integration_id), read_id(event_id)
    await units.run(caller.actor, commands.replay, number, event)
    deliveries.look()
    log.info("delivery_replayed", integration=number, event_id=event, by=caller.actor.name)
    return shown_delivery(await reader.run(delivery_queries.delivery, rows, number, event))


@route.post(
    "/api/admin/addons/{integration_id:str}/deliveries/replay",
    permission=Permission.UPDATE_ADDON,
    tag=TAG,
    operation="replayAddonDeliveries",
    summary="Send events to an integration once more: those that were given up, or others",
    status=202,
    errors=(404,),
)
async def replay_deliveries(
    integration_id: FromPath[str],
    data: ReplayBody,
    caller: Caller,
    units: Units,
    reader: Reader,
    rows: LogRows,
    deliveries: DeliveryService,
) -> Replayed:
    number = read_id(integration_id)
    replayed = await replay_matching(units, reader, rows, caller.actor, number, data.filter())
    deliveries.look()
    log.info("deliveries_replayed", integration=number, deliveries=replayed, by=caller.actor.name)
    return Replayed(replayed=replayed)


@route.post(
    "/api/admin/addons/{integration_id:str}/test",
    permission=Permission.UPDATE_ADDON,
    tag=TAG,
    operation="testAddon",
    summary="Send a test message now, and say what became of it",
    status=200,
    errors=(404,),
)
async def test_integration(
    integration_id: FromPath[str], caller: Caller, reader: Reader, door: Door, keyring: Keyring, base_url: str
) -> TestResult:
    integration = await reader.run(config_queries.integration, read_id(integration_id))
    sent = await send_test(door, integration, keyring, Links(base_url), caller.actor)
    return TestResult(state=sent.verdict.state, state_details=sent.verdict.reason, details=sent.details)


@route.post(
    "/api/admin/addons/dry-run",
    permission=Permission.UPDATE_ADDON,
    tag=TAG,
    operation="dryRunAddon",
    summary="What an integration like this would have been sent in the last seven days",
    status=200,
    returns=DryRunOut,
)
async def dry_run(
    data: IntegrationBody, caller: Caller, reader: Reader, rows: LogRows, base_url: str
) -> Response[bytes]:
    since = clock.now() - DRY_RUN_DAYS * clock.DAY
    found = await reader.run(delivery_queries.dry_run, rows, data.draft(), since)
    shown = shown_dry_run(found, DRY_RUN_DAYS, View(base_url, with_ip=caller.is_admin), is_admin=caller.is_admin)
    return Response(msgspec.json.encode(shown), media_type="application/json")


ROUTES = [
    list_attempts,
    list_deliveries,
    replay_delivery,
    replay_deliveries,
    test_integration,
    dry_run,
]
