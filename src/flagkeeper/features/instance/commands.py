"""Changing settings: load, decide, write, record."""

from collections.abc import Sequence

from flagkeeper.eventlog.catalogue.system import (
    RemovedSettingData,
    SettingCreated,
    SettingData,
    SettingDeleted,
    SettingDetails,
    SettingUpdated,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.instance import store
from flagkeeper.features.instance.model import FRONTEND, MAINTENANCE, SettingState, checked_origins


def toggle_maintenance(unit: Unit, *, enabled: bool) -> None:
    """Closes the server for changes, or opens it."""
    if enabled or store.load(unit.tx, MAINTENANCE) is not None:
        set_maintenance(unit, enabled=enabled)


def set_maintenance(unit: Unit, *, enabled: bool | None) -> None:
    """The same, exactly. None: as if nobody had ever done either."""
    _set(unit, MAINTENANCE, None if enabled is None else SettingDetails(enabled=enabled))


def set_origins(unit: Unit, origins: Sequence[str] | None) -> None:
    """From where browsers may ask the frontend API. None: from where the server was started with. Raises `BadData`."""
    _set(unit, FRONTEND, None if origins is None else SettingDetails(frontend_api_origins=checked_origins(origins)))


def _set(unit: Unit, setting: str, new: SettingDetails | None) -> None:
    old = store.load(unit.tx, setting)
    if old is not None and new is None:
        store.remove(unit.tx, setting)
        unit.record(SettingDeleted(data=RemovedSettingData(id=setting), pre_data=old), Gone(SettingState))
    elif new is not None and new != old:
        store.save(unit.tx, setting, new)
        data = SettingData(id=setting, enabled=new.enabled, frontend_api_origins=new.frontend_api_origins)
        event = SettingCreated(data=data) if old is None else SettingUpdated(data=data, pre_data=old)
        unit.record(event, SettingState(details=new))
