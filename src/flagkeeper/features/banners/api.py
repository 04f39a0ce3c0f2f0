"""The API of banners: parse, run, answer."""

from litestar import Response
from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.banners import commands, queries
from flagkeeper.features.banners.schemas import BannerBody, BannerList, BannerOut, shown
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Banners"


@route.get(
    "/api/admin/banners",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getBanners",
    summary="All banners, the newest first; those that are enabled are shown to everybody",
)
async def list_banners(reader: Reader) -> BannerList:
    return BannerList(banners=[shown(each) for each in await reader.run(queries.all_banners)])


@route.post(
    "/api/admin/banners",
    permission=Permission.UPDATE_INSTANCE_BANNERS,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createBanner",
    summary="Create a banner",
    status=201,
    answered={"Location": "Where the banner is."},
)
async def create_banner(data: BannerBody, caller: Caller, units: Units) -> Response[BannerOut]:
    made = await units.run(caller.actor, commands.create, data.draft())
    return Response(shown(made), headers={"Location": f"banners/{made.id}"})


@route.put(
    "/api/admin/banners/{banner_id:int}",
    permission=Permission.UPDATE_INSTANCE_BANNERS,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateBanner",
    summary="Replace a banner; what is left out is as in a new one, and it stays on or off",
    errors=(404,),
)
async def update_banner(banner_id: FromPath[int], data: BannerBody, caller: Caller, units: Units) -> BannerOut:
    return shown(await units.run(caller.actor, commands.update, banner_id, data.draft(), switches=data.switches))


@route.post(
    "/api/admin/banners/{banner_id:int}/on",
    permission=Permission.UPDATE_INSTANCE_BANNERS,
    scope=route.INSTANCE,
    tag=TAG,
    operation="enableBanner",
    summary="Show a banner",
    status=200,
    errors=(404,),
)
async def show_banner(banner_id: FromPath[int], caller: Caller, units: Units) -> BannerOut:
    return shown(await units.run(caller.actor, commands.switch, banner_id, enabled=True))


@route.post(
    "/api/admin/banners/{banner_id:int}/off",
    permission=Permission.UPDATE_INSTANCE_BANNERS,
    scope=route.INSTANCE,
    tag=TAG,
    operation="disableBanner",
    summary="Show a banner no longer",
    status=200,
    errors=(404,),
)
async def hide_banner(banner_id: FromPath[int], caller: Caller, units: Units) -> BannerOut:
    return shown(await units.run(caller.actor, commands.switch, banner_id, enabled=False))


@route.delete(
    "/api/admin/banners/{banner_id:int}",
    permission=Permission.UPDATE_INSTANCE_BANNERS,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteBanner",
    summary="Delete a banner",
    status=200,
    errors=(404,),
)
async def delete_banner(banner_id: FromPath[int], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.delete, banner_id)


ROUTES = [list_banners, create_banner, update_banner, show_banner, hide_banner, delete_banner]
