"""The segments API: parse, run, answer."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.segments import commands, queries
from flagkeeper.features.segments.ports import SegmentUses
from flagkeeper.features.segments.schemas import (
    SegmentBody,
    SegmentList,
    SegmentName,
    SegmentOut,
    SegmentStrategies,
    shown,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import BadData, NameExists
from flagkeeper.storage.reader import Reader

TAG = "Segments"


@route.get(
    "/api/admin/segments",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getSegments",
    summary="All segments",
)
async def list_segments(reader: Reader, segment_uses: SegmentUses) -> SegmentList:
    found = await reader.run(queries.all_with_uses, segment_uses)
    return SegmentList(segments=[shown(segment, uses) for segment, uses in found])


@route.post(
    "/api/admin/segments",
    permission=(Permission.CREATE_SEGMENT, Permission.UPDATE_PROJECT_SEGMENT),
    tag=TAG,
    operation="createSegment",
    summary="Create a segment",
    status=201,
    errors=(409,),
)
async def create_segment(data: SegmentBody, caller: Caller, units: Units) -> SegmentOut:
    caller.demand(Permission.CREATE_SEGMENT, Permission.UPDATE_PROJECT_SEGMENT, project=data.project)
    return shown(await units.run(caller.actor, commands.create, data.draft()), [])


@route.post(
    "/api/admin/segments/validate",
    permission=route.ANYBODY,
    tag=TAG,
    operation="validateSegment",
    summary="Is this name free?",
    status=204,
    errors=(409,),
)
async def validate_name(data: SegmentName, reader: Reader) -> None:
    if not data.name:
        raise BadData("A segment needs a name.")
    if await reader.run(queries.name_is_taken, data.name):
        raise NameExists(f"There is a segment called {data.name!r} already.")


@route.get(
    "/api/admin/segments/{segment_id:int}",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getSegment",
    summary="One segment",
    errors=(404,),
)
async def get_segment(segment_id: int, reader: Reader, segment_uses: SegmentUses) -> SegmentOut:
    return shown(*await reader.run(queries.segment_with_uses, segment_id, segment_uses))


@route.put(
    "/api/admin/segments/{segment_id:int}",
    permission=(Permission.UPDATE_SEGMENT, Permission.UPDATE_PROJECT_SEGMENT),
    tag=TAG,
    operation="updateSegment",
    summary="Replace a segment",
    status=204,
    errors=(404, 409),
)
async def update_segment(
    segment_id: int, data: SegmentBody, caller: Caller, units: Units, segment_uses: SegmentUses
) -> None:
    await units.run(caller.actor, commands.update, segment_id, data.draft(), segment_uses)


@route.delete(
    "/api/admin/segments/{segment_id:int}",
    permission=(Permission.DELETE_SEGMENT, Permission.UPDATE_PROJECT_SEGMENT),
    tag=TAG,
    operation="removeSegment",
    summary="Delete a segment that no strategy uses",
    status=204,
    errors=(404, 409),
)
async def delete_segment(segment_id: int, caller: Caller, units: Units, segment_uses: SegmentUses) -> None:
    await units.run(caller.actor, commands.delete, segment_id, segment_uses)


@route.get(
    "/api/admin/segments/{segment_id:int}/strategies",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getStrategiesBySegmentId",
    summary="The strategies that use a segment",
    errors=(404,),
)
async def strategies_of_segment(segment_id: int, reader: Reader, segment_uses: SegmentUses) -> SegmentStrategies:
    _, uses = await reader.run(queries.segment_with_uses, segment_id, segment_uses)
    return SegmentStrategies(strategies=uses, change_request_strategies=[])


ROUTES = [
    list_segments,
    create_segment,
    validate_name,
    get_segment,
    update_segment,
    delete_segment,
    strategies_of_segment,
]
