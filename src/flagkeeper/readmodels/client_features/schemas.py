"""Answers to SDKs, as the documentation describes them; what is sent is put together from encoded parts."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation.document import ClientFeature, ClientSegment
from flagkeeper.readmodels.client_features.query import QueryOut
from flagkeeper.readmodels.client_features.state import Meta


class ClientFeaturesDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Every flag that the token may read, in its environment."""

    version: Literal[2]
    features: list[ClientFeature]
    query: QueryOut
    segments: list[ClientSegment] | UnsetType = UNSET
    """For SDKs of the client specification 4.2.0 and later."""
    meta: Meta


class ClientFlagUpdated(msgspec.Struct, frozen=True, kw_only=True, tag="feature-updated", rename="camel"):
    """A flag is new, or differs."""

    event_id: int
    feature: ClientFeature


class ClientFlagRemoved(msgspec.Struct, frozen=True, kw_only=True, tag="feature-removed", rename="camel"):
    """A flag is gone: archived, or moved out of what the token reads."""

    event_id: int
    feature_name: str
    project: str


class ClientSegmentUpdated(msgspec.Struct, frozen=True, kw_only=True, tag="segment-updated", rename="camel"):
    """A segment is new, or differs. It comes before the flags that need it."""

    event_id: int
    segment: ClientSegment


class ClientSegmentRemoved(msgspec.Struct, frozen=True, kw_only=True, tag="segment-removed", rename="camel"):
    """A segment is gone."""

    event_id: int
    segment_id: int


class ClientHydration(msgspec.Struct, frozen=True, kw_only=True, tag="hydration", rename="camel"):
    """Everything: what the client has is to be forgotten."""

    event_id: int
    features: list[ClientFeature]
    segments: list[ClientSegment]


class DeltaDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What changed, in order."""

    events: list[ClientFlagUpdated | ClientFlagRemoved | ClientSegmentUpdated | ClientSegmentRemoved | ClientHydration]
