"""Changes of flag types."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.flags.commands import types
from flagkeeper.http.permissions import Permission


class SetLifetime(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    lifetime_days: int | None


SET_LIFETIME = Op(
    name="flag-type.set-lifetime",
    payload=SetLifetime,
    run=lambda unit, wanted, _ports: types.set_lifetime(unit, wanted.type, wanted.lifetime_days),
    demands=lambda _wanted: ((Demand(Permission.ADMIN),),),
    operation="updateFeatureTypeLifetime",
)
OPS = (SET_LIFETIME,)
