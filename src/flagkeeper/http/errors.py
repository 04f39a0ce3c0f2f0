"""The one table from errors to HTTP statuses, and the body that every error has: `{id, name, message, details}`."""

from contextvars import ContextVar
from typing import Any
from uuid import uuid4

import msgspec

from flagkeeper.http.authentication import LOGIN_PATH
from flagkeeper.kernel import errors
from flagkeeper.kernel.errors import Detail, FlagkeeperError

STATUS: dict[type[FlagkeeperError], int] = {
    errors.BadData: 400,
    errors.PatternMismatch: 400,
    errors.WeakPassword: 400,
    errors.LimitExceeded: 400,
    errors.RoleInUse: 400,
    errors.FlagArchived: 400,
    errors.LoginRequired: 401,
    errors.BadCredentials: 401,
    errors.InvalidLink: 401,
    errors.PasswordMismatch: 401,
    errors.PermissionDenied: 403,
    errors.Forbidden: 403,
    errors.NotAdmitted: 403,
    errors.InvalidOperation: 403,
    errors.IncompatibleProject: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.TooSlow: 408,
    errors.NameExists: 409,
    errors.ProjectWithoutOwner: 409,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.TargetTooLong: 414,
    errors.WrongContentType: 415,
    errors.LoginDisabled: 422,
    errors.RateLimited: 429,
    errors.HeaderTooLarge: 431,
    errors.SilentChange: 500,
    errors.InMaintenance: 503,
    errors.Unavailable: 503,
    errors.OutcomeUnknown: 503,
}


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every error looks like. `id` names this one occurrence, also in the server's log."""

    id: str
    name: str
    message: str
    details: tuple[Detail, ...]
    permissions: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    path: str | msgspec.UnsetType = msgspec.UNSET
    type: str | msgspec.UnsetType = msgspec.UNSET
    defaultHidden: bool | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - a wire name


BASE_PATH: ContextVar[str] = ContextVar("base_path", default="")
"""The path below which the server that answers is found."""


class ErrorAnswer(msgspec.Struct, frozen=True):
    """An error, ready to be sent."""

    status: int
    body: ErrorBody
    headers: dict[str, str]
    proof: str = ""
    """Of who is refused, for the form of a page. Empty: there is none."""

    def encode(self) -> bytes:
        return msgspec.json.encode(self.body)


def answer(error: FlagkeeperError) -> ErrorAnswer:
    extra: dict[str, Any] = {}
    headers: dict[str, str] = {}
    match error:
        case errors.PermissionDenied():
            extra["permissions"] = error.permissions
        case errors.LoginRequired():
            extra |= {"path": f"{BASE_PATH.get()}{LOGIN_PATH}", "type": "password", "defaultHidden": False}
        case errors.MethodNotAllowed():
            headers["Allow"] = ", ".join(error.allowed)
        case errors.RateLimited():
            headers["Retry-After"] = str(error.retry_after)
        case errors.InMaintenance():
            headers["Retry-After"] = "60"
        case errors.Unavailable():
            headers["Retry-After"] = "1"
    body = ErrorBody(id=str(uuid4()), name=error.name, message=error.message, details=error.details, **extra)
    proof = error.proof if isinstance(error, errors.NotAdmitted) else ""
    return ErrorAnswer(STATUS[type(error)], body, headers, proof)


def internal_error() -> ErrorAnswer:
    """The answer to a defect of ours: nothing about its cause leaves the server; the log has it under the same id."""
    message = "Something went wrong on our side. The server's log has the details under this id."
    return ErrorAnswer(
        500, ErrorBody(id=str(uuid4()), name="InternalError", message=message, details=(Detail(message),)), {}
    )
