"""Refusals in the form of SCIM (RFC 7644, section 3.12)."""

import msgspec
from msgspec import UNSET, UnsetType

SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """A request that is refused. `kind` is a `scimType`, where the standard has one for it."""

    def __init__(self, status: int, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind


class ErrorOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    schemas: tuple[str, ...] = (SCHEMA,)
    status: str
    scim_type: str | UnsetType = UNSET
    detail: str


def shown_error(error: ScimError) -> ErrorOut:
    return ErrorOut(status=str(error.status), scim_type=error.kind or UNSET, detail=error.detail)


def bad_value(detail: str) -> ScimError:
    return ScimError(400, detail, "invalidValue")
