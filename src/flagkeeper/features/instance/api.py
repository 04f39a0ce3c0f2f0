"""The API of the server's own settings."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.instance import commands
from flagkeeper.features.instance.ports import SettingsNow
from flagkeeper.features.instance.schemas import CorsBody, MaintenanceBody, MaintenanceOut, PasswordAuth, Telemetry
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission

MAINTENANCE = (Permission.ADMIN, Permission.UPDATE_MAINTENANCE_MODE)
SIGN_IN = (Permission.ADMIN, Permission.UPDATE_AUTH_CONFIGURATION)


@route.get(
    "/api/admin/maintenance",
    permission=MAINTENANCE,
    scope=route.INSTANCE,
    tag="Maintenance",
    operation="getMaintenance",
    summary="Is the server closed for changes?",
)
async def get_maintenance(instance_settings: SettingsNow) -> MaintenanceOut:
    return MaintenanceOut(enabled=instance_settings.in_maintenance)


@route.post(
    "/api/admin/maintenance",
    permission=MAINTENANCE,
    scope=route.INSTANCE,
    tag="Maintenance",
    operation="toggleMaintenance",
    summary="Close the server for changes on the admin API, or open it; SDKs notice nothing",
    status=204,
    in_maintenance=True,
)
async def set_maintenance(data: MaintenanceBody, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.toggle_maintenance, enabled=data.enabled)


@route.post(
    "/api/admin/ui-config/cors",
    permission=(Permission.ADMIN, Permission.UPDATE_CORS),
    scope=route.INSTANCE,
    tag="Admin UI",
    operation="setCors",
    summary="From which sites may browsers ask the frontend API?",
    status=204,
)
async def set_cors(data: CorsBody, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_origins, data.frontend_api_origins)


@route.get(
    "/api/admin/telemetry/settings",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag="Telemetry",
    operation="getTelemetrySettings",
    summary="What this server tells its makers: nothing",
)
async def get_telemetry() -> Telemetry:
    return Telemetry(version_info_collection_enabled=False, feature_info_collection_enabled=False)


@route.get(
    "/api/admin/auth/simple/settings",
    permission=SIGN_IN,
    scope=route.INSTANCE,
    tag="Auth",
    operation="getSimpleSettings",
    summary="Is logging in with a password switched off?",
)
async def get_passwords(instance_settings: SettingsNow) -> PasswordAuth:
    return PasswordAuth(disabled=instance_settings.passwords_disabled)


@route.post(
    "/api/admin/auth/simple/settings",
    permission=SIGN_IN,
    scope=route.INSTANCE,
    tag="Auth",
    operation="setSimpleSettings",
    summary="Switch logging in with a password off, or on again; sessions and tokens go on",
)
async def set_passwords(data: PasswordAuth, caller: Caller, units: Units) -> PasswordAuth:
    await units.run(caller.actor, commands.toggle_passwords, disabled=data.disabled)
    return data


ROUTES = [get_maintenance, set_maintenance, set_cors, get_telemetry, get_passwords, set_passwords]
