"""The configuration of a web interface."""

from typing import Literal

import msgspec

from flagkeeper import __version__
from flagkeeper.eventlog.read import log_position
from flagkeeper.features.instance.model import ServerFacts
from flagkeeper.kernel.limits import Limits
from flagkeeper.storage.transaction import Transaction


class ResourceLimits(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How much there may be of each thing. Of what this server does not have there may be none."""

    segment_values: int
    strategy_segments: int
    feature_environment_strategies: int
    constraint_values: int
    constraints: int
    environments: int
    projects: int
    api_tokens: int
    segments: int
    feature_flags: int
    signup_tokens: int
    action_set_actions: int = 0
    action_sets_per_project: int = 0
    action_set_filters: int = 0
    action_set_filter_values: int = 0
    signal_endpoints: int = 0
    signal_tokens_per_endpoint: int = 0
    release_templates: int = 0


class Edition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    oss: str = ""
    enterprise: str = ""


class VersionInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    current: Edition
    latest: Edition = Edition()
    """Empty: the server asks nobody what is new."""
    is_latest: bool = True
    instance_id: str
    """The name of this server's log."""


class UiConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str = "Flagkeeper"
    slogan: str = "Feature flags whose event log is the source of truth about change"
    version: str = __version__
    environment: str = "Open Source"
    unleash_url: str
    base_uri_path: str = ""
    email_enabled: bool
    maintenance_mode: bool
    authentication_type: Literal["open-source", "none"]
    disable_password_auth: bool
    frontend_api_origins: list[str]
    flags: dict[str, bool]
    links: list[dict[str, str]] = []
    prometheus_api_available: bool = msgspec.field(name="prometheusAPIAvailable", default=False)
    resource_limits: ResourceLimits
    version_info: VersionInfo
    max_sessions_count: int
    unleash_context: dict[str, str] = {}


def instance_id(tx: Transaction) -> str:
    return log_position(tx).epoch


def ui_config(
    facts: ServerFacts,
    instance: str,
    *,
    in_maintenance: bool,
    passwords: bool,
    frontend_origins: list[str],
    sessions: int,
) -> UiConfig:
    limits = {name: getattr(facts.limits, name) for name in Limits.__struct_fields__}
    return UiConfig(
        unleash_url=facts.base_url,
        email_enabled=facts.sends_mails,
        maintenance_mode=in_maintenance,
        authentication_type=facts.auth_type,
        disable_password_auth=facts.auth_type == "none" or not passwords,
        frontend_api_origins=frontend_origins,
        flags={"maintenanceMode": in_maintenance},
        resource_limits=ResourceLimits(**limits),
        version_info=VersionInfo(current=Edition(oss=__version__), instance_id=instance),
        max_sessions_count=sessions,
    )
