"""What administrators see and change of single sign-on."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.instance.model import OIDC, SAML
from flagkeeper.features.instance.ports import SettingsNow
from flagkeeper.features.sso import commands, queries
from flagkeeper.features.sso.schemas import (
    OIDC_WAY,
    SAML_WAY,
    OidcBody,
    OidcOut,
    SamlBody,
    SamlOut,
    WaysIn,
    shown_oidc,
    shown_saml,
)
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
    ways = {OIDC: OIDC_WAY, SAML: SAML_WAY}
    options = [way for setting, way in ways.items() if setting in instance_settings.enabled]
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


@route.get(
    "/api/admin/auth/saml/settings",
    permission=SIGN_IN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getSamlSettings",
    summary="How do people log in by SAML?",
)
async def get_saml(reader: Reader) -> SamlOut:
    return shown_saml(await reader.run(queries.saml_settings))


@route.post(
    "/api/admin/auth/saml/settings",
    permission=SIGN_IN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="setSamlSettings",
    summary="Set how people log in by SAML; what is left out and a masked key of our own stay",
)
async def set_saml(data: SamlBody, caller: Caller, units: Units, reader: Reader, keyring: Keyring) -> SamlOut:
    wanted = data.wanted(await reader.run(queries.saml_settings))
    return shown_saml(await units.run(caller.actor, commands.set_saml, wanted, data.new_key(), keyring))


async def _demand_allowed(url: str, outbound: OutboundClient) -> None:
    """Raises `BadData` for an address to which this server does not speak. Whether somebody answers there may change
    any moment."""
    try:
        await outbound.check(url)
    except Refused as error:
        raise BadData(error.message, Detail(error.message, "/body/discoverUrl")) from error
    except OutboundError:
        return


ROUTES = [list_ways, get_oidc, set_oidc, get_saml, set_saml]
