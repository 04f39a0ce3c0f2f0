"""Remote evaluation on the wire: Unleash's frontend API, and OFREP 0.3."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

Reason = Literal["STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "DEFAULT"]
ErrorCode = Literal["PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "FLAG_NOT_FOUND", "GENERAL"]

FrontendContext = Annotated[
    dict[str, Any],
    Meta(
        description="As SDKs have it. Other fields than these are taken as properties; environment and currentTime are "
        "left out: the token has an environment, and the server a clock.",
        extra_json_schema={
            "properties": {
                **{name: {"type": "string"} for name in ("appName", "remoteAddress", "sessionId", "userId")},
                "properties": {"type": "object", "additionalProperties": {"type": "string"}},
                "environment": {"type": "string", "deprecated": True},
                "currentTime": {"type": "string", "format": "date-time", "deprecated": True},
            }
        },
    ),
]
OfrepContext = Annotated[
    dict[str, Any],
    Meta(
        description="`targetingKey` is the user; other fields are those of Unleash's contexts, or properties.",
        extra_json_schema={"properties": {"targetingKey": {"type": "string"}}},
    ),
]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    type: Literal["string", "json", "csv", "number"]
    value: str


class ToggleVariant(msgspec.Struct, frozen=True, kw_only=True):
    """A variant; the one called `disabled` is none."""

    name: str
    enabled: bool
    payload: Payload | UnsetType = UNSET
    feature_enabled: bool
    also_feature_enabled: bool = field(name="featureEnabled")
    """The same: SDKs read either name."""


class Toggle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A flag as somebody gets it."""

    name: str
    enabled: bool
    variant: ToggleVariant
    impression_data: bool


class TogglesOut(msgspec.Struct, frozen=True, kw_only=True):
    toggles: list[Toggle]


class TogglesBody(msgspec.Struct, frozen=True, kw_only=True):
    context: FrontendContext = {}


class FlagMetadata(msgspec.Struct, frozen=True, kw_only=True):
    enabled: bool
    """Whether the flag is on, whatever its value is."""
    project: str


class SetMetadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Names what was evaluated, as OpenTelemetry's conventions do (`feature_flag.set.id`, `feature_flag.version`)."""

    flag_set_id: str
    """The token's projects and its environment."""
    version: str
    """The position in the log of the last change that could matter."""


class WholeMetadata(SetMetadata, frozen=True, kw_only=True):
    """Of a flag that was asked for by itself."""

    enabled: bool
    project: str


class EvaluationSuccess(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    reason: Reason
    variant: str
    value: Any = UNSET
    """Missing where the application's own default holds."""
    metadata: FlagMetadata


class SingleSuccess(msgspec.Struct, frozen=True, kw_only=True):
    """The same, of a flag that was asked for by itself."""

    key: str
    reason: Reason
    variant: str
    value: Any = UNSET
    metadata: WholeMetadata


class EvaluationFailure(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    key: str
    error_code: ErrorCode
    error_details: str


class BulkFailure(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    error_code: ErrorCode
    error_details: str


class Evaluated(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A flag, or why it could not be evaluated: then there is an `errorCode`, and neither reason nor value."""

    key: str
    reason: Reason | UnsetType = UNSET
    variant: str | UnsetType = UNSET
    value: Any = UNSET
    metadata: FlagMetadata | UnsetType = UNSET
    error_code: ErrorCode | UnsetType = UNSET
    error_details: str | UnsetType = UNSET


class StreamEndpoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Of the server that was asked: without an origin, providers take the one that they know it by."""

    request_uri: str
    """Path and query. It is signed, holds for an hour or two, and should not be logged."""


class EventStreamOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="sse"):
    """Where a provider is told when to evaluate again (Server-Sent Events)."""

    endpoint: StreamEndpoint
    inactivity_delay_sec: int
    """Seconds after which a page that nobody looks at should close it."""


class BulkOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    flags: list[Evaluated]
    metadata: SetMetadata
    event_streams: list[EventStreamOut] | UnsetType = UNSET
    """Missing while too many listen, and on an edge."""


class EvaluationBody(msgspec.Struct, frozen=True, kw_only=True):
    context: OfrepContext = {}
