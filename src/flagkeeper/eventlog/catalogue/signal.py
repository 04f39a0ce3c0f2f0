"""Events of signal endpoints and of the actions that signals start."""

from typing import Any, ClassVar

from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import About, Event
from flagkeeper.eventlog.catalogue.payload import Payload


class SignalEndpointData(Payload, frozen=True, kw_only=True):
    id: int
    name: str
    description: str | None
    enabled: bool
    created_at: str
    created_by_user_id: int


class SignalTokenData(Payload, frozen=True, kw_only=True):
    id: int
    name: str
    signal_endpoint_id: int
    created_at: str
    created_by_user_id: int


class ActionFilter(Payload, frozen=True, kw_only=True):
    operator: str
    inverted: bool
    case_insensitive: bool
    value: str | UnsetType = UNSET
    values: list[str] | UnsetType = UNSET


class ActionMatch(Payload, frozen=True, kw_only=True):
    source: str
    """`signal-endpoint`."""
    source_id: int
    payload: dict[str, ActionFilter]
    """By the path in the signal's payload."""


class ActionData(Payload, frozen=True, kw_only=True):
    id: int
    action: str
    """`TOGGLE_FEATURE_ON`, ..."""
    sort_order: int
    execution_params: dict[str, Any]
    created_at: str
    created_by_user_id: int


class ActionSetData(Payload, frozen=True, kw_only=True):
    id: int
    name: str
    description: str | None
    enabled: bool
    project: str
    actor_id: int
    """The service account that acts."""
    match: ActionMatch
    actions: list[ActionData]
    created_at: str
    created_by_user_id: int


class SignalEndpointCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="signal-endpoint-created",
        label="Signal endpoint created",
        summary="{actor} created signal endpoint {data.name}",
        subject="signal-endpoint/{data.id}",
        group="Signal",
        seeds=frozenset({1}),
    )
    data: SignalEndpointData
    pre_data: None = None


class SignalEndpointUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="signal-endpoint-updated",
        label="Signal endpoint updated",
        summary="{actor} changed signal endpoint {data.name}",
        subject="signal-endpoint/{data.id}",
        group="Signal",
        seeds=frozenset({1}),
    )
    data: SignalEndpointData
    pre_data: SignalEndpointData


class SignalEndpointDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="signal-endpoint-deleted",
        label="Signal endpoint deleted",
        summary="{actor} deleted signal endpoint {pre_data.name}",
        subject="signal-endpoint/{pre_data.id}",
        group="Signal",
        seeds=frozenset({1}),
    )
    data: None = None
    pre_data: SignalEndpointData


class SignalEndpointTokenCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="signal-endpoint-token-created",
        label="Signal token created",
        summary="{actor} created token {data.name} of signal endpoint {data.signal_endpoint_id}",
        subject="signal-endpoint-token/{data.id}",
        group="Signal",
        seeds=frozenset({1}),
    )
    data: SignalTokenData
    pre_data: None = None


class SignalEndpointTokenUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="signal-endpoint-token-updated",
        label="Signal token updated",
        summary="{actor} changed token {data.name} of signal endpoint {data.signal_endpoint_id}",
        subject="signal-endpoint-token/{data.id}",
        group="Signal",
        seeds=frozenset({1}),
    )
    data: SignalTokenData
    pre_data: SignalTokenData


class SignalEndpointTokenDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="signal-endpoint-token-deleted",
        label="Signal token deleted",
        summary="{actor} deleted token {pre_data.name} of signal endpoint {pre_data.signal_endpoint_id}",
        subject="signal-endpoint-token/{pre_data.id}",
        group="Signal",
        seeds=frozenset({1}),
    )
    data: None = None
    pre_data: SignalTokenData


class ActionsCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="actions-created",
        label="Action set created",
        summary="{actor} created action set {data.name} in project {project}",
        subject="action-set/{data.id}",
        group="Action",
        seeds=frozenset({1}),
    )
    project: str
    data: ActionSetData
    pre_data: None = None


class ActionsUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="actions-updated",
        label="Action set updated",
        summary="{actor} changed action set {data.name} in project {project}",
        subject="action-set/{data.id}",
        group="Action",
        seeds=frozenset({1}),
    )
    project: str
    data: ActionSetData
    pre_data: ActionSetData


class ActionsDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="actions-deleted",
        label="Action set deleted",
        summary="{actor} deleted action set {pre_data.name} from project {project}",
        subject="action-set/{pre_data.id}",
        group="Action",
        seeds=frozenset({1}),
    )
    project: str
    data: None = None
    pre_data: ActionSetData
