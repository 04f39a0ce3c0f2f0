"""The segments of one strategy, found by its id."""

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.commands import strategies
from flagkeeper.features.flags.model.strategy import StrategyChange
from flagkeeper.features.flags.schemas.bodies import StrategySegments
from flagkeeper.features.segments.queries import some_with_uses
from flagkeeper.features.segments.schemas import SegmentList, shown
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader


@route.get(
    "/api/admin/segments/strategies/{strategy_id:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Segments",
    operation="getSegmentsByStrategyId",
    summary="The segments that a strategy uses",
)
async def segments_of_strategy(strategy_id: str, reader: Reader, visibility: Visibility) -> SegmentList:
    ids = await reader.run(queries.segments_of_strategy, strategy_id, visibility)
    found = await reader.run(some_with_uses, ids, queries.segment_uses, visibility)
    return SegmentList(segments=[shown(segment, uses) for segment, uses in found])


@route.post(
    "/api/admin/segments/strategies",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Strategies",
    operation="updateFeatureStrategySegments",
    summary="Choose the segments that a strategy uses",
    status=201,
    errors=(404,),
)
async def set_segments(
    data: StrategySegments, caller: Caller, units: Units, reader: Reader, visibility: Visibility
) -> StrategySegments:
    project, environment = data.project_id, data.environment_id
    caller.demand(Permission.UPDATE_FEATURE_STRATEGY, project=project, environment=environment)
    flag = await reader.run(queries.flag_of_strategy, project, data.strategy_id, environment, visibility)
    change = StrategyChange(segments=data.segment_ids)
    await units.run(caller.actor, strategies.update, project, flag, environment, data.strategy_id, change)
    return data


ROUTES = [segments_of_strategy, set_segments]
