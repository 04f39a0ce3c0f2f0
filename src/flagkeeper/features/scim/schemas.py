"""SCIM on the wire: its settings, and what is sent to its endpoints."""

from typing import Any

import msgspec

from flagkeeper.features.scim.model.patch import Operation


class ScimSettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    enabled: bool
    has_token: bool


class ScimSettingsBody(msgspec.Struct, frozen=True, kw_only=True):
    enabled: bool


class ScimToken(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    """Shown this once."""


class PatchBody(msgspec.Struct, frozen=True, kw_only=True):
    schemas: list[str] = []
    operations: list[Operation] = msgspec.field(name="Operations", default_factory=list)


class ListOut(msgspec.Struct, frozen=True, kw_only=True):
    """A page of resources."""

    schemas: list[str]
    total_results: int = msgspec.field(name="totalResults")
    start_index: int = msgspec.field(name="startIndex")
    items_per_page: int = msgspec.field(name="itemsPerPage")
    resources: list[dict[str, Any]] = msgspec.field(name="Resources")
