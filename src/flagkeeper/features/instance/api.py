"""The API of the server's own settings."""

from litestar import Response

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.instance import commands, queries
from flagkeeper.features.instance.ports import SettingsNow
from flagkeeper.features.instance.schemas import (
    CorsBody,
    LicenseBody,
    LicenseCheck,
    LicenseOut,
    MaintenanceBody,
    MaintenanceOut,
    PasswordAuth,
    Telemetry,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

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


@route.get(
    "/api/admin/license",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag="Instance Admin",
    operation="readLicense",
    summary="What this server may be used for: everything",
)
async def get_license(reader: Reader) -> LicenseOut:
    return LicenseOut(instance_id=await reader.run(queries.instance_id))


@route.post(
    "/api/admin/license",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Instance Admin",
    operation="updateLicense",
    summary="Install a licence key; no key changes anything",
    status=201,
    answered={"Location": "Where the licence can be read."},
)
async def set_license(data: LicenseBody, reader: Reader) -> Response[LicenseOut]:  # noqa: ARG001 - any key is as good
    license_ = LicenseOut(instance_id=await reader.run(queries.instance_id))
    return Response(license_, headers={"Location": "license"})


@route.get(
    "/api/admin/license/check",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag="Instance Admin",
    operation="checkLicense",
    summary="May this server be used?",
)
async def check_license() -> LicenseCheck:
    return LicenseCheck()


ROUTES = [
    get_maintenance,
    set_maintenance,
    set_cors,
    get_telemetry,
    get_passwords,
    set_passwords,
    get_license,
    set_license,
    check_license,
]
