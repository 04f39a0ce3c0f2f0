"""The segments API: parse, run, answer."""

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.projects import queries as projects
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
from flagkeeper.kernel.text import check_line
from flagkeeper.storage.reader import Reader

TAG = "Segments"


@route.get(
    "/api/admin/segments",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getSegments",
    summary="All segments",
)
async def list_segments(reader: Reader, segment_uses: SegmentUses, visibility: Visibility) -> SegmentList:
    found = await reader.run(queries.all_with_uses, segment_uses, visibility)
    return SegmentList(segments=[shown(segment, uses) for segment, uses in found])


@route.post(
    "/api/admin/segments",
    permission=(Permission.CREATE_SEGMENT, Permission.UPDATE_PROJECT_SEGMENT),
    scope=route.PROJECT,
    tag=TAG,
    operation="createSegment",
    summary="Create a segment",
    status=201,
    errors=(404, 409),
)
async def create_segment(
    data: SegmentBody, caller: Caller, units: Units, reader: Reader, visibility: Visibility
) -> SegmentOut:
    caller.demand(Permission.CREATE_SEGMENT, Permission.UPDATE_PROJECT_SEGMENT, project=data.project)
    if data.project:
        await reader.run(projects.demand_visible, data.project, visibility)
    return shown(await units.run(caller.actor, commands.create, data.draft()), [])


@route.post(
    "/api/admin/segments/validate",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="validateSegment",
    summary="Is this name free?",
    status=204,
    errors=(409,),
)
async def validate_name(data: SegmentName, reader: Reader) -> None:
    if not data.name:
        raise BadData("A segment needs a name.")
    check_line(data.name, "/body/name")
    if await reader.run(queries.name_is_taken, data.name):
        raise NameExists(f"There is a segment called {data.name!r} already.")


@route.get(
    "/api/admin/segments/{segment_id:int}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getSegment",
    summary="One segment",
    errors=(404,),
)
async def get_segment(segment_id: int, reader: Reader, segment_uses: SegmentUses, visibility: Visibility) -> SegmentOut:
    return shown(*await reader.run(queries.segment_with_uses, segment_id, segment_uses, visibility))


@route.put(
    "/api/admin/segments/{segment_id:int}",
    permission=(Permission.UPDATE_SEGMENT, Permission.UPDATE_PROJECT_SEGMENT),
    scope=route.PROJECT,
    tag=TAG,
    operation="updateSegment",
    summary="Replace a segment",
    status=204,
    errors=(404, 409),
)
async def update_segment(
    segment_id: int,
    data: SegmentBody,
    caller: Caller,
    units: Units,
    reader: Reader,
    segment_uses: SegmentUses,
    visibility: Visibility,
) -> None:
    await reader.run(queries.demand_visible, segment_id, visibility)
    if data.project:
        await reader.run(projects.demand_visible, data.project, visibility)
    uses = queries.without_hidden_names(segment_uses, visibility)
    await units.run(caller.actor, commands.update, segment_id, data.draft(), uses)


@route.delete(
    "/api/admin/segments/{segment_id:int}",
    permission=(Permission.DELETE_SEGMENT, Permission.UPDATE_PROJECT_SEGMENT),
    scope=route.PROJECT,
    tag=TAG,
    operation="removeSegment",
    summary="Delete a segment that no strategy uses",
    status=204,
    errors=(404, 409),
)
async def delete_segment(
    segment_id: int,
    caller: Caller,
    units: Units,
    reader: Reader,
    segment_uses: SegmentUses,
    visibility: Visibility,
) -> None:
    await reader.run(queries.demand_visible, segment_id, visibility)
    uses = queries.without_hidden_names(segment_uses, visibility)
    await units.run(caller.actor, commands.delete, segment_id, uses)


@route.get(
    "/api/admin/segments/{segment_id:int}/strategies",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getStrategiesBySegmentId",
    summary="The strategies that use a segment",
    errors=(404,),
)
async def strategies_of_segment(
    segment_id: int, reader: Reader, segment_uses: SegmentUses, visibility: Visibility
) -> SegmentStrategies:
    _, uses = await reader.run(queries.segment_with_uses, segment_id, segment_uses, visibility)
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
