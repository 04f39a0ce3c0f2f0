"""Logins on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.logins.model import LoginRecord
from flagkeeper.kernel import clock


class LoginOut(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to log in; `username` is left out where nobody has the name that was given."""

    id: int
    username: str | UnsetType = UNSET
    auth_type: str
    created_at: clock.Iso
    successful: bool
    ip: str | None
    failure_reason: str | None


class LoginHistory(msgspec.Struct, frozen=True, kw_only=True):
    events: list[LoginOut]


def shown(record: LoginRecord) -> LoginOut:
    return LoginOut(
        id=record.id,
        username=UNSET if record.username is None else record.username,
        auth_type=record.auth_type,
        created_at=clock.to_iso(record.created_at),
        successful=record.successful,
        ip=record.ip or None,
        failure_reason=record.failure_reason,
    )
