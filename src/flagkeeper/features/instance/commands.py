"""Changing settings: load, decide, write, record."""

from collections.abc import Sequence
from contextlib import suppress

from msgspec import UNSET, structs

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
from flagkeeper.features.instance import queries, store
from flagkeeper.features.instance.model import (
    FRONTEND,
    MAINTENANCE,
    PASSWORDS,
    SettingState,
    checked_origins,
    secret_location,
)
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.kernel.secrets import Keyring, Unreadable, entry_of


def toggle_maintenance(unit: Unit, *, enabled: bool) -> None:
    """Closes the server for changes, or opens it."""
    if enabled or store.load(unit.tx, MAINTENANCE) is not None:
        set_maintenance(unit, enabled=enabled)


def set_maintenance(unit: Unit, *, enabled: bool | None) -> None:
    """The same, exactly. None: as if nobody had ever done either."""
    put(unit, MAINTENANCE, None if enabled is None else SettingDetails(enabled=enabled))


def set_origins(unit: Unit, origins: Sequence[str] | None) -> None:
    """From where browsers may ask the frontend API. None: from where the server was started with. Raises `BadData`."""
    put(unit, FRONTEND, None if origins is None else SettingDetails(frontend_api_origins=checked_origins(origins)))


def toggle_passwords(unit: Unit, *, disabled: bool) -> None:
    """Lets people log in with a password, or not."""
    if disabled or store.load(unit.tx, PASSWORDS) is not None:
        set_passwords(unit, disabled=disabled)


def set_passwords(unit: Unit, *, disabled: bool | None) -> None:
    """The same, exactly. None: as if nobody had ever done either."""
    put(unit, PASSWORDS, None if disabled is None else SettingDetails(disabled=disabled))


def put(unit: Unit, setting: str, new: SettingDetails | None, secret: str | None = None) -> None:
    """Sets a setting, or takes it away. A new `secret` comes sealed or hashed; None: the one that is kept stays, or
    goes with details that no longer mention it (`sealed_since`)."""
    old = store.load(unit.tx, setting)
    if old is not None and new is None:
        store.remove(unit.tx, setting)
        unit.record(SettingDeleted(data=RemovedSettingData(id=setting), pre_data=old), Gone(SettingState))
    elif new is not None and new != old:
        store.save(unit.tx, setting, new)
        if secret is not None or new.sealed_since is UNSET:
            store.save_secret(unit.tx, setting, secret)
        data = SettingData(id=setting, **structs.asdict(new))
        event = SettingCreated(data=data) if old is None else SettingUpdated(data=data, pre_data=old)
        unit.record(event, SettingState(details=new))


def restore(unit: Unit, setting: str, details: SettingDetails | None) -> None:
    """Makes a setting as it was. None: as if nobody had ever set it.

    Raises:
        InvalidOperation: it had another secret, which is gone.
    """
    old = store.load(unit.tx, setting)
    since = UNSET if details is None else details.sealed_since
    if since is not UNSET and (old is None or old.sealed_since != since):
        raise InvalidOperation(f"The secret that {setting} had is gone. Set it anew, with its secret.")
    put(unit, setting, details)


def reseal(unit: Unit, keyring: Keyring) -> None:
    """Seals every secret with the newest key. What no key opens stays as it is: somebody has to enter it anew."""
    for setting, sealed in queries.secrets(unit.tx).items():
        if entry_of(sealed) and not keyring.is_newest(sealed):
            with suppress(Unreadable):
                store.save_secret(unit.tx, setting, keyring.reseal(sealed, secret_location(setting)))
                unit.silent(f"setting/{setting}", "the same secret, sealed with a newer key")
