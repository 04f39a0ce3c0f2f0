"""The settings as every server knows them without asking the database: they follow the log."""

from collections.abc import Sequence

from msgspec import UNSET

from flagkeeper.eventlog.catalogue.system import SettingCreated, SettingDeleted, SettingUpdated
from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.read import LogEvent, LogPosition
from flagkeeper.features.instance import queries
from flagkeeper.features.instance.model import FRONTEND, MAINTENANCE, OIDC, PASSWORDS, SAML, SCIM
from flagkeeper.storage.transaction import Transaction


class InstanceSettings:
    """What holds now. The server that changes a setting knows it before it answers; others a moment later."""

    name = "instance-settings"
    wants = Wants(types=frozenset(each.about.type for each in (SettingCreated, SettingUpdated, SettingDeleted)))

    def __init__(self, origins: Sequence[str]) -> None:
        self._started_with = list(origins)
        self.in_maintenance = False
        self.frontend_origins = list(origins)
        self.passwords_disabled = False
        self.enabled: frozenset[str] = frozenset()

    def load(self, tx: Transaction, _position: LogPosition) -> None:
        found = queries.settings_of(tx, (MAINTENANCE, FRONTEND, PASSWORDS, OIDC, SAML, SCIM))
        maintenance, frontend, passwords = found.get(MAINTENANCE), found.get(FRONTEND), found.get(PASSWORDS)
        self.in_maintenance = maintenance is not None and maintenance.enabled is True
        self.passwords_disabled = passwords is not None and passwords.disabled is True
        self.enabled = frozenset(setting for setting, details in found.items() if details.enabled is True)
        origins = UNSET if frontend is None else frontend.frontend_api_origins
        self.frontend_origins = list(self._started_with if origins is UNSET else origins)

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], position: LogPosition) -> None:
        if batch:
            self.load(tx, position)
