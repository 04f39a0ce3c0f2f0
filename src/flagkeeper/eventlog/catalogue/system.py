"""Events of the instance as a whole: settings, banners, charts and the database pool."""

from typing import ClassVar

from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import About, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP
from flagkeeper.eventlog.catalogue.payload import ImpactMetricData, Payload
from flagkeeper.eventlog.catalogue.wording import fill_summary, value_at


class SettingDetails(Payload, frozen=True, kw_only=True):
    """What a setting says, where that is no secret; else only that it is hidden."""

    hide_event_details: bool | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    """Of `maintenance.mode`."""
    frontend_api_origins: list[str] | UnsetType = UNSET
    """Of `unleash.frontend`."""
    disabled: bool | UnsetType = UNSET
    """Of `unleash.auth.simple`: nobody logs in with a password."""
    sealed_since: str | UnsetType = UNSET
    """Of settings with a secret: when the one that is kept was entered or made. The secret itself stands nowhere."""
    auto_create: bool | UnsetType = UNSET
    """Of single sign-on, as everything below."""
    default_root_role_id: int | UnsetType = UNSET
    email_domains: str | UnsetType = UNSET
    enable_group_syncing: bool | UnsetType = UNSET
    group_json_path: str | UnsetType = UNSET
    discover_url: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    acr_values: str | UnsetType = UNSET
    id_token_signing_algorithm: str | UnsetType = UNSET
    add_groups_scope: bool | UnsetType = UNSET
    enable_pkce: bool | UnsetType = UNSET
    entity_id: str | UnsetType = UNSET
    sign_on_url: str | UnsetType = UNSET
    sign_out_url: str | UnsetType = UNSET
    certificate: str | UnsetType = UNSET


class SettingData(SettingDetails, frozen=True, kw_only=True):
    id: str


class RemovedSettingData(Payload, frozen=True, kw_only=True):
    id: str


class McpSettingsData(Payload, frozen=True, kw_only=True):
    enabled: bool


class BannerData(Payload, frozen=True, kw_only=True):
    id: int
    message: str
    enabled: bool
    variant: str
    """`info`, `warning`, `error` or `success`."""
    sticky: bool
    icon: str | None
    link: str | None
    """An address, or `dialog`."""
    link_text: str | None
    dialog_title: str | None
    dialog: str | None
    created_at: str


class ImpactMetricChartData(ImpactMetricData, frozen=True, kw_only=True):
    title: str | None
    y_axis_min: str
    """`auto` or `zero`."""


class PoolData(Payload, frozen=True, kw_only=True):
    """Connections of the readers of one server."""

    used: int
    free: int
    pending_creates: int
    """Connections that are being opened."""
    pending_acquires: int
    """Reads that wait for one."""


def _mcp(event: Event, actor: str) -> str:
    state = "on" if value_at(event, "data.enabled") else "off"
    return fill_summary(f"{{actor}} turned the remote MCP server {state}", event, actor)


class SettingCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="setting-created",
        label="Setting created",
        summary="{actor} set {data.id} for the first time",
        subject="setting/{data.id}",
        group="Setting",
        seeds=frozenset({1}),
    )
    data: SettingData
    pre_data: None = None


class SettingUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="setting-updated",
        label="Setting updated",
        summary="{actor} changed setting {data.id}",
        subject="setting/{data.id}",
        group="Setting",
        seeds=frozenset({1}),
    )
    data: SettingData
    pre_data: SettingDetails


class SettingDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="setting-deleted",
        label="Setting deleted",
        summary="{actor} deleted setting {data.id}",
        subject="setting/{data.id}",
        group="Setting",
        seeds=frozenset({1}),
    )
    data: RemovedSettingData
    pre_data: SettingDetails


class RemoteMcpServerSettingsUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="remote-mcp-server-settings-updated",
        label="MCP server settings updated",
        summary=_mcp,
        subject="setting/remote-mcp-server",
        group="Setting",
    )
    data: McpSettingsData
    pre_data: McpSettingsData


class BannerCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="banner-created",
        label="Banner created",
        summary="{actor} created banner {data.message}",
        subject="banner/{data.id}",
        group="Banner",
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    data: BannerData
    pre_data: None = None


class BannerUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="banner-updated",
        label="Banner updated",
        summary="{actor} changed banner {pre_data.message}",
        subject="banner/{data.id}",
        group="Banner",
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    data: BannerData
    pre_data: BannerData


class BannerDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="banner-deleted",
        label="Banner deleted",
        summary="{actor} deleted banner {pre_data.message}",
        subject="banner/{pre_data.id}",
        group="Banner",
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    data: None = None
    pre_data: BannerData


class ImpactMetricCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="impact-metric-created",
        label="Impact metric chart created",
        summary="{actor} created a chart of {data.metric_name}",
        subject="impact-metric/{data.id}",
        group="Impact metric",
    )
    feature_name: str | None = None
    project: str | None = None
    data: ImpactMetricChartData
    pre_data: None = None


class ImpactMetricUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="impact-metric-updated",
        label="Impact metric chart updated",
        summary="{actor} changed a chart of {data.metric_name}",
        subject="impact-metric/{data.id}",
        group="Impact metric",
    )
    feature_name: str | None = None
    project: str | None = None
    data: ImpactMetricChartData
    pre_data: ImpactMetricChartData


class ImpactMetricDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="impact-metric-deleted",
        label="Impact metric chart deleted",
        summary="{actor} deleted a chart of {pre_data.metric_name}",
        subject="impact-metric/{pre_data.id}",
        group="Impact metric",
    )
    feature_name: str | None = None
    project: str | None = None
    data: None = None
    pre_data: ImpactMetricChartData


class DbPoolUpdate(Event, frozen=True, kw_only=True):
    """At most one in an hour, and none while the numbers stay as they are."""

    about: ClassVar = About(
        type="db-pool-update",
        label="Database pool sampled",
        summary="The database pool has {data.used} connections in use and {data.free} free",
        subject="database-pool",
        group="Server",
        seeds=frozenset({1}),
    )
    data: PoolData
    pre_data: None = None
