"""Changes of settings that this slice knows the meaning of, as steps."""

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.instance import commands
from flagkeeper.features.instance.model import OIDC
from flagkeeper.features.instance.steps import DETAILS, SetDetails
from flagkeeper.features.sso.model.oidc_settings import OidcSettings
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import BadData


def _run(unit: Unit, wanted: SetDetails) -> None:
    if wanted.setting != OIDC:
        raise BadData(f"There is no setting {wanted.setting!r}.")
    details = wanted.details and OidcSettings.of(wanted.details).checked().details()
    commands.restore(unit, wanted.setting, details)


DETAILS_OP = Op(
    name=DETAILS,
    payload=SetDetails,
    run=lambda unit, wanted, _ports: _run(unit, wanted),
    demands=lambda _wanted: ((Demand(Permission.ADMIN), Demand(Permission.UPDATE_AUTH_CONFIGURATION)),),
    operation="setOidcSettings",
)
OPS = (DETAILS_OP,)
