"""The settings of the instance as they are now, for other slices."""

from typing import Protocol, runtime_checkable

from flagkeeper.kernel.port import Port


@runtime_checkable
class SettingsNow(Protocol):
    """What holds now, known without asking the database."""

    in_maintenance: bool
    """The admin API is closed for changes."""
    frontend_origins: list[str]
    """From where browsers may ask the frontend API."""
    passwords_disabled: bool
    """Nobody logs in with a password."""
    enabled: frozenset[str]
    """Which settings say that something is on, such as single sign-on."""


SETTINGS_NOW = Port[SettingsNow]("instance_settings")
