"""What administrators can do about the streams of SDKs."""

from flagkeeper.eventlog.catalogue.own import FlagkeeperStreamsDisconnected
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission


@route.post(
    "/api/admin/streaming/disconnect-all",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Unleash Edge",
    operation="disconnectAll",
    summary="End the streams of all SDKs, on all servers; they come back by themselves",
)
async def disconnect_all(caller: Caller, units: Units) -> None:
    await units.run(caller.actor, _disconnect)


def _disconnect(unit: Unit) -> None:
    unit.record(FlagkeeperStreamsDisconnected())


ROUTES = [disconnect_all]
