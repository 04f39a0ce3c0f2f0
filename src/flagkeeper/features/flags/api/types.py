"""Types of flags."""

from flagkeeper.eventlog.catalogue.feature import FlagTypeData
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.commands import types
from flagkeeper.features.flags.schemas.bodies import LifetimeBody
from flagkeeper.features.flags.schemas.flags import FlagTypeList
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Feature Types"


@route.get(
    "/api/admin/feature-types",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getAllFeatureTypes",
    summary="All types of flags, with the lifetime that is expected of each",
)
async def list_types(reader: Reader) -> FlagTypeList:
    return FlagTypeList(types=[each.payload() for each in await reader.run(queries.all_types)])


@route.put(
    "/api/admin/feature-types/{type_id:str}/lifetime",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateFeatureTypeLifetime",
    summary="Say how many days flags of a type are expected to live; 0 is forever",
    errors=(404,),
)
async def set_lifetime(type_id: str, data: LifetimeBody, caller: Caller, units: Units) -> FlagTypeData:
    return (await units.run(caller.actor, types.set_lifetime, type_id, data.lifetime_days)).payload()


ROUTES = [list_types, set_lifetime]
