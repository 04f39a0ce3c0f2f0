"""Changes of sign-up links as steps. What makes a link returns it with its secret, which no step holds."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.signups import commands
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.clock import Millis


class SetLink(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    enabled: bool
    expires_at: Millis


SET = Op(
    name="invite-link.set",
    payload=SetLink,
    run=lambda unit, wanted, _ports: commands.restore(
        unit, wanted.id, enabled=wanted.enabled, expires_at=wanted.expires_at
    ),
    demands=lambda _wanted: ((Demand(Permission.ADMIN),),),
    operation="updatePublicSignupToken",
)
OPS = (SET,)
