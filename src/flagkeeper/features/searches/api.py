"""The API of saved searches: parse, run, answer."""

from litestar import Response

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.searches import commands, queries
from flagkeeper.features.searches.model import Asker, owner_of
from flagkeeper.features.searches.schemas import SavedSearchBody, SavedSearchList, SavedSearchOut, shown
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.storage.reader import Reader

TAG = "Event log"


@route.get(
    "/api/admin/log/searches",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getSavedSearches",
    summary="My saved searches and all shared ones, by name",
)
async def list_searches(caller: Caller, reader: Reader) -> SavedSearchList:
    asker = _asker(caller)
    return SavedSearchList(searches=[shown(each, asker) for each in await reader.run(queries.searches_for, asker)])


@route.post(
    "/api/admin/log/searches",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createSavedSearch",
    summary="Save a search for myself, or share it; a token that belongs to no user can only share",
    status=201,
    errors=(409,),
)
async def create_search(data: SavedSearchBody, caller: Caller, units: Units) -> Response[SavedSearchOut]:
    made = await units.run(caller.actor, commands.create, data.draft())
    return Response(shown(made, _asker(caller)), headers={"Location": f"searches/{made.id}"})


@route.get(
    "/api/admin/log/searches/{search_id:int}",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getSavedSearch",
    summary="One saved search",
    errors=(404,),
)
async def get_search(search_id: int, caller: Caller, reader: Reader) -> SavedSearchOut:
    asker = _asker(caller)
    return shown(await reader.run(queries.search_for, search_id, asker), asker)


@route.put(
    "/api/admin/log/searches/{search_id:int}",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateSavedSearch",
    summary="Replace a search of mine; administrators: any shared one",
    errors=(404, 409),
)
async def update_search(search_id: int, data: SavedSearchBody, caller: Caller, units: Units) -> SavedSearchOut:
    asker = _asker(caller)
    return shown(await units.run(caller.actor, commands.update, search_id, data.draft(), asker), asker)


@route.delete(
    "/api/admin/log/searches/{search_id:int}",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteSavedSearch",
    summary="Delete a search of mine; administrators: any shared one",
    status=204,
    errors=(404,),
)
async def delete_search(search_id: int, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.delete, search_id, _asker(caller))


def _asker(caller: Caller) -> Asker:
    return Asker(user_id=owner_of(caller.actor), is_admin=caller.is_admin)


ROUTES = [list_searches, create_search, get_search, update_search, delete_search]
