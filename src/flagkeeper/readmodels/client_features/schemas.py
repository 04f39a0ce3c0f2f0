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
