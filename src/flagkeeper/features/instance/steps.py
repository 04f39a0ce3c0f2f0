"""Changes of settings as steps."""

import msgspec

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.instance import commands
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.limits import AtOnce


class SetMaintenance(msgspec.Struct, frozen=True, kw_only=True):
    enabled: bool | None
    """None: as if nobody had ever set it."""


class SetOrigins(msgspec.Struct, frozen=True, kw_only=True):
    origins: AtOnce[str] | None
    """None: those that the server was started with."""


class SetPasswords(msgspec.Struct, frozen=True, kw_only=True):
    disabled: bool | None
    """None: as if nobody had ever set it."""


class SetDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Of a setting of which another slice knows what it means."""

    setting: str
    details: SettingDetails | None
    """None: as if nobody had ever set it."""


DETAILS = "setting.details"
"""The name of the step with that payload, which a higher slice runs."""

MAINTENANCE = Op(
    name="setting.maintenance",
    payload=SetMaintenance,
    run=lambda unit, wanted, _ports: commands.set_maintenance(unit, enabled=wanted.enabled),
    demands=lambda _wanted: ((Demand(Permission.ADMIN), Demand(Permission.UPDATE_MAINTENANCE_MODE)),),
    operation="toggleMaintenance",
)
ORIGINS = Op(
    name="setting.origins",
    payload=SetOrigins,
    run=lambda unit, wanted, _ports: commands.set_origins(unit, wanted.origins),
    demands=lambda _wanted: ((Demand(Permission.ADMIN), Demand(Permission.UPDATE_CORS)),),
    operation="setCors",
)
PASSWORDS = Op(
    name="setting.passwords",
    payload=SetPasswords,
    run=lambda unit, wanted, _ports: commands.set_passwords(unit, disabled=wanted.disabled),
    demands=lambda _wanted: ((Demand(Permission.ADMIN), Demand(Permission.UPDATE_AUTH_CONFIGURATION)),),
    operation="setSimpleSettings",
)
OPS = (MAINTENANCE, ORIGINS, PASSWORDS)
