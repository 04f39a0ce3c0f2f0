"""Changes of settings that this slice knows the meaning of, as steps."""

from collections.abc import Callable, Mapping

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.instance import commands
from flagkeeper.features.instance.model import OIDC, SAML, SCIM
from flagkeeper.features.instance.steps import DETAILS, SetDetails
from flagkeeper.features.sso.model.oidc_settings import OidcSettings
from flagkeeper.features.sso.model.saml_settings import SamlSettings
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import BadData


def _oidc(details: SettingDetails) -> SettingDetails:
    return OidcSettings.of(details).checked().details()


def _saml(details: SettingDetails) -> SettingDetails:
    return SamlSettings.of(details).in_one_form().checked().details()


def _scim(details: SettingDetails) -> SettingDetails:
    return SettingDetails(enabled=details.enabled is True, sealed_since=details.sealed_since)


_CHECKED: Mapping[str, Callable[[SettingDetails], SettingDetails]] = {OIDC: _oidc, SAML: _saml, SCIM: _scim}


def _run(unit: Unit, wanted: SetDetails) -> None:
    check = _CHECKED.get(wanted.setting)
    if check is None:
        raise BadData(f"There is no setting {wanted.setting!r}.")
    commands.restore(unit, wanted.setting, wanted.details and check(wanted.details))


DETAILS_OP = Op(
    name=DETAILS,
    payload=SetDetails,
    run=lambda unit, wanted, _ports: _run(unit, wanted),
    demands=lambda _wanted: ((Demand(Permission.ADMIN), Demand(Permission.UPDATE_AUTH_CONFIGURATION)),),
    operation="setOidcSettings",
)
OPS = (DETAILS_OP,)
