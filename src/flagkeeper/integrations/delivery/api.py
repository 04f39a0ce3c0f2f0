"""The API of deliveries: parse, run, answer."""

from typing import Annotated

import msgspec
import structlog
from litestar import Response
from litestar.params import FromPath, FromQuery, QueryParameter

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.read import LogRows, View
from flagkeeper.eventlog.unit import Units
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.integrations.config import queries as config_queries
from flagkeeper.integrations.config.api import TAG, read_id
from flagkeeper.integrations.config.schemas import IntegrationBody
from flagkeeper.integrations.delivery import commands
from flagkeeper.integrations.delivery import queries as delivery_queries
from flagkeeper.integrations.delivery.model import DeliveryState
from flagkeeper.integrations.delivery.schemas import (
    DeliveryList,
    DeliveryOut,
    DryRunOut,
    IntegrationEventList,
    ReplayBody,
    Replayed,
    TestResult,
    read_moment,
    shown_attempt,
    shown_delivery,
    shown_dry_run,
)
from flagkeeper.integrations.delivery.service import DeliveryService, replay_matching
from flagkeeper.integrations.protocol.provider import Links
from flagkeeper.integrations.sender.test_message import send_test
from flagkeeper.kernel import clock
from flagkeeper.kernel.paging import read_page
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.storage.reader import Reader

DRY_RUN_DAYS = 7
LARGEST_PAGE = 100

InState = Annotated[DeliveryState | None, QueryParameter(name="state", description="Only those in this state.")]

Since = Annotated[str | None, QueryParameter(name="from", description="Only of events at this time or later.")]
Until = Annotated[str | None, QueryParameter(name="to", description="Only of events before this time.")]

log = structlog.get_logger("flagkeeper.sender")


@route.get(
    "/api/admin/addons/{integration_id:str}/events",
    permission=Permission.ADMIN,
    scope=route.PROJECT,
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
    scope=route.PROJECT,
    tag=TAG,
    operation="getAddonDeliveries",
    summary="What is to be delivered to an integration, was delivered, or was given up; the newest events first",
    errors=(404,),
)
async def list_deliveries(
    integration_id: FromPath[str],
    reader: Reader,
    rows: LogRows,
    visibility: Visibility,
    in_state: InState = None,
    since: Since = None,
    until: Until = None,
    limit: FromQuery[str | None] = None,
    offset: FromQuery[str | None] = None,
) -> DeliveryList:
    page = read_page(limit, offset, default=50, largest=LARGEST_PAGE)
    number = read_id(integration_id)
    span = (read_moment(since, "/query/from"), read_moment(until, "/query/to"))
    found, total = await reader.run(
        delivery_queries.page_of_deliveries, rows, number, in_state, page, visibility, *span
    )
    return DeliveryList(deliveries=[shown_delivery(each) for each in found], total=total)


@route.post(
    "/api/admin/addons/{integration_id:str}/deliveries/{event_id:str}/replay",
    permission=Permission.UPDATE_ADDON,
    scope=route.PROJECT,
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
    visibility: Visibility,
    deliveries: DeliveryService,
) -> DeliveryOut:
    number, event = read_id(integration_id), read_id(event_id)
    await reader.run(delivery_queries.delivery, rows, number, event, visibility)
    await units.run(caller.actor, commands.replay, number, event)
    deliveries.wake()
    log.info("delivery_replayed", integration=number, event_id=event, by=caller.actor.name)
    return shown_delivery(await reader.run(delivery_queries.delivery, rows, number, event, visibility))


@route.post(
    "/api/admin/addons/{integration_id:str}/deliveries/replay",
    permission=Permission.UPDATE_ADDON,
    scope=route.PROJECT,
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
    visibility: Visibility,
    deliveries: DeliveryService,
) -> Replayed:
    number = read_id(integration_id)
    await reader.run(config_queries.visible_integration, number, visibility)
    replayed = await replay_matching(units, reader, rows, caller.actor, number, data.filter(visibility))
    deliveries.wake()
    log.info("deliveries_replayed", integration=number, deliveries=replayed, by=caller.actor.name)
    return Replayed(replayed=replayed)


@route.post(
    "/api/admin/addons/{integration_id:str}/test",
    permission=Permission.UPDATE_ADDON,
    scope=route.PROJECT,
    tag=TAG,
    operation="testAddon",
    summary="Send a test message now, and say what became of it",
    status=200,
    errors=(404,),
)
async def test_integration(
    integration_id: FromPath[str],
    caller: Caller,
    reader: Reader,
    visibility: Visibility,
    outbound_client: OutboundClient,
    keyring: Keyring,
    base_url: str,
) -> TestResult:
    integration = await reader.run(config_queries.visible_integration, read_id(integration_id), visibility)
    sent = await send_test(outbound_client, integration, keyring, Links(base_url), caller.actor)
    return TestResult(state=sent.verdict.state, state_details=sent.verdict.reason, details=sent.details)


@route.post(
    "/api/admin/addons/dry-run",
    permission=Permission.UPDATE_ADDON,
    scope=route.PROJECT,
    tag=TAG,
    operation="dryRunAddon",
    summary="What an integration like this would have been sent in the last seven days",
    status=200,
    returns=DryRunOut,
)
async def dry_run(
    data: IntegrationBody, caller: Caller, reader: Reader, rows: LogRows, visibility: Visibility, base_url: str
) -> Response[bytes]:
    since = clock.now() - DRY_RUN_DAYS * clock.DAY
    found = await reader.run(delivery_queries.dry_run, rows, data.draft(), since, visibility)
    shown = shown_dry_run(found, DRY_RUN_DAYS, View(base_url, with_ip=caller.is_admin))
    return Response(msgspec.json.encode(shown), media_type="application/json")


ROUTES = [
    list_attempts,
    list_deliveries,
    replay_delivery,
    replay_deliveries,
    test_integration,
    dry_run,
]
