"""The closed set of errors that a caller may meet.

An error carries a stable name, a message that tells the caller what to do, and details. It knows no HTTP status:
the one table in `flagkeeper.http.errors` maps each class to one.
"""

from collections.abc import Collection
from typing import ClassVar

import msgspec


class Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was wrong, and where: `path` is a JSON pointer such as `/body/name`."""

    message: str
    path: str | None = None
    validationErrors: list[str] | None = None  # noqa: N815 - the wire name, shown for weak passwords
    position: int | None = None
    """Where in a text that has a language of its own: the first character is 1."""
    length: int | None = None
    """How many characters are meant."""
    suggestion: str | None = None
    """What may have been meant in their place."""


class FlagkeeperError(Exception):
    """Base of all errors with a name. Never raised itself."""

    name: ClassVar[str] = "UnknownError"

    def __init__(self, message: str, *details: Detail) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or (Detail(message),)


class BadData(FlagkeeperError):
    name = "BadDataError"


class PatternMismatch(FlagkeeperError):
    name = "PatternError"


class WeakPassword(FlagkeeperError):
    name = "OwaspValidationError"


class LimitExceeded(FlagkeeperError):
    name = "ExceedsLimitError"


class RoleInUse(FlagkeeperError):
    name = "RoleInUseError"


class FlagArchived(FlagkeeperError):
    name = "ArchivedFeature"


class LoginRequired(FlagkeeperError):
    """No credentials at all: the answer names the login page."""

    name = "AuthenticationRequired"


class BadCredentials(FlagkeeperError):
    """Credentials that nobody knows, or that have expired."""

    name = "UnauthorizedError"


class InvalidLink(FlagkeeperError):
    """A link that nobody was given, or that works no longer."""

    name = "InvalidTokenError"


class PasswordMismatch(FlagkeeperError):
    name = "PasswordMismatch"


class LoginDisabled(FlagkeeperError):
    """A way to log in that an administrator has switched off."""

    name = "DisabledError"


class PermissionDenied(FlagkeeperError):
    """The caller is known but lacks `permissions` (any one of them would do)."""

    name = "PermissionError"

    def __init__(self, message: str, permissions: tuple[str, ...]) -> None:
        super().__init__(message)
        self.permissions = permissions


class Forbidden(FlagkeeperError):
    name = "ForbiddenError"


class NotAdmitted(FlagkeeperError):
    """Somebody has shown an identity provider who they are, and has no account here. With the `proof` of that they can
    ask for access; it is for nobody else, so only a page has it."""

    name = "ForbiddenError"

    def __init__(self, message: str, proof: str) -> None:
        super().__init__(message)
        self.proof = proof


class InvalidOperation(FlagkeeperError):
    name = "InvalidOperationError"


class IncompatibleProject(FlagkeeperError):
    """A flag cannot be in a project as it is."""

    name = "IncompatibleProjectError"


class NotFound(FlagkeeperError):
    name = "NotFoundError"


class MethodNotAllowed(FlagkeeperError):
    """There is something, but not for this method: `allowed` are those it knows."""

    name = "NotImplementedError"

    def __init__(self, message: str, allowed: Collection[str]) -> None:
        super().__init__(message)
        self.allowed = allowed_methods(allowed)


class NameExists(FlagkeeperError):
    name = "NameExistsError"


class ProjectWithoutOwner(FlagkeeperError):
    name = "ProjectWithoutOwnerError"


class Conflict(FlagkeeperError):
    name = "ConflictError"


class TooLarge(FlagkeeperError):
    name = "PayloadTooLargeError"


class TargetTooLong(FlagkeeperError):
    """What a request asks for has too long a name."""

    name = "UriTooLongError"


class HeaderTooLarge(FlagkeeperError):
    name = "HeaderTooLargeError"


class TooSlow(FlagkeeperError):
    """A request did not arrive in time."""

    name = "RequestTimeoutError"


class WrongContentType(FlagkeeperError):
    name = "ContentTypeError"


class RateLimited(FlagkeeperError):
    name = "RateLimitError"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(FlagkeeperError):
    """The database cannot be reached or written now. Nothing was acknowledged; trying again is safe."""

    name = "ServiceUnavailableError"


class InMaintenance(FlagkeeperError):
    """An administrator has closed the server for changes."""

    name = "MaintenanceModeError"


class OutcomeUnknown(Unavailable):
    """The database was lost while it committed: the change may have been stored, or not. `group_id` tells: its events
    have it."""

    def __init__(self, group_id: str) -> None:
        super().__init__(
            "The database was lost while it stored this change, so it is not known whether it did. Look for events "
            f"with the group id {group_id} before you try again."
        )
        self.group_id = group_id


class SilentChange(FlagkeeperError):
    """A defect of ours: a unit changed an audited table and recorded no event for that subject. It is rolled back."""

    name = "InternalError"


def allowed_methods(known: Collection[str]) -> tuple[str, ...]:
    """What may be asked of a path that knows these methods: OPTIONS everywhere, and HEAD where there is GET."""
    return tuple(sorted({*known, "OPTIONS", *(("HEAD",) if "GET" in known else ())}))
