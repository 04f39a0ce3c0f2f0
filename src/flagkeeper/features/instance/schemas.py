"""Settings on the wire."""

import msgspec

from flagkeeper.kernel.limits import AtOnce


class MaintenanceOut(msgspec.Struct, frozen=True, kw_only=True):
    enabled: bool


class MaintenanceBody(msgspec.Struct, frozen=True, kw_only=True):
    enabled: bool


class CorsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    frontend_api_origins: AtOnce[str] | None = None
    """Left out: those that the server was started with."""


class Telemetry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version_info_collection_enabled: bool
    feature_info_collection_enabled: bool


class PasswordAuth(msgspec.Struct, frozen=True, kw_only=True):
    """Whether people log in with a password. `disabled` left out: they do."""

    disabled: bool = False


class LicenseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: str
    """It is not kept: there is nothing that it could open."""


class LicenseOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Nothing is limited, nothing expires, and nobody is a customer, so none of that is said."""

    is_valid: bool = True
    type: str = "free"
    plan: str = "unlimited"
    instance_name: str = "Flagkeeper"
    instance_id: str
    """The name of this server's log."""


class LicenseCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    is_valid: bool = True
