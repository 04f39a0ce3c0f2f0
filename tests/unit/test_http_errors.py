"""Errors as clients know them: by status and name."""

from flagkeeper.http.errors import STATUS, answer, internal_error
from flagkeeper.kernel.errors import FlagkeeperError, LoginRequired, PermissionDenied, RateLimited, Unavailable

KNOWN = {
    400: {
        "BadDataError",
        "PatternError",
        "OwaspValidationError",
        "ExceedsLimitError",
        "ArchivedFeature",
        "RoleInUseError",
    },
    401: {"AuthenticationRequired", "UnauthorizedError", "PasswordMismatch", "InvalidTokenError"},
    403: {"PermissionError", "ForbiddenError", "InvalidOperationError", "IncompatibleProjectError"},
    404: {"NotFoundError"},
    405: {"NotImplementedError"},
    408: {"RequestTimeoutError"},
    409: {"NameExistsError", "ConflictError", "ProjectWithoutOwnerError"},
    413: {"PayloadTooLargeError"},
    414: {"UriTooLongError"},
    415: {"ContentTypeError"},
    422: {"DisabledError"},
    429: {"RateLimitError"},
    431: {"HeaderTooLargeError"},
    500: {"InternalError"},
    503: {"ServiceUnavailableError", "MaintenanceModeError"},
}
"""What tools for Unleash look at. Several errors of ours may share a name."""


def test_every_error_has_the_status_of_its_name() -> None:
    found: dict[int, set[str]] = {}
    for kind, status in STATUS.items():
        found.setdefault(status, set()).add(kind.name)
    assert found == KNOWN


def test_what_an_answer_says_beside_its_message() -> None:
    def extra(error: FlagkeeperError) -> tuple[dict[str, object], dict[str, str]]:
        found = answer(error)
        told = {name: getattr(found.body, name) for name in ("permissions", "path", "type", "defaultHidden")}
        return {name: value for name, value in told.items() if value}, found.headers

    assert extra(PermissionDenied("no", ("ADMIN",))) == ({"permissions": ("ADMIN",)}, {})
    assert extra(RateLimited("slowly", 7)) == ({}, {"Retry-After": "7"})
    assert extra(Unavailable("away")) == ({}, {"Retry-After": "1"})
    assert extra(LoginRequired("who?")) == ({"path": "/auth/simple/login", "type": "password"}, {})
    assert answer(LoginRequired("who?")).body.defaultHidden is False


def test_a_defect_says_nothing_of_its_cause() -> None:
    first, second = internal_error(), internal_error()
    assert (first.status, first.body.name, first.headers) == (500, "InternalError", {})
    assert first.body.id != second.body.id
