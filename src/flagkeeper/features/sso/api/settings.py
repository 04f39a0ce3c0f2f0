"""What administrators see and change of single sign-on."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.instance.model import OIDC
from flagkeeper.features.instance.ports import SettingsNow
from flagkeeper.features.sso import commands, queries
from flagkeeper.features.sso.schemas import OIDC_WAY, OidcBody, OidcOut, WaysIn, shown_oidc
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.outbound.errors import OutboundError, Refused
from flagkeeper.storage.reader import Reader

TAG = "Auth"
SIGN_IN = (Permission.ADMIN, Permission.UPDATE_AUTH_CONFIGURATION)


@route.get(
    "/auth/options",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getWaysToLogIn",
    summary="How can people log in here?",
)
async def list_ways(instance_settings: SettingsNow) -> WaysIn:
    options = [OIDC_WAY] if OIDC in instance_settings.enabled else []
    return WaysIn(password=not instance_settings.passwords_disabled, options=options)


@route.get(
    "/api/admin/auth/oidc/settings",
    permission=SIGN_IN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getOidcSettings",
    summary="How do people log in by OpenID Connect?",
)
async def get_oidc(reader: Reader) -> OidcOut:
    return shown_oidc(await reader.run(queries.oidc_settings))


@route.post(
    "/api/admin/auth/oidc/settings",
    permission=SIGN_IN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="setOidcSettings",
    summary="Set how people log in by OpenID Connect; what is left out and a masked secret stay",
)
async def set_oidc(
    data: OidcBody, caller: Caller, units: Units, reader: Reader, outbound_client: OutboundClient, keyring: Keyring
) -> OidcOut:
    wanted = data.wanted(await reader.run(queries.oidc_settings))
    if wanted.enabled and wanted.discover_url:
        await _demand_allowed(wanted.discover_url, outbound_client)
    return shown_oidc(await units.run(caller.actor, commands.set_oidc, wanted, data.new_secret(), keyring))


async def _demand_allowed(url: str, outbound: OutboundClient) -> None:
    """Raises `BadData` for an address to which this server does not speak. Whether somebody answers there may change
    any moment."""
    try:
        await outbound.check(url)
    except Refused as error:
        raise BadData(error.message, Detail(error.message, "/body/discoverUrl")) from error
    except OutboundError:
        return


ROUTES = [list_ways, get_oidc, set_oidc]
