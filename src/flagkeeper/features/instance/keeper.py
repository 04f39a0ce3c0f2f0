"""The states of settings, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import UNSET

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.instance import queries, steps
from flagkeeper.features.instance.model import FRONTEND, MAINTENANCE, PASSWORDS, SettingState
from flagkeeper.storage.transaction import Transaction


class SettingKeeper:
    """Of all settings, `setting/{id}`. One that nobody has changed is not there."""

    pattern = "setting/{id}"
    state = SettingState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, SettingState]:
        found = queries.settings_of(tx, [names(path, 1)[0] for path in paths])
        return {f"setting/{setting}": SettingState(details=details) for setting, details in found.items()}

    def refers(self, _path: str, _state: SettingState) -> Iterable[str]:
        return ()

    def steps(self, path: str, now: SettingState | None, then: SettingState | None) -> list[Step]:
        if now == then:
            return []
        setting = names(path, 1)[0]
        if setting == MAINTENANCE:
            return [Step(steps.MAINTENANCE.name, steps.SetMaintenance(enabled=_set(then, "enabled")))]
        if setting == PASSWORDS:
            return [Step(steps.PASSWORDS.name, steps.SetPasswords(disabled=_set(then, "disabled")))]
        if setting == FRONTEND:
            return [Step(steps.ORIGINS.name, steps.SetOrigins(origins=_set(then, "frontend_api_origins")))]
        details = None if then is None else then.details
        return [Step(steps.DETAILS, steps.SetDetails(setting=setting, details=details))]


def _set(state: SettingState | None, field: str) -> Any:
    """What a setting says; None: nobody has changed it."""
    found = UNSET if state is None else getattr(state.details, field)
    return None if found is UNSET else found


KEEPERS = (SettingKeeper(),)
